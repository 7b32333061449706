"""A teacher's table: of the student's views and, where asked, by the student's batches."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.data import digits
from engine.job import subseed
from engine.models.resnet import image_model
from engine.plan import DatasetRef, JobSpec, plan
from engine.running import run
from engine.spec import Teachers, TrialSpec
from engine.stages import logits as stage
from engine.stages.images import entropy
from engine.train.batch import epoch_batches
from engine.train.half import halved
from engine.train.methods.kd import Distillation
from engine.train.teachers import Network, open_table
from engine.train.teaching import TeacherLogits
from engine.train.views import Views

DIGITS = DatasetRef(digits.NAME, digits.KEY, digits.TRAIN_PER_CLASS)
SAMPLES, EPOCHS, BATCH = 100, 3, 32
SMALL = (
    ("student.optimiser.batch", BATCH),
    ("student.optimiser.epochs", EPOCHS),
    ("teacher.arch", "resnet8"),
    ("teacher.optimiser.epochs", 2),
)


def plan_of(bn: str) -> tuple[JobSpec, ...]:
    changes = (*SMALL, ("student.teacher_bn", bn))
    spec = TrialSpec("digits", "demo", Teachers.TM, None, limit_train=SAMPLES, changes=changes)
    return plan(spec, DIGITS).jobs


def jobs(bn: str) -> dict[str, JobSpec]:
    """T_1s, its table and the student of T_m, by kind (the first of each)."""
    return {job.kind: job for job in reversed(plan_of(bn))}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, bench_at: Callable[[Path], Any]) -> Any:
    bench = bench_at(tmp_path_factory.mktemp("logits"))
    for bn in ("eval", "batch"):
        bench.run(job for job in plan_of(bn) if job.kind != "student")
    return bench


def table_of(bn: str, name: str) -> str:
    """Key of the table of a teacher."""
    return next(job.key for job in plan_of(bn) if job.name == f"logits of {name}")


def table(bench: Any, bn: str, name: str = "T_1s") -> np.ndarray:
    return np.load(bench.store.path(table_of(bn, name)) / "logits.npy")


def teacher_and_views(bench: Any, name: str = "T_1s") -> tuple[nn.Module, Views]:
    """A teacher as it was left, and what a student of its seed sees."""
    job = jobs("eval")["logits"]
    module = image_model("resnet8", classes=10, channels=1, seed=0)
    at = bench.store.path(next(job.key for job in plan_of("eval") if job.name == name))
    module.load_state_dict(load_file(at / "model.safetensors"))
    views = Views(
        digits.load().limited(SAMPLES),
        job.settings["augment"],
        size=8,
        seed=subseed(0, "S_s"),
        device=torch.device("cpu"),
    )
    return module.to(memory_format=torch.channels_last), views


@torch.no_grad()
def test_a_table_holds_the_teachers_word_on_each_view(bench: Any) -> None:
    module, views = teacher_and_views(bench)
    module.eval()
    found = table(bench, "eval")
    assert found.dtype == np.float16
    for epoch in range(EPOCHS):
        expected = module(views.training(torch.arange(SAMPLES), epoch)).half()
        # Half precision twice: the teacher's BatchNorms are folded into its convolutions.
        np.testing.assert_allclose(found[epoch], expected, rtol=2e-3, atol=1e-4)
    assert (found[0] != found[1]).any()


@torch.no_grad()
def test_by_the_batch_is_a_teacher_in_training_mode_at_the_students_batches(bench: Any) -> None:
    module, views = teacher_and_views(bench)
    found, by_own = table(bench, "batch"), table(bench, "eval")
    for epoch in range(EPOCHS):
        seen = torch.zeros(SAMPLES, dtype=torch.bool)
        for batch in epoch_batches(
            SAMPLES, BATCH, seed=subseed(0, "S_s"), epoch=epoch, device="cpu"
        ):
            module.train()  # drifts; what it says in training mode does not depend on the drift
            expected = module(views.training(batch.index, epoch)).half()
            np.testing.assert_array_equal(found[epoch, batch.index], expected)
            seen[batch.index] = True
        assert seen.sum() == 96
        # What the epoch leaves out is answered by the teacher's own statistics.
        np.testing.assert_allclose(found[epoch, ~seen], by_own[epoch, ~seen], rtol=1e-2, atol=1e-2)
        assert np.abs(found[epoch, seen] - by_own[epoch, seen]).mean() > 0.1


def test_the_students_batches_are_the_teachers(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is together in a batch when the student asks was together when the teacher answered."""
    module, views = teacher_and_views(bench)
    asked: list[tuple[int, Tensor, Tensor]] = []
    epochs: list[int] = []
    begin, call = TeacherLogits.begin_epoch, TeacherLogits.__call__

    def noting_begin(self: TeacherLogits, epoch: int) -> None:
        epochs.append(epoch)
        begin(self, epoch)

    def noting_call(self: TeacherLogits, index: Tensor) -> dict[str, Tensor]:
        answers = call(self, index)
        asked.append((epochs[-1], index, answers["T_1s"]))
        return answers

    monkeypatch.setattr(TeacherLogits, "begin_epoch", noting_begin)
    monkeypatch.setattr(TeacherLogits, "__call__", noting_call)
    bench.run([jobs("batch")["student"]])
    assert len(asked) == EPOCHS * (SAMPLES // BATCH)
    module.train()
    with torch.no_grad():
        for epoch, index, answer in asked:
            expected = module(views.training(index, epoch)).half()
            torch.testing.assert_close(answer, expected, rtol=0, atol=0)


@pytest.mark.parametrize("names", [("T_1s",), ("T_1s", "T_2w")])
@pytest.mark.parametrize("bn", ["eval", "batch"])
def test_a_loss_from_tables_is_that_from_networks_within_half_precision(
    bench: Any, bn: str, names: tuple[str, ...]
) -> None:
    """Step by step on a student's way. The loss changes by λτ Σ p δ (E log q - log q) where the
    teachers' mean changes by δ, so by no more than λ · max|δ| · (the student's largest logit less
    its smallest); and of a mean of halves δ is at most half a spacing of the largest."""
    modules = {name: teacher_and_views(bench, name)[0].eval() for name in names}
    views = teacher_and_views(bench)[1]
    files = {name: bench.store.path(table_of(bn, name)) / "logits.npy" for name in names}
    cached, online = (
        Distillation(
            TeacherLogits(teachers, device=torch.device("cpu")),
            **{"tau": 3.0, "lam": 2 / 3, "combine": "logit_mean", "ema_decay": 0.9},
        )
        for teachers in (
            {name: open_table(file, 10, torch.device("cpu")) for name, file in files.items()},
            {
                name: Network(module, views, nullcontext, by_batch=bn == "batch")
                for name, module in modules.items()
            },
        )
    )
    student = image_model("resnet8", classes=10, channels=1, seed=1)
    sgd = torch.optim.SGD(student.parameters(), lr=0.1)
    largest = max(float(np.abs(table(bench, bn, name)).max()) for name in names)
    half_spacing = float(np.spacing(np.float16(largest))) / 2
    gaps = []
    for epoch in range(2):
        cached.begin_epoch(epoch)
        online.begin_epoch(epoch)
        for one in epoch_batches(SAMPLES, BATCH, seed=subseed(0, "S_s"), epoch=epoch, device="cpu"):
            logits = student(views.training(one.index, epoch))
            labels = views.train.labels[one.index]
            losses = [way.losses(logits, labels, one.index)["loss"] for way in (cached, online)]
            spread = float((logits.amax(1) - logits.amin(1)).detach().max())
            gaps.append(abs(losses[0].item() - losses[1].item()))
            assert gaps[-1] <= 2 / 3 * (half_spacing + 1e-5) * spread  # 1e-5: other sums in float32
            sgd.zero_grad()
            losses[1].backward()
            sgd.step()
    assert len(gaps) == 2 * (SAMPLES // BATCH)
    assert max(gaps) > 0


@pytest.mark.parametrize("bn", ["eval", "batch"])
def test_a_killed_job_goes_on_to_the_same_bits(
    bn: str, bench: Any, tmp_path: Path, bench_at: Callable[[Path], Any]
) -> None:
    again = bench_at(tmp_path)
    both = jobs(bn)
    again.run([both["teacher"]])
    directory = again.prepare(both["logits"])
    training = Views.training
    with pytest.MonkeyPatch.context() as patch:

        def killed(self: Views, index: Tensor, epoch: int, *following: Tensor | None) -> Tensor:
            if epoch == 2:
                raise RuntimeError("as good as killed")
            return training(self, index, epoch, *following)

        patch.setattr(Views, "training", killed)
        assert run(directory) == 1
    result = again.run([both["logits"]])[both["logits"].key]
    progress = [
        json.loads(line)["done"]
        for line in (directory / "events.jsonl").read_text().splitlines()
        if json.loads(line)["type"] == "progress"
    ]
    assert progress == [0, 1, 2, 2, 3]
    name = both["logits"].key
    one, two = (b.store.path(name) / "logits.npy" for b in (bench, again))
    assert one.read_bytes() == two.read_bytes()
    assert (result["epochs"], result["train_n"]) == (EPOCHS, SAMPLES)
    assert result["bytes"] == two.stat().st_size


def test_the_teachers_validation_logits_go_along(bench: Any) -> None:
    both = jobs("eval")
    copy, own = (
        bench.store.path(both[kind].key) / "val.safetensors" for kind in ("logits", "teacher")
    )
    assert copy.read_bytes() == own.read_bytes()
    assert load_file(copy)["logits"].shape == (359, 10)


def test_half_floats_keep_finite_what_is_finite() -> None:
    wild = torch.tensor([[1e6, -1e6, 1.5, -torch.inf], [65504.0, 0.1, -2.0, torch.inf]])
    kept = halved(wild)
    assert kept.dtype == torch.float16
    assert kept[0].tolist() == [65504, -65504, 1.5, -torch.inf]
    assert torch.equal(kept[1], wild[1].half())


def test_a_diverged_networks_entropy_is_none() -> None:
    assert entropy(torch.tensor([[torch.nan, 0.0]])) is None
    assert entropy(torch.tensor([[5.0, 5.0, -torch.inf]])) == pytest.approx(np.log(2))


def test_t_x_is_handed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A table of T_x is told by its embeddings."""
    (tmp_path / "teacher").mkdir()
    (tmp_path / "teacher" / "val.safetensors").write_bytes(b"logits")

    class Job:
        inputs: dict[str, str] = {"embed": "e", "teacher": "t"}  # noqa: RUF012
        out = tmp_path

        def input(self, role: str) -> Path:
            return tmp_path / role

    monkeypatch.setattr(stage.tx_logits, "run", lambda job: {"by": "tx_logits"})
    assert stage.run(Job()) == {"by": "tx_logits"}  # type: ignore[arg-type]
    assert (tmp_path / "val.safetensors").read_bytes() == b"logits"
