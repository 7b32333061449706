"""Where the settings of a job come from: the person, the recipe, or what follows from these."""

from collections.abc import Iterator
from typing import Any

from engine.encoders.names import is_stand_in
from engine.errors import SpecError
from engine.spec import Method, TrialSpec
from wnkd_tui.app.screens.form.completion import known as settings_of
from wnkd_tui.queue.settings import written

_ASKED = (
    "dataset",
    "limit_train",
    "seed",
    "encoder",
    "modality",
    "wn",
    "noise",
    "val_text",
    "method",
)
_FOLLOWS = {"dataset_key": "content of the dataset", "member": "which of the teachers"}
# A kind of job → the recipe's tables that it reads.
_TABLES = {
    "teacher": ("teacher",),
    "T_x": ("T_x", "relax"),
    "relax": ("relax",),
    "nouns": ("relax",),
    "embed": ("embed",),
    "views": ("embed",),
    "attribution": ("attribution",),
}
# What T_x has in one form where it cannot matter to it.
_WITHOUT_EFFECT = (
    "weights",
    "mix",
    "text_update",
    "bank_weight_decay",
    "lambda_hier",
    "lambda_cosreg",
)


def origin(spec: TrialSpec, kind: str, name: str, value: Any) -> tuple[str, bool]:
    """In words, and whether the person asked for it."""
    if name in _ASKED:
        return "asked for", True
    if name in _FOLLOWS:
        return _FOLLOWS[name], False
    if name.startswith("augment."):
        return f"recipe {spec.recipe}, augmentation", False
    try:
        known = {one.name: one for one in settings_of(spec.recipe, spec.dataset)}
    except SpecError:  # of another wnkd
        return f"recipe {spec.recipe}, which is not here", False
    found = next((known[one] for one in _names(spec, kind, name) if one in known), None)
    if found is None:
        return "follows from the others", False
    if any(change == found.name for change, _ in spec.changes):
        return f"changed; recipe {spec.recipe} has {written(found.value)}", True
    if _plain(found.value) != _plain(value):
        if kind == "T_x" and name in _WITHOUT_EFFECT:
            return "without effect here", False
        return f"recipe {spec.recipe} of then; now {written(found.value)}", False
    if found.differs:
        base = "nothing" if found.base is None else written(found.base)
        return f"recipe {spec.recipe} for {spec.dataset}; else {base}", False
    return f"recipe {spec.recipe}", False


def _names(spec: TrialSpec, kind: str, name: str) -> Iterator[str]:
    """The recipe's names that a job's setting may have, the likeliest first."""
    lfme = spec.method is Method.LFME
    if lfme and kind == "teacher" and name.startswith("optimiser."):
        yield f"lfme.expert.{name.removeprefix('optimiser.')}"
    if kind == "student" and spec.method is not Method.KD:
        yield f"{spec.method}.{name}"
    if name == "size" and spec.tx and is_stand_in(spec.tx.encoder):
        yield "embed.stand_in_size"
    for table in ("student",) if kind == "student" else _TABLES.get(kind, ()):
        yield f"{table}.{name}"
    if name == "epochs":  # of the student, for whose views others answer
        yield f"{'lfme' if lfme else 'student'}.optimiser.epochs"
    yield name


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
