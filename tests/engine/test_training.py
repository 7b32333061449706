"""Training: schedules, resume to the same bits, damaged checkpoints, experts, batch statistics."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.data import digits
from engine.data.base import Dataset
from engine.errors import DataError, TrainingError
from engine.models.resnet import image_model
from engine.settings import Optimiser
from engine.train.batch import Batch
from engine.train.batchnorm import batch_statistics
from engine.train.checkpoint import Checkpoints
from engine.train.criterion import Criterion, Supervised
from engine.train.expert import ExpertTask, answer_within
from engine.train.image import ImageTask, precision_context
from engine.train.loop import History, Trained, sgd_of, step, train
from engine.train.methods.kd import Distillation
from engine.train.methods.lfme import Lfme
from engine.train.schedule import learning_rate
from engine.train.teachers import Table
from engine.train.teaching import TeacherLogits
from engine.train.views import Views, channel_statistics

CPU = torch.device("cpu")


def optimiser(**changes: object) -> Optimiser:
    fields: dict[str, object] = {
        "epochs": 3,
        "batch": 32,
        "lr": 0.1,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 1e-4,
        "schedule": "onecycle",
        "warmup_epochs": 1,
    }
    return Optimiser.model_validate({**fields, **changes})


class Silent:
    """A reporter that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def metric(self, step: int, **values: float) -> None: ...
    def progress(self, done: int, total: int, unit: str) -> None: ...
    def log(self, text: str) -> None:
        self.said.append(text)

    def pause_wanted(self) -> bool:
        return False


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits.load().limited(100)


def supervised(data: Dataset) -> Criterion:
    return Supervised()


def ema(data: Dataset) -> Criterion:
    teachers = TeacherLogits(tables("T_1s", "T_x"), device=CPU)
    return Distillation(teachers, tau=3.0, lam=0.7, combine="ema_inverse_loss", ema_decay=0.9)


def lfme(data: Dataset) -> Criterion:
    return Lfme(
        TeacherLogits(tables("E_few", "E_many"), device=CPU),
        torch.from_numpy(data.train.labels),
        {"E_many": [0, 1, 2, 3, 4, 5], "E_few": [6, 7, 8, 9]},
        tau=2.0,
        start=0.3,
        curriculum=0.5,
        epochs=3,
    )


def tables(*names: str) -> dict[str, Table]:
    rng = np.random.default_rng(5)
    return {name: Table(rng.normal(0, 2, (3, 100, 10)).astype(np.float16), CPU) for name in names}


def run(
    data: Dataset,
    directory: Path,
    report: Silent,
    epochs: int,
    stop: int = 99,
    criterion: Callable[[Dataset], Criterion] = supervised,
) -> tuple[Trained, dict[str, torch.Tensor]]:
    """Trains resnet8; a task that raises in epoch `stop` stands for a kill."""
    views = Views(data, {"crop": "shift", "pad": 1}, size=8, seed=7, device=CPU)
    module = image_model("resnet8", classes=10, channels=1, seed=3)

    class Task(ImageTask):
        def begin_epoch(self, epoch: int) -> None:
            if epoch == stop:
                raise KeyboardInterrupt
            super().begin_epoch(epoch)

    task = Task(
        module,
        views,
        criterion(data),
        weight_decay=1e-4,
        precision=precision_context(CPU, "bf16"),
    )
    training = train(
        task,
        task.samples,
        optimiser(epochs=epochs),
        seed=7,
        device=CPU,
        checkpoints=Checkpoints(directory / "checkpoints", report.log),
        report=report,
    )
    while True:
        try:
            next(training)
        except StopIteration as end:
            return end.value, module.state_dict()


