"""The whole method on the embedded default: every job kind, the same bits twice, and what the paper
finds about teachers, computed."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.data import digits
from engine.plan import DatasetRef, JobSpec, Plan, plan
from engine.spec import MultimodalSpec, Teachers, TrialSpec

DIGITS = DatasetRef(digits.NAME, digits.KEY, digits.TRAIN_PER_CLASS)


def trial(teachers: str = "T_x", *changes: tuple[str, object], **mix: int) -> Plan:
    """As `wnkd demo` queues it, but for the changes: all digits, recipe demo."""
    tx = MultimodalSpec("wordnet-graph", **mix)  # type: ignore[arg-type]
    return plan(TrialSpec("digits", "demo", Teachers(teachers), tx, changes=changes), DIGITS)


def without_student(of: Plan) -> list[JobSpec]:
    return [job for job in of.jobs if job.kind != "student"]


class Sweep:
    """Results of the teachers of a few trials, by mix and job kind."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.plans = {"gt": trial(), "wn": trial(wn=100), "noise": trial(noise=100)}
        self.results = {
            name: {job.kind: result for job, result in self._run(each)}
            for name, each in self.plans.items()
        }

    def _run(self, of: Plan) -> list[tuple[JobSpec, dict[str, Any]]]:
        jobs = without_student(of)
        results = self.bench.run(jobs)
        return [(job, results[job.key]) for job in jobs]


@pytest.fixture(scope="module")
def sweep(
    tmp_path_factory: pytest.TempPathFactory,
    bench_at: Callable[[Path], Any],
    wordnet: Mapping[str, Path],
) -> Sweep:
    bench = bench_at(tmp_path_factory.mktemp("sweep"))
    bench.take(wordnet.values())
    return Sweep(bench)


def top1(sweep: Sweep, mix: str) -> float:
    return float(sweep.results[mix]["T_x"]["last"]["val_top1"])


def image_share(sweep: Sweep, mix: str) -> float:
    return float(sweep.results[mix]["attribution"]["image_share"])


def test_exact_class_names_leak_the_label_and_relaxed_ones_do_not(sweep: Sweep) -> None:
    assert top1(sweep, "gt") >= 99.5
    assert top1(sweep, "wn") < top1(sweep, "gt") - 0.5  # two of 359 images and more


def test_relaxed_text_makes_t_x_look_at_the_image(sweep: Sweep) -> None:
    assert image_share(sweep, "wn") > image_share(sweep, "gt")


def test_noise_is_used_less_than_relaxed_text(sweep: Sweep) -> None:
    assert image_share(sweep, "noise") > image_share(sweep, "wn")


def test_the_attribution_is_sound(sweep: Sweep) -> None:
    for results in sweep.results.values():
        assert results["attribution"]["delta_share"] < 0.01
        assert results["attribution"]["samples"] == 359


def test_the_bank_has_five_nouns_a_centre_and_no_class_name(sweep: Sweep) -> None:
    relaxed = sweep.results["wn"]["relax"]
    assert relaxed["clusters"] == 30
    assert relaxed["nouns"] == 150
    key = next(job.key for job in sweep.plans["wn"].jobs if job.kind == "relax")
    nouns = (sweep.bench.store.path(key) / "nouns.txt").read_text().split("\n")
    assert len(nouns) == relaxed["nouns"]
    assert not set(nouns) & {*digits.CLASSES, *(name + "s" for name in digits.CLASSES)}


def test_a_person_can_see_what_relaxation_means(sweep: Sweep) -> None:
    key = next(job.key for job in sweep.plans["wn"].jobs if job.kind == "relax")
    classes = json.loads((sweep.bench.store.path(key) / "nouns.json").read_text())["classes"]
    assert list(classes) == list(digits.CLASSES)
    two = dict(classes["two"])
    assert {"deuce", "2"} & set(two)
    for nouns in classes.values():
        weights = [weight for _, weight in nouns]
        assert weights == sorted(weights, reverse=True)
        assert 0 < sum(weights) <= 1.001


def test_every_student_learns_from_what_its_teachers_left(sweep: Sweep) -> None:
    taught = trial("T_m+T_x", ("teacher.arch", "resnet8"), wn=100)
    student = sweep.bench.run(taught.jobs)[taught.jobs[-1].key]
    assert student["train_n"] == 1438
    assert student["last"]["val_top1"] > 90


def fingerprint(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_the_same_trial_twice_is_the_same_to_the_bit(
    sweep: Sweep, tmp_path: Path, bench_at: Callable[[Path], Any], wordnet: Mapping[str, Path]
) -> None:
    again = bench_at(tmp_path)
    again.take(wordnet.values())
    jobs = without_student(trial("T_x", ("T_x.optimiser.epochs", 4), wn=100))
    for bench in (sweep.bench, again):
        bench.run(jobs)
    for job in jobs:
        one, two = sweep.bench.store.path(job.key), again.store.path(job.key)
        assert fingerprint(one) == fingerprint(two), job.name
