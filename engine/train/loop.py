"""The one training loop: epochs of shuffled batches, validation, metrics, checkpoints.

Everything random is a function of (seed, epoch, sample id), so model, momentum and the epoch's
number are a run's whole state: a resumed run ends with the bits of an undisturbed one.
"""

import math
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import Paused, TrainingError
from engine.events import SPEED
from engine.settings import Optimiser
from engine.together import Place
from engine.train import ranks
from engine.train.batch import Batch, epoch_batches
from engine.train.checkpoint import Checkpoints
from engine.train.schedule import learning_rate

SINGLE = "more than 1 value per channel"  # what torch's BatchNorm says of one image of one pixel


class Task(Protocol):
    """What is trained: a module and the loss of one batch."""

    @property
    def module(self) -> nn.Module: ...

    @property
    def val_labels(self) -> Tensor:
        """int64 [M]"""
        ...

    def parameter_groups(self) -> list[dict[str, Any]]:
        """SGD's groups: `params` and `weight_decay`."""
        ...

    def begin_epoch(self, epoch: int) -> None:
        """Called before the epoch's first batch; epochs count from 0."""
        ...

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Scalars of the batch; `loss` is minimised, the others are shown."""
        ...

    def after_step(self) -> None:
        """Called after each optimiser step: projections."""
        ...

    def predict(self) -> Tensor:
        """Validation logits float32 [M, C] in eval mode; called after each epoch."""
        ...

    def state(self) -> dict[str, Tensor]:
        """What the next epoch depends on beside module and momentum; empty for most."""
        ...

    def restore(self, state: dict[str, Tensor]) -> None:
        """Takes back what `state` gave."""
        ...


class Reporter(Protocol):
    """Where metrics go and wishes come from: engine.events.EventWriter, or nothing in a test."""

    def metric(self, step: int, **values: float) -> None: ...
    def progress(self, done: int, total: int, unit: str) -> None: ...
    def log(self, text: str) -> None: ...
    def pause_wanted(self) -> bool: ...


@dataclass
class History:
    """Metrics of the epochs done: name → values. Only what is the same at every run."""

    epochs: list[dict[str, float]] = field(default_factory=list)

    def result(self) -> dict[str, Any]:
        """Best (first best epoch) and last validation top-1, in percent; epochs count from 1."""
        top1 = [epoch["val_top1"] for epoch in self.epochs]
        best = max(range(len(top1)), key=top1.__getitem__)
        return {
            "best": {"val_top1": top1[best], "epoch": best + 1},
            "last": {"val_top1": top1[-1], "epoch": len(top1)},
        }


@dataclass(frozen=True)
class Trained:
    """A finished run. `logits` float32 [M, C] of validation at the last epoch; `best_hits` bool
    [M]: which validation samples were right at the best epoch."""

    history: History
    logits: Tensor
    best_hits: Tensor


def train(
    task: Task,
    samples: int,
    optimiser: Optimiser,
    *,
    seed: int,
    device: torch.device,
    checkpoints: Checkpoints,
    report: Reporter,
) -> Generator[Place, None, Trained]:
    """Trains `task.module` in place on `samples` samples, from a checkpoint where there is one.

    Gives its place before each epoch and each step, when others of its process may have a turn,
    and the finished run at last.

    A last batch that would be smaller than the others is left out (each epoch leaves out others);
    fewer samples than one batch make a batch of their own. Raises Paused behind an epoch that is
    saved, where `report` has that wish.
    """
    sgd = sgd_of(task, optimiser)
    history = History()
    best_hits = torch.zeros_like(task.val_labels, dtype=torch.bool)
    if saved := ranks.agreed(checkpoints.load()):
        task.module.load_state_dict(saved["module"])
        task.restore(saved["task"])
        sgd.load_state_dict(saved["optimiser"])
        history = History(saved["history"])
        best_hits = saved["best_hits"].to(best_hits.device)
        report.log(f"resumed after epoch {len(history.epochs)}")
        # Once more: events that told of them may be lost with the machine that ran before.
        for done, values in enumerate(history.epochs, start=1):
            report.metric(done, **values)
    report.progress(len(history.epochs), optimiser.epochs, "epochs")
    for epoch in range(len(history.epochs), optimiser.epochs):
        yield epoch, 0
        started = time.perf_counter()
        task.begin_epoch(epoch)
        task.module.train()
        sums: dict[str, Tensor] = {}
        batches = epoch_batches(samples, optimiser.batch, seed=seed, epoch=epoch, device=device)
        for batch in ranks.shares(batches):
            yield epoch, batch.step
            lr = learning_rate(optimiser, epoch * batch.steps + batch.step, batch.steps)
            for name, value in step(task, sgd, batch, lr).items():
                sums[name] = sums.get(name, 0) + value  # on the device: one sync an epoch
        sums = ranks.totals(sums)
        means = {f"train_{name}": float(total) / batch.steps for name, total in sums.items()}
        elapsed = time.perf_counter() - started
        task.module.eval()
        logits = task.predict()
        values = {**means, **scores(logits, task.val_labels), "lr": lr}
        # What the last step broke shows in validation alone.
        if not math.isfinite(values["train_loss"]) or math.isnan(values["val_loss"]):
            raise TrainingError(
                f"diverged in epoch {epoch + 1}: the loss is {values['train_loss']}, on validation"
                f" {values['val_loss']}; try a lower learning rate (--set …optimiser.lr)"
            )
        if all(values["val_top1"] > before["val_top1"] for before in history.epochs):
            best_hits = logits.argmax(1) == task.val_labels
        history.epochs.append(values)
        seen = batch.steps * min(optimiser.batch, samples)
        report.metric(epoch + 1, **values, **{SPEED: seen / elapsed})
        pausing = ranks.agreed(report.pause_wanted())
        if ranks.first():
            checkpoints.save(
                epoch + 1,
                {
                    "module": task.module.state_dict(),
                    "task": task.state(),
                    "optimiser": sgd.state_dict(),
                    "history": history.epochs,
                    "best_hits": best_hits,
                },
                force=pausing,
            )
        report.progress(epoch + 1, optimiser.epochs, "epochs")
        if pausing:
            raise Paused(f"paused after epoch {epoch + 1} of {optimiser.epochs}")
    task.module.eval()
    return Trained(history, task.predict(), best_hits)


def sgd_of(task: Task, optimiser: Optimiser) -> torch.optim.SGD:
    """SGD over the task's parameters, all of them in one kernel."""
    return torch.optim.SGD(
        task.parameter_groups(),
        lr=optimiser.lr,
        momentum=optimiser.momentum,
        nesterov=optimiser.nesterov,
        fused=True,
    )


