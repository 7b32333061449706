"""The training loop: schedules, resume to the same bits, checkpoints that can be damaged."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data import digits
from engine.data.base import Dataset
from engine.models.resnet import image_model
from engine.recipe import Optimiser
from engine.train.checkpoint import Checkpoint
from engine.train.image import ImageTask, precision_context
from engine.train.loop import History, train
from engine.train.schedule import learning_rate
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


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits.load().limited(100)


def run(data: Dataset, directory: Path, report: Silent, epochs: int, stop: int = 99) -> tuple:
    """Trains resnet8; a task that raises in epoch `stop` stands for a kill."""
    views = Views(data, {"crop": "shift", "pad": 1}, seed=7, device=CPU)
    module = image_model("resnet8", classes=10, channels=1, seed=3)

    class Task(ImageTask):
        def begin_epoch(self, epoch: int) -> None:
            if epoch == stop:
                raise KeyboardInterrupt

    task = Task(module, views, weight_decay=1e-4, precision=precision_context(CPU, "bf16"))
    history = train(
        task,
        100,
        optimiser(epochs=epochs),
        seed=7,
        device=CPU,
        checkpoint=Checkpoint(directory / "checkpoint.pt"),
        report=report,
    )
    return history, module.state_dict()


def test_a_resumed_run_ends_with_the_bits_of_an_undisturbed_one(
    data: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole, weights = run(data, tmp_path / "a", Silent(), 3)
    report = Silent()
    with pytest.raises(KeyboardInterrupt):
        run(data, tmp_path / "b", report, 3, stop=1)
    resumed, again = run(data, tmp_path / "b", report, 3)
    assert "resumed after epoch 1" in report.said
    assert resumed == whole
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_a_damaged_checkpoint_means_a_fresh_start(data: Dataset, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"PK not a checkpoint")
    report = Silent()
    history, _ = run(data, tmp_path, report, 1)
    assert len(history.epochs) == 1
    assert not any("resumed" in line for line in report.said)


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
