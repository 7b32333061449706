"""plan(): the right jobs, inputs first, and equal keys exactly where results are equal."""

from dataclasses import replace

import pytest

from engine.errors import SpecError
from engine.plan import DatasetRef, JobSpec, Plan, plan
from engine.spec import Method, MultimodalSpec, Teachers, TrialSpec

DIGITS = DatasetRef("digits", "d" * 64, (140,) * 10)
LONG_TAILED = DatasetRef("mine", "e" * 64, (500, 150, 60, 10))


def planned(teachers: str = "T_m+T_x", **settings: object) -> Plan:
    names = ("seed", "limit_train", "recipe", "method", "changes")
    outer = {k: settings.pop(k) for k in names if k in settings}
    multimodal = Teachers(teachers).multimodal
    tx = MultimodalSpec("wordnet-graph", **settings) if multimodal else None  # type: ignore[arg-type]
    fields = {"dataset": "digits", "recipe": "demo", "teachers": teachers, "tx": tx, **outer}
    return plan(TrialSpec(**fields), DIGITS)  # type: ignore[arg-type]


def kinds(of: Plan) -> list[str]:
    return [job.kind for job in of.jobs]


def test_the_whole_method() -> None:
    assert kinds(planned(wn=100)) == [
        *("wordnet", "embed", "nouns", "relax", "T_x", "attribution"),
        *("teacher", "logits", "teacher", "logits", "student"),
    ]


def test_what_is_not_needed_is_not_planned() -> None:
    assert kinds(planned("none")) == ["student"]
    assert "relax" not in kinds(planned("T_x", noise=50))
    assert "teacher" not in kinds(planned("T_x", wn=50))
    assert "attribution" not in kinds(planned("T_x", modality="text", wn=50))
    assert "relax" in kinds(planned("T_x", val_text="wn"))


@pytest.mark.parametrize("teachers", list(Teachers))
def test_inputs_come_before_their_users_and_nothing_twice(teachers: str) -> None:
    jobs = planned(teachers, **({"wn": 50} if "T_x" in teachers else {})).jobs
    seen: set[str] = set()
    for job in jobs:
        assert set(job.inputs.values()) <= seen
        assert job.key not in seen
        seen.add(job.key)


def keys(of: Plan, kind: str) -> set[str]:
    return {job.key for job in of.jobs if job.kind == kind}


def test_a_sweep_shares_what_it_can() -> None:
    sweep = [planned(wn=wn) for wn in (20, 50, 100)] + [planned(noise=50), planned("T_m")]
    for kind in ("teacher", "logits"):
        assert len(set.union(*(keys(each, kind) for each in sweep))) == 2
    assert len(set.union(*(keys(each, "embed") for each in sweep))) == 1
    assert len(set.union(*(keys(each, "student") for each in sweep))) == len(sweep)


def test_all_gt_is_one_teacher_in_either_sweep() -> None:
    assert planned(wn=0).key == planned(noise=0).key


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"limit_train": 100}, {"wn": 60}, {"val_text": "wn"}]
)
def test_what_changes_the_result_changes_the_key(change: dict[str, object]) -> None:
    base, other = planned(wn=50), planned(**{"wn": 50, **change})
    assert keys(base, "T_x").isdisjoint(keys(other, "T_x"))
    assert base.key != other.key


def test_the_dataset_counts_by_content() -> None:
    spec = planned().spec
    assert plan(spec, DIGITS).key != plan(spec, replace(DIGITS, key="e" * 64)).key


def test_a_job_is_what_it_computes_not_its_name() -> None:
    job = JobSpec("teacher", "T_1s", {"a": 1})
    assert job.key == replace(job, name="other").key
    assert job.key != replace(job, settings={"a": 2}).key
    assert job.key != replace(job, inputs={"x": "k"}).key


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(SpecError, match="unknown recipe 'slow'; known: demo, fast, paper"):
        planned(recipe="slow")


def test_precision_is_part_of_the_jobs_that_use_it_and_of_no_other() -> None:
    uses = {job.kind for job in planned(wn=100).jobs if "precision" in job.settings}
    assert uses == {"teacher", "logits", "student"}


def settings(of: Plan, kind: str) -> list[dict[str, object]]:
    return [dict(job.settings) for job in of.jobs if job.kind == kind]


