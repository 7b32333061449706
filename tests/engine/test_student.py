"""Students as jobs: each method, each way of combining, and how they follow their teachers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.data import digits
from engine.data.base import Dataset
from engine.data.shots import shot_groups
from engine.plan import DatasetRef, JobSpec, Plan, plan
from engine.running import run
from engine.spec import Method, Teachers, TrialSpec
from engine.stages import tables
from engine.train.image import ImageTask

DIGITS = DatasetRef(digits.NAME, digits.KEY, digits.TRAIN_PER_CLASS)
SMALL = (
    ("student.optimiser.batch", 32),
    ("student.optimiser.epochs", 3),
    ("teacher.arch", "resnet8"),
    ("teacher.optimiser.epochs", 3),
)


def trial(teachers: str = "T_m", method: str = "kd", **changes: object) -> Plan:
    named = tuple((name.replace("__", "."), value) for name, value in changes.items())
    spec = TrialSpec(
        "digits",
        "demo",
        Teachers(teachers),
        None,
        limit_train=150,
        method=Method(method),
        changes=(*SMALL, *named),
    )
    return plan(spec, DIGITS)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, bench_at: Callable[[Path], Any]) -> Any:
    """Where T_1s, T_2w and T_3s and their tables are made already."""
    bench = bench_at(tmp_path_factory.mktemp("students"))
    bench.run(job for job in trial("T_1s+T_2w+T_3s").jobs if job.kind != "student")
    return bench


def student(bench: Any, of: Plan) -> tuple[dict[str, Any], Path]:
    job = of.jobs[-1]
    return bench.run([job])[job.key], bench.store.path(job.key)


def val(bench: Any, key: str) -> np.ndarray:
    return load_file(bench.store.path(key) / "val.safetensors")["logits"].double().numpy()


def np_softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def agreement(bench: Any, job: JobSpec, teachers: np.ndarray) -> tuple[float, float]:
    """Percent of the same arg-max, and the teachers' entropy, from the artifacts."""
    same = val(bench, job.key).argmax(1) == teachers.argmax(1)
    p = np_softmax(teachers)
    return 100 * same.mean(), -(p * np.log(p)).sum(1).mean()


def test_a_student_tells_how_it_follows_its_teachers(bench: Any) -> None:
    of = trial("T_1s+T_2w+T_3s")
    result, _ = student(bench, of)
    job = of.jobs[-1]
    assert sorted(job.inputs) == ["T_1s", "T_2w", "T_3s"]
    mean = sum(val(bench, key) for key in job.inputs.values()) / 3
    fidelity, entropy = agreement(bench, job, mean)
    assert result["fidelity"] == pytest.approx(fidelity)
    assert result["teacher_entropy"] == pytest.approx(entropy, rel=1e-5)
    p = np_softmax(val(bench, job.key))
    assert result["entropy"] == pytest.approx(-(p * np.log(p)).sum(1).mean(), rel=1e-3)
    assert result["fidelity"] > 30  # ten classes
    assert result["train_n"] == 150


def test_the_ensembles_members_are_three(bench: Any) -> None:
    """T_3s has strong augmentation as T_1s does, and a start, views and batches of its own."""
    members = {job.name: job for job in trial("T_1s+T_2w+T_3s").jobs if job.kind == "teacher"}
    assert list(members) == ["T_1s", "T_2w", "T_3s"]
    assert members["T_1s"].settings["augment"] == members["T_3s"].settings["augment"]
    answers = [val(bench, job.key) for job in members.values()]
    assert (answers[0] != answers[2]).any()
    assert (answers[1] != answers[2]).any()


def test_t_x_counts_as_much_as_the_image_teachers_together(bench: Any) -> None:
    """T_x's own artifact serves where it says the same in every epoch."""
    of = trial("T_m")
    t_x, job = "f" * 64, of.jobs[-1]
    rng = np.random.default_rng(0)
    answers = {"train": rng.normal(0, 3, (150, 10)), "val": rng.normal(0, 3, (359, 10))}
    with bench.store.publish(t_x, {"settings": {}}) as out:
        save_file({"train": torch.from_numpy(answers["train"]).float()}, out / "logits.safetensors")
        save_file({"logits": torch.from_numpy(answers["val"]).half()}, out / "val.safetensors")
    with_t_x = JobSpec("student", "S_s", job.settings, {**job.inputs, "T_x": t_x})
    result = bench.run([with_t_x])[with_t_x.key]
    image = sum(val(bench, key) for key in job.inputs.values()) / 2
    fidelity, entropy = agreement(bench, with_t_x, (image + answers["val"]) / 2)
    assert result["fidelity"] == pytest.approx(fidelity)
    assert result["teacher_entropy"] == pytest.approx(entropy, rel=1e-2)  # half floats