@pytest.mark.parametrize("criterion", [supervised, ema, lfme])
def test_a_resumed_run_ends_with_the_bits_of_an_undisturbed_one(
    criterion: Callable[[Dataset], Criterion], data: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole, weights = run(data, tmp_path / "a", Silent(), 3, criterion=criterion)
    report = Silent()
    with pytest.raises(KeyboardInterrupt):
        run(data, tmp_path / "b", report, 3, stop=1, criterion=criterion)
    resumed, again = run(data, tmp_path / "b", report, 3, criterion=criterion)
    assert "resumed after epoch 1" in report.said
    assert resumed.history == whole.history
    assert torch.equal(resumed.logits, whole.logits)
    assert torch.equal(resumed.best_hits, whole.best_hits)
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def expert(data: Dataset, group: list[int]) -> ExpertTask:
    views = Views(data, {"crop": "shift", "pad": 1}, size=8, seed=7, device=CPU)
    module = image_model("resnet8", classes=10, channels=1, seed=3)
    answer_within(module, group, 10)
    return ExpertTask(
        module,
        views,
        Supervised(),
        group=group,
        weight_decay=0.0,
        precision=precision_context(CPU, "fp32"),
    )


def test_an_expert_learns_and_answers_its_own_classes_alone(data: Dataset) -> None:
    group = [7, 2, 5]
    task = expert(data, group)
    assert task.samples == np.isin(data.train.labels, group).sum()
    index = torch.arange(task.samples)
    losses = task.losses(Batch(index, epoch=0, step=0, steps=1))
    losses["loss"].backward()

    # The same by a network of three outputs: those of the group.
    members = torch.from_numpy(np.flatnonzero(np.isin(data.train.labels, group)))
    plain = image_model("resnet8", classes=10, channels=1, seed=3)
    views = Views(data, {"crop": "shift", "pad": 1}, size=8, seed=7, device=CPU)
    own = plain(views.training(members, 0))[:, group]
    labels = torch.tensor([group.index(y) for y in data.train.labels[members]])
    F.cross_entropy(own, labels).backward()
    assert losses["top1"].item() == pytest.approx((own.argmax(1) == labels).double().mean() * 100)
    for (name, mine), theirs in zip(
        task.module.named_parameters(), plain.parameters(), strict=True
    ):
        torch.testing.assert_close(mine.grad, theirs.grad, msg=name)

    task.module.eval()
    logits = task.predict()
    assert task.val_labels.tolist() == [y for y in data.val.labels if y in group]
    assert logits.shape == (len(task.val_labels), 10)
    assert set(logits.argmax(1).tolist()) <= set(group)
    assert (logits.isfinite().sum(1) == 3).all()


def test_an_expert_without_images_says_so(data: Dataset) -> None:
    few = replace(data, val=data.val.take(np.flatnonzero(data.val.labels != 4)))
    with pytest.raises(DataError, match="no validation image of its 1 classes"):
        expert(few, [4])


@pytest.mark.parametrize("dims", [1, 2])
def test_batch_statistics_are_used_and_leave_no_trace(dims: int) -> None:
    layer = (nn.BatchNorm1d if dims == 1 else nn.BatchNorm2d)(3)
    module = nn.Sequential(layer, nn.Dropout(0.5)).eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    x = torch.randn(8, 3, *[2] * (2 * dims - 2), generator=torch.Generator().manual_seed(0)) + 5
    by_own = module(x)
    with batch_statistics(module):
        by_batch = module(x)
    axes = [0, *range(2, x.ndim)]
    mean, variance = x.mean(axes, keepdim=True), x.var(axes, keepdim=True, correction=0)
    torch.testing.assert_close(by_batch, (x - mean) / (variance + layer.eps).sqrt())
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert torch.equal(module(x), by_own)
    assert not torch.allclose(by_own, by_batch)


def test_best_and_last_are_both_told() -> None:
    history = History(
        [{"val_top1": 10.0}, {"val_top1": 30.0}, {"val_top1": 30.0}, {"val_top1": 20}]
    )
    assert history.result() == {
        "best": {"val_top1": 30.0, "epoch": 2},
        "last": {"val_top1": 20.0, "epoch": 4},
    }


def rates(schedule: Optimiser, steps: int = 10) -> list[float]:
    return [learning_rate(schedule, step, steps) for step in range(schedule.epochs * steps)]


def test_warm_up_is_linear_and_reaches_lr() -> None:
    lr = rates(optimiser(epochs=4, warmup_epochs=2, schedule="cosine"))
    assert lr[:20] == pytest.approx([0.1 * (i + 1) / 20 for i in range(20)])


def test_steps_fall_to_a_tenth_after_each_boundary() -> None:
    lr = rates(optimiser(epochs=6, warmup_epochs=0, schedule="steps", steps=[2, 4]))
    assert lr[::10] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


@pytest.mark.parametrize("schedule", ["cosine", "onecycle"])
def test_cosine_and_onecycle_fall_all_the_way(schedule: str) -> None:
    lr = rates(optimiser(epochs=5, warmup_epochs=1, schedule=schedule))
    assert lr[10] == pytest.approx(0.1)
    assert all(later < earlier for earlier, later in pairwise(lr[10:]))
    assert lr[-1] < 0.1 * 0.05


def test_channel_statistics_are_those_of_the_pixels(data: Dataset) -> None:
    images = np.concatenate([data.train.images, data.train.images[::-1] // 2], axis=1)
    means, deviations = channel_statistics(images)
    pixels = images / 255
    np.testing.assert_allclose(means, pixels.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(deviations, pixels.std((0, 2, 3)), rtol=1e-12)
    assert channel_statistics(np.full((3, 1, 2, 2), 7, np.uint8))[1] == [0.5 / 255]


def test_a_training_that_diverges_says_so_and_what_to_do(data: Dataset, tmp_path: Path) -> None:
    for criterion, loss in ((NotANumber, "nan"), (BrokenAtLast, r"\d\S*")):
        says = rf"diverged in epoch 1: the loss is {loss}, on validation nan; try a lower"
        with pytest.raises(TrainingError, match=says):
            run(data, tmp_path, Silent(), 2, criterion=lambda _, criterion=criterion: criterion())


def test_a_batch_of_one_image_that_batchnorm_cannot_take_is_told() -> None:
    class Task(ImageTask):
        def __init__(self) -> None:
            self.module = nn.BatchNorm1d(4)

        def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
            return {"loss": self.module(torch.ones(len(batch.index), 4)).sum()}

        def parameter_groups(self) -> list[dict[str, object]]:
            return [{"params": list(self.module.parameters()), "weight_decay": 0.0}]

    task = Task()
    one = Batch(torch.zeros(1, dtype=torch.int64), epoch=0, step=0, steps=1)
    with pytest.raises(TrainingError, match="a batch of one image: take larger batches"):
        step(task, sgd_of(task, optimiser()), one, 0.1)


class BrokenAtLast(Supervised):
    """The third and last step of the epoch throws the weights away."""

    steps = 0

    def losses(
        self, logits: torch.Tensor, labels: torch.Tensor, index: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        self.steps += 1
        return {"loss": F.cross_entropy(logits, labels) * (1e36 if self.steps == 3 else 1)}


class NotANumber(Supervised):
    def losses(
        self, logits: torch.Tensor, labels: torch.Tensor, index: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        return {"loss": logits.sum() * float("nan")}