def test_the_baseline_has_three_image_teachers() -> None:
    of = planned("T_1s+T_2w+T_3s")
    assert [s["member"] for s in settings(of, "teacher")] == ["T_1s", "T_2w", "T_3s"]
    assert set(of.jobs[-1].inputs) == {"T_1s", "T_2w", "T_3s"}
    assert keys(of, "teacher") > keys(planned("T_m"), "teacher")


def test_lfme_has_an_expert_for_each_shot_group() -> None:
    of = plan(TrialSpec("mine", "demo", Teachers.NONE, None, method=Method.LFME), LONG_TAILED)
    assert {s["member"]: s["group"] for s in settings(of, "teacher")} == {
        "E_many": [0, 1],
        "E_medium": [2],
        "E_few": [3],
    }
    assert settings(of, "student")[0]["groups"] == {"many": [0, 1], "medium": [2], "few": [3]}


def test_lfme_needs_a_long_tail() -> None:
    with pytest.raises(SpecError, match="lfme is for long-tailed sets: all classes of digits"):
        planned("none", method="lfme")


@pytest.mark.parametrize("teachers", ["T_m", "T_m+T_x"])
def test_a_method_of_the_student_leaves_its_teachers_alone(teachers: str) -> None:
    kd, zscore = planned(teachers), planned(teachers, method="zscore")
    assert {job.key for job in kd.jobs[:-1]} == {job.key for job in zscore.jobs[:-1]}
    assert kd.jobs[-1].key != zscore.jobs[-1].key


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (("T_x.stem", "linear"), {"T_x", "attribution", "student"}),
        (("relax.per_centre", 3), {"relax", "T_x", "attribution", "student"}),
        (("relax.nouns", "tac"), {"nouns", "relax", "T_x", "attribution", "student"}),
        (("student.combine", "loss_mean"), {"student"}),
        (("teacher.weights", "imagenet"), {"teacher", "logits", "student"}),
        (("attribution.steps", 20), {"attribution"}),
        (("student.teacher_bn", "batch"), {"logits", "student"}),
        (("image_size", 16), {"teacher", "logits", "student"}),
    ],
)
def test_a_change_makes_new_jobs_only_where_it_matters(
    change: tuple[str, object], kinds: set[str]
) -> None:
    base = {job.key for job in planned(wn=100).jobs}
    new = {job.kind for job in planned(wn=100, changes=(change,)).jobs if job.key not in base}
    assert new == kinds


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        (("student.teacher_bn", "batch"), {"wn": 100}),
        (("T_x.mix", "first_batches"), {"wn": 50}),
        (("embed.mode", "augmented"), {"wn": 100}),
    ],
)
def test_a_t_x_that_follows_the_student_has_logits_of_its_epochs(
    change: tuple[str, object], settings: dict[str, object]
) -> None:
    of = planned("T_x", changes=(change,), **settings)
    logits = [job for job in of.jobs if job.kind == "logits"]
    assert [of.jobs[-1].inputs["T_x"]] == [job.key for job in logits]
    assert "embed" in logits[0].inputs


def test_a_mix_of_one_kind_of_text_knows_no_first_batches() -> None:
    change = (("T_x.mix", "first_batches"),)
    assert keys(planned(wn=100), "T_x") == keys(planned(wn=100, changes=change), "T_x")


def test_a_change_to_what_the_recipe_says_anyway_is_none() -> None:
    assert planned(wn=100).key == planned(wn=100, changes=(("stem", "mlp"), ("student.tau", 3))).key
    assert planned(wn=100, changes=(("student.tau", 2),)).spec.changes == (("student.tau", 2.0),)


# --- what is kept of the teachers' logits

CIFAR = DatasetRef("cifar100", "c" * 64, (500,) * 100)
IMAGENET = DatasetRef("imagenet", "i" * 64, (1281,) * 1000)


def of_t_m(
    dataset: DatasetRef, recipe: str = "paper", method: str = "kd", **logits: object
) -> Plan:
    changes = tuple((f"logits.{name}", value) for name, value in logits.items())
    spec = TrialSpec(
        dataset.name, recipe, Teachers.TM, None, method=Method(method), changes=changes
    )
    return plan(spec, dataset)


