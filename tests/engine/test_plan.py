"""plan(): the right jobs, inputs first, and equal keys exactly where results are equal."""

from dataclasses import replace

import pytest

from engine.errors import SpecError
from engine.plan import DatasetRef, JobSpec, Plan, plan
from engine.spec import MultimodalSpec, Teachers, TrialSpec

DIGITS = DatasetRef("digits", "d" * 64)


def planned(teachers: str = "T_m+T_x", **settings: object) -> Plan:
    outer = {k: settings.pop(k) for k in ("seed", "limit_train", "recipe") if k in settings}
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
    with pytest.raises(SpecError, match="unknown recipe 'slow'; known: demo, fast"):
        planned(recipe="slow")


def test_precision_is_part_of_the_jobs_that_use_it_and_of_no_other() -> None:
    uses = {job.kind for job in planned(wn=100).jobs if "precision" in job.settings}
    assert uses == {"teacher", "logits", "student"}
