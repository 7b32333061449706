"""The jobs of the image networks: teachers and LFME's experts, their logits, the student."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.plan.common import Common
from engine.plan.jobs import JobSpec
from engine.spec import Method

IMAGE_TEACHERS = {"T_1s": "strong", "T_2w": "weak", "T_3s": "strong"}
EXPERTS = {"many": "E_many", "medium": "E_medium", "few": "E_few"}


def image_teachers(common: Common) -> Iterator[JobSpec]:
    """The image teachers that the trial names, and LFME's experts."""
    for name in common.spec.teachers.image:
        yield JobSpec("teacher", name, _teacher(name, IMAGE_TEACHERS[name], common))
    if common.spec.method is Method.LFME:
        for group, classes in common.shot_groups.items():
            expert = {
                **_teacher(EXPERTS[group], "strong", common),
                "weights": "none",
                "optimiser": common.recipe.lfme.expert.model_dump(),
                "group": classes,
            }
            yield JobSpec("teacher", EXPERTS[group], expert)


def logits(teacher: JobSpec, common: Common) -> JobSpec:
    """What an image teacher says of the student's views."""
    by_batch = common.recipe.student.teacher_bn == "batch"
    following = {"order": common.order} if by_batch else {}
    return JobSpec(
        "logits",
        f"logits of {teacher.name}",
        common.views | following | common.kept,
        {"teacher": teacher.key},
    )


def student(taught_by: Mapping[str, str], common: Common) -> JobSpec:
    """The student; `taught_by`: each teacher's name → key of what the student has of it."""
    settings = common.recipe.student.model_dump()
    if not common.asks_networks:
        settings.pop("teacher_bn")  # is in its inputs
    method: dict[str, Any] = {"method": common.spec.method.value}
    if common.spec.method is Method.LFME:
        method |= common.recipe.lfme.model_dump() | {"groups": common.shot_groups}
        method.pop("expert")
    elif common.spec.method is Method.ZSCORE:
        method |= common.recipe.zscore.model_dump()
    if not taught_by or common.spec.method is not Method.KD:
        # τ, λ and the way of combining touch a student of Eq. 3 alone.
        settings |= {"tau": None, "lam": None, "combine": None, "ema_decay": None}
    return JobSpec("student", common.spec.name, {**common.views, **settings, **method}, taught_by)


def _teacher(name: str, policy: str, common: Common) -> dict[str, Any]:
    return {
        "member": name,
        **common.data,
        **common.recipe.teacher.model_dump(),
        "augment": common.recipe.augment[policy],  # type: ignore[index]
        "seed": common.spec.seed,
        **common.machine,
        **common.pixels,
    }
