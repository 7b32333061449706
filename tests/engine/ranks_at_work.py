"""Short trainings of every kind that asks more of a batch than its rows: by one process, or by as
many ranks as have joined. `python ranks_at_work.py MEETING RANK WORLD` is one of the others.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from engine.data import digits
from engine.models.resnet import image_model
from engine.settings import Optimiser
from engine.train import image, ranks
from engine.train.batchnorm import share_statistics
from engine.train.criterion import Criterion, Supervised
from engine.train.expert import ExpertTask, answer_within
from engine.train.image import ImageTask, precision_context
from engine.train.loop import Trained, train
from engine.train.methods.kd import Distillation
from engine.train.methods.lfme import Lfme
from engine.train.teachers import Network, Table
from engine.train.teaching import TeacherLogits
from engine.train.views import Views

CPU = torch.device("cpu")
EPOCHS, SAMPLES, BATCH = 2, 90, 31  # a batch that no two ranks share evenly
GROUP = [6, 7, 8, 9]


class Nothing:
    """Neither tells nor wishes anything, and keeps no checkpoint."""

    def metric(self, step: int, **values: float) -> None: ...
    def progress(self, done: int, total: int, unit: str) -> None: ...
    def log(self, text: str) -> None: ...
    def pause_wanted(self) -> bool:
        return False

    def load(self) -> None: ...
    def save(self, epoch: int, state: dict[str, Any], *, force: bool) -> None: ...


def double(module: nn.Module) -> nn.Module:
    """The module in float64, which takes images of float32: what rounding adds is nothing then."""
    module.double().register_forward_pre_hook(lambda _, given: (given[0].double(),))
    return module


def network(seed: int) -> nn.Module:
    return share_statistics(double(image_model("resnet8", classes=10, channels=1, seed=seed)))


def table(seed: int) -> Table:
    drawn = np.random.default_rng(seed).normal(0, 2, (EPOCHS, SAMPLES, 10))
    return Table(drawn.astype(np.float16), CPU)


def ema(views: Views) -> Criterion:
    """One teacher is a table, the other a network that goes by the whole batch."""
    online = Network(network(9).eval(), views, precision_context(CPU, "fp32"), by_batch=True)
    teachers = TeacherLogits({"T_1s": online, "T_x": table(1)}, device=CPU)
    return Distillation(teachers, tau=3.0, lam=0.7, combine="ema_inverse_loss", ema_decay=0.9)


def lfme(views: Views) -> Criterion:
    groups = {"E_many": [n for n in range(10) if n not in GROUP], "E_few": GROUP}
    experts = TeacherLogits({"E_few": table(2), "E_many": table(3)}, device=CPU)
    labels = views.train.labels
    return Lfme(experts, labels, groups, tau=2.0, start=0.3, curriculum=0.5, epochs=EPOCHS)


def learn(
    criterion: Callable[[Views], Criterion], make: Callable[..., ImageTask]
) -> dict[str, Any]:
    """What a training leaves: its curves, its validation logits, its state."""
    views = Views(digits.load().limited(SAMPLES), {"crop": "shift"}, size=8, seed=7, device=CPU)
    module = network(3)
    fields = {"weight_decay": 1e-4, "precision": precision_context(CPU, "fp32")}
    task = make(module, views, criterion(views), **fields)
    optimiser = Optimiser(
        epochs=EPOCHS,
        batch=BATCH,
        lr=0.05,
        momentum=0.9,
        nesterov=True,
        weight_decay=1e-4,
        schedule="cosine",
        warmup_epochs=0,
    )
    quiet: Any = Nothing()
    steps = train(
        task, task.samples, optimiser, seed=7, device=CPU, checkpoints=quiet, report=quiet
    )
    trained = finished(steps)
    return {
        "history": trained.history.epochs,
        "logits": trained.logits,
        "best_hits": trained.best_hits,
        "module": module.state_dict(),
        "task": task.state(),
    }


def finished(steps: Iterator[Any]) -> Trained:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            trained: Trained = end.value
            return trained


def expert(module: nn.Module, views: Views, criterion: Criterion, **fields: Any) -> ImageTask:
    answer_within(module, GROUP, 10)
    return ExpertTask(module, views, criterion, group=GROUP, **fields)


def all_of_them() -> dict[str, Any]:
    """Each kind's training, by name; validation in blocks, so that ranks have some to share."""
    image.EVAL_BATCH = 100
    torch.set_num_threads(1)
    return {
        "ema": learn(ema, ImageTask),
        "lfme": learn(lfme, ImageTask),
        "expert": learn(lambda views: Supervised(), expert),
        "agreed": ranks.agreed({"tensor": torch.arange(3), "from": "me"} if ranks.first() else {}),
        "totals": ranks.totals({"a": torch.tensor(1.5), "b": torch.tensor(2)}),
    }


if __name__ == "__main__":
    rank, world = int(sys.argv[2]), int(sys.argv[3])
    with ranks.joined(ranks.meeting(Path(sys.argv[1]), rank, world), rank, world, "cpu"):
        all_of_them()