def test_a_student_may_ask_the_networks_themselves(bench: Any) -> None:
    """Without tables it ends nearly where it would with them, and not where it would alone."""
    ways = [trial(), trial(logits__keep="none"), trial("none")]
    results = [student(bench, of)[0] for of in ways]
    tables, networks, alone = (val(bench, of.jobs[-1].key) for of in ways)
    assert 0 < np.abs(tables - networks).max() < 0.1 * np.abs(tables - alone).max()
    assert results[1]["fidelity"] == pytest.approx(results[0]["fidelity"], abs=3)
    assert results[1]["teacher_entropy"] == results[0]["teacher_entropy"]


def test_a_student_on_its_own_follows_nobody(bench: Any) -> None:
    result, _ = student(bench, trial("none"))
    assert result["fidelity"] is None
    assert result["teacher_entropy"] is None


def weights_of(at: Path) -> dict[str, torch.Tensor]:
    return load_file(at / "model.safetensors")


def test_every_way_of_learning_is_another_student(bench: Any) -> None:
    ways = {
        "logit_mean": trial(),
        "loss_mean": trial(student__combine="loss_mean"),
        "ema_inverse_loss": trial(student__combine="ema_inverse_loss"),
        "zscore": trial(method="zscore"),
        "alone": trial("none"),
    }
    made = {name: weights_of(student(bench, of)[1]) for name, of in ways.items()}
    first = [weights["fc.weight"].numpy().tobytes() for weights in made.values()]
    assert len(set(first)) == len(ways)


def test_curves_show_how_the_teachers_weigh(bench: Any) -> None:
    _, at = student(bench, trial(student__combine="ema_inverse_loss"))
    for epoch in json.loads((at / "history.json").read_text()):
        weights = [epoch["train_weight_T_1s"], epoch["train_weight_T_2w"]]
        assert sum(weights) == pytest.approx(1)
        assert min(weights) > 0


def test_method_and_teachers_of_a_trial_decide_its_settings() -> None:
    zscore = trial(method="zscore").jobs[-1].settings
    assert zscore["method"] == "zscore"
    assert (zscore["tau"], zscore["ce"], zscore["kd"]) == (2.0, 0.1, 9.0)