def step(task: Task, sgd: torch.optim.SGD, batch: Batch, lr: float) -> dict[str, Tensor]:
    """Learns from one batch; its losses, without gradients. Nothing waits for the device.

    Where there are several ranks they all learn from the whole batch, and the losses are this
    one's part of the whole's. Raises TrainingError for a batch that is too small for BatchNorm.
    """
    for group in sgd.param_groups:
        group["lr"] = lr
    sgd.zero_grad()
    try:
        losses = ranks.weighed(task.losses(batch), batch.share)
    except ValueError as error:
        if SINGLE not in str(error):
            raise
        raise TrainingError(
            "BatchNorm cannot learn from a batch of one image: take larger batches"
            " (--set …optimiser.batch), or more training images"
        ) from None
    losses["loss"].backward()
    ranks.sum_gradients(sgd)
    sgd.step()
    task.after_step()
    return {name: value.detach() for name, value in losses.items()}


def scores(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """`val_loss` (mean cross-entropy) and `val_top1` (percent) of logits [M, C]."""
    return {
        "val_loss": float(F.cross_entropy(logits, labels)),
        "val_top1": float(top1(logits, labels)),
    }


def top1(logits: Tensor, labels: Tensor) -> Tensor:
    """Percent of samples whose largest logit is the label's; a scalar."""
    return (logits.argmax(1) == labels).double().mean() * 100