def test_whole_tables_have_the_keys_of_their_stages_versions() -> None:
    """Of artifacts that people have: other keys only where a stage's version was raised."""
    first = {job.kind: job.key for job in reversed(of_t_m(CIFAR).jobs)}
    assert first["logits"] == "5cdbfcc360cc63ba493623c3d5c0a754fd4c31fae78a750bb3e0e041fd3d285e"
    assert first["student"] == "bfdd1e6d5c6dcffec63660f70b778a96b0f35eb052006062d2cd5e925ab99656"
    following = planned(wn=50, changes=(("student.teacher_bn", "batch"),))
    of_tx = next(job for job in following.jobs if job.kind == "logits")
    assert of_tx.key == "432a6b841aee07245ad5019ba27046a0738a3e007c939ff39c86bd9dcde93b92"


@pytest.mark.parametrize(
    ("of", "kept"),
    [
        (of_t_m(CIFAR), None),  # 5 GB
        (of_t_m(CIFAR, limit_gb=5.0, top_k=32), None),
        (of_t_m(CIFAR, limit_gb=4.9, top_k=32), {"top_k": 32, "tau": 3.0}),
        (of_t_m(CIFAR, limit_gb=4.9, top_k=48), {"top_k": 48, "tau": 3.0}),
        (of_t_m(CIFAR, limit_gb=4.9, top_k=49), None),  # 200 bytes a row, like all 100 logits
        (of_t_m(IMAGENET, "fast"), None),  # 77 GB
        (of_t_m(IMAGENET), {"top_k": 128, "tau": 3.0}),
        (of_t_m(IMAGENET, limit_gb=300.0), None),
        (of_t_m(IMAGENET, method="zscore"), None),  # its deviation is that of all classes
        (planned(changes=(("limit_gb", 0.0), ("top_k", 2)), wn=50), {"top_k": 2, "tau": 3.0}),
    ],
)
def test_beyond_the_limit_a_table_holds_the_largest(of: Plan, kept: object) -> None:
    found = settings(of, "logits")
    assert len(found) == 2
    assert [one.get("logits") for one in found] == [kept, kept]


def test_a_t_x_that_follows_the_student_is_kept_alike() -> None:
    small = (("logits.limit_gb", 0.0), ("logits.top_k", 2))
    of = planned("T_x", wn=50, changes=(("student.teacher_bn", "batch"), *small))
    assert settings(of, "logits")[0]["logits"] == {"top_k": 2, "tau": 3.0}


def test_tables_of_the_largest_belong_to_one_temperature() -> None:
    whole, part = ((), (("logits.limit_gb", 0.0), ("logits.top_k", 2)))
    for changes, shared in ((whole, True), (part, False)):
        one, two = (planned("T_m", changes=(*changes, ("student.tau", t))) for t in (3.0, 4.0))
        assert (keys(one, "logits") == keys(two, "logits")) == shared


def test_without_tables_a_student_asks_the_networks() -> None:
    of, tables = (planned(wn=50, changes=(("logits.keep", k),)) for k in ("none", "table"))
    assert "logits" not in kinds(of)
    student, teachers = of.jobs[-1], [job.key for job in of.jobs if job.kind in ("teacher", "T_x")]
    assert sorted(student.inputs.values()) == sorted(teachers)
    assert student.settings["teacher_bn"] == "eval"
    assert keys(of, "teacher") == keys(tables, "teacher")
    assert student.key != tables.key


@pytest.mark.parametrize(
    ("teachers", "method", "read"),
    [
        ("none", "kd", set()),
        ("none", "lfme", set()),
        ("T_x", "kd", {"logits.limit_gb"}),
        ("T_m", "kd", {"logits.keep", "logits.limit_gb"}),
        ("T_m", "zscore", {"logits.keep"}),
    ],
)
def test_a_trial_reads_of_logits_what_can_matter_to_it(
    teachers: str, method: str, read: set[str]
) -> None:
    tx = MultimodalSpec("wordnet-graph", wn=50) if teachers == "T_x" else None
    changes = (("logits.keep", "none"), ("logits.limit_gb", 1.0))
    spec = TrialSpec("mine", "demo", Teachers(teachers), tx, method=Method(method), changes=changes)
    of = plan(spec, LONG_TAILED)
    assert {name for name, _ in of.spec.changes} == read
    if not read:
        plain = plan(replace(spec, changes=()), LONG_TAILED)
        assert [job.key for job in of.jobs] == [job.key for job in plain.jobs]