def test_teachers_may_begin_with_given_weights(
    bench: Any, tmp_path: Path, bench_at: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only at the start: what is resumed has its own."""
    from engine.stages import images

    asked = []

    def given(arch: str, weights: str, files: Path | None) -> dict[str, torch.Tensor] | None:
        asked.append((arch, weights))
        return {"made": torch.zeros(1)}

    def put(module: torch.nn.Module, state: dict[str, torch.Tensor]) -> list[str]:
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.zero_()
        return ["fc.weight", "fc.bias"]

    monkeypatch.setattr(images, "imagenet_weights", given)
    monkeypatch.setattr(images, "load_pretrained", put)
    job = next(job for job in trial().jobs if job.kind == "teacher")
    job = JobSpec(job.kind, job.name, {**job.settings, "weights": "file:mine.pth"})
    again = bench_at(tmp_path)
    directory = again.prepare(job)
    began = ImageTask.begin_epoch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImageTask, "begin_epoch", failing_at(1, began))
        assert run(directory) == 1
    again.run([job])
    assert asked == [("resnet8", "file:mine.pth")]
    events = (directory / "events.jsonl").read_text()
    assert "begins with weights file:mine.pth; as initialised: fc.weight, fc.bias" in events
    assert "resumed after epoch 1" in events


def failing_at(stop: int, began: Callable[[Any, int], None]) -> Callable[[Any, int], None]:
    """A begin_epoch that fails in epoch `stop`, as good as a kill."""

    def begin_epoch(self: ImageTask, epoch: int) -> None:
        if epoch == stop:
            raise RuntimeError("as good as killed")
        began(self, epoch)

    return begin_epoch


# --- LFME, on digits with a long tail

COUNTS = (130, 120, 110, 60, 45, 30, 15, 12, 10, 8)


def long_tailed() -> Dataset:
    data = digits.load()
    kept = [np.flatnonzero(data.train.labels == label)[:n] for label, n in enumerate(COUNTS)]
    return Dataset(data.name, data.classes, data.train.take(np.concatenate(kept)), data.val)


def lfme() -> Plan:
    changes = (
        ("lfme.expert.epochs", 6),
        ("lfme.expert.batch", 32),
        ("lfme.optimiser.epochs", 6),
        ("lfme.optimiser.batch", 32),
        ("teacher.arch", "resnet8"),
    )
    spec = TrialSpec("digits", "demo", Teachers.NONE, None, method=Method.LFME, changes=changes)
    return plan(spec, DatasetRef("digits", "l" * 64, COUNTS))


@pytest.fixture(scope="module")
def tail() -> Iterator[Dataset]:
    data = long_tailed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "dataset", lambda job, size: data)
        yield data


@pytest.fixture(scope="module")
def taught(
    tail: Dataset, tmp_path_factory: pytest.TempPathFactory, bench_at: Callable[[Path], Any]
) -> tuple[Any, dict[str, dict[str, Any]]]:
    bench = bench_at(tmp_path_factory.mktemp("lfme"))
    of = lfme()
    results = bench.run(of.jobs)
    return bench, {job.name: results[job.key] for job in of.jobs}


def test_experts_learn_the_classes_of_their_group(
    taught: tuple[Any, dict[str, dict[str, Any]]], tail: Dataset
) -> None:
    bench, results = taught
    groups = shot_groups(COUNTS)
    assert {name: len(ids) for name, ids in groups.items()} == {"many": 3, "medium": 3, "few": 4}
    for name, ids in groups.items():
        expert = results[f"E_{name}"]
        assert expert["train_n"] == sum(COUNTS[label] for label in ids)
        assert expert["val_n"] == np.isin(tail.val.labels, ids).sum()
        for label, share in enumerate(expert["per_class"]["last"]):
            assert (share is not None) == (label in ids)
        assert 0 < expert["entropy"] < np.log(len(ids))
        job = next(job for job in lfme().jobs if job.name == f"logits of E_{name}")
        table = np.load(bench.store.path(job.key) / "logits.npy")
        assert np.isfinite(table).all(axis=(0, 1)).nonzero()[0].tolist() == ids
    assert results["E_many"]["last"]["val_top1"] > 60  # of three


def test_a_student_of_experts_learns_all_classes(
    taught: tuple[Any, dict[str, dict[str, Any]]],
) -> None:
    bench, results = taught
    result = results["LFME S_s"]
    assert result["val_n"] == 359
    assert result["last"]["val_top1"] > 30
    assert result["fidelity"] is None
    assert result["teacher_entropy"] is None
    history = json.loads((bench.store.path(lfme().jobs[-1].key) / "history.json").read_text())
    weights = [
        [epoch[f"train_weight_E_{group}"] for group in ("many", "medium", "few")]
        for epoch in history
    ]
    assert weights[0] == [1, 1, 1]
    assert all(0 <= weight <= 1 for epoch in weights for weight in epoch)
    assert weights[-1][0] < 0.7  # the student has caught up on the classes of many images first


def test_a_killed_student_of_experts_goes_on_to_the_same_bits(
    taught: tuple[Any, dict[str, dict[str, Any]]], tmp_path: Path, bench_at: Callable[[Path], Any]
) -> None:
    bench, results = taught
    job = lfme().jobs[-1]
    again = bench_at(tmp_path)
    again.store.root.mkdir()
    for key in job.inputs.values():
        at = again.store.path(key)
        at.parent.mkdir(exist_ok=True)
        at.symlink_to(bench.store.path(key))
    directory = again.prepare(job)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImageTask, "begin_epoch", failing_at(2, ImageTask.begin_epoch))
        assert run(directory) == 1
    assert again.run([job])[job.key] == results["LFME S_s"]
    for name in ("model.safetensors", "history.json", "val.safetensors"):
        one, two = (b.store.path(job.key) / name for b in (bench, again))
        assert one.read_bytes() == two.read_bytes()
