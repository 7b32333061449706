"""The one training loop: epochs of shuffled batches, validation, metrics, checkpoints.

Everything random is a function of (seed, epoch, sample id), so model, momentum and the epoch's
number are a run's whole state: a resumed run ends with the bits of an undisturbed one.
"""

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from engine.counter import Stream, permutation
from engine.recipe import Optimiser
from engine.train.checkpoint import Checkpoint
from engine.train.schedule import learning_rate


class Task(Protocol):
    """What is trained: a module and the loss of one batch."""

    @property
    def module(self) -> nn.Module: ...

    def parameter_groups(self) -> list[dict[str, Any]]:
        """SGD's groups: `params` and `weight_decay`."""
        ...

    def begin_epoch(self, epoch: int) -> None:
        """Called before the epoch's first batch; epochs count from 0."""
        ...

    def losses(self, index: Tensor, epoch: int) -> dict[str, Tensor]:
        """Scalars of the batch `index` int64 [B]; `loss` is minimised, the others are shown."""
        ...

    def after_step(self) -> None:
        """Called after each optimiser step: projections."""
        ...

    def evaluate(self) -> dict[str, float]:
        """`val_loss` and `val_top1` (percent) in eval mode."""
        ...


class Reporter(Protocol):
    """Where metrics go: engine.events.EventWriter, or nothing in a test."""

    def metric(self, step: int, **values: float) -> None: ...
    def progress(self, done: int, total: int, unit: str) -> None: ...
    def log(self, text: str) -> None: ...


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


def train(
    task: Task,
    samples: int,
    optimiser: Optimiser,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint,
    report: Reporter,
) -> History:
    """Trains `task.module` in place on `samples` samples, from `checkpoint` where there is one.

    A last batch that would be smaller than the others is left out (each epoch leaves out others);
    fewer samples than one batch make a batch of their own.
    """
    batch = min(optimiser.batch, samples)
    steps = samples // batch
    sgd = torch.optim.SGD(
        task.parameter_groups(),
        lr=optimiser.lr,
        momentum=optimiser.momentum,
        nesterov=optimiser.nesterov,
    )
    history = History()
    if saved := checkpoint.load():
        task.module.load_state_dict(saved["module"])
        sgd.load_state_dict(saved["optimiser"])
        history = History(saved["history"])
        report.log(f"resumed after epoch {len(history.epochs)}")
    report.progress(len(history.epochs), optimiser.epochs, "epochs")
    for epoch in range(len(history.epochs), optimiser.epochs):
        started = time.perf_counter()
        task.begin_epoch(epoch)
        task.module.train()
        order = permutation(seed, epoch, samples, Stream.ORDER, device)
        sums: dict[str, Tensor] = {}
        for step in range(steps):
            lr = learning_rate(optimiser, epoch * steps + step, steps)
            for group in sgd.param_groups:
                group["lr"] = lr
            losses = task.losses(order[step * batch : (step + 1) * batch], epoch)
            sgd.zero_grad(set_to_none=True)
            losses["loss"].backward()
            sgd.step()
            task.after_step()
            for name, value in losses.items():  # kept on the device: one sync an epoch
                sums[name] = sums.get(name, 0) + value.detach()
        means = {f"train_{name}": float(total) / steps for name, total in sums.items()}
        elapsed = time.perf_counter() - started
        task.module.eval()
        values = {**means, **task.evaluate(), "lr": lr}
        history.epochs.append(values)
        report.metric(epoch + 1, **values, samples_per_s=steps * batch / elapsed)
        checkpoint.save(
            {
                "module": task.module.state_dict(),
                "optimiser": sgd.state_dict(),
                "history": history.epochs,
            }
        )
        report.progress(epoch + 1, optimiser.epochs, "epochs")
    task.module.eval()
    return history
