"""Image classifiers: T_1s, T_2w (no teacher) and the student (with or without teachers)."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.losses import student_loss
from engine.train.teaching import TeacherLogits
from engine.train.views import Views

EVAL_BATCH = 1000
Precision = Callable[[], AbstractContextManager[Any]]


def precision_context(device: torch.device, precision: str) -> Precision:
    """bf16 autocast on a GPU where the recipe asks for it; a CPU computes in float32."""
    if precision == "bf16" and device.type == "cuda":
        return lambda: torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext


class ImageTask:
    """Trains an image classifier; `teachers` None is plain supervised training."""

    def __init__(
        self,
        module: nn.Module,
        views: Views,
        *,
        weight_decay: float,
        precision: Precision,
        teachers: TeacherLogits | None = None,
        tau: float | None = None,
        lam: float | None = None,
    ) -> None:
        self.module = module
        self._views, self._precision = views, precision
        self._weight_decay = weight_decay
        self._teachers, self._tau, self._lam = teachers, tau or 1.0, lam or 0.0

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters()), "weight_decay": self._weight_decay}]

    def begin_epoch(self, epoch: int) -> None:
        if self._teachers:
            self._teachers.begin_epoch(epoch)

    def losses(self, index: Tensor, epoch: int) -> dict[str, Tensor]:
        labels = self._views.train.labels[index]
        images = self._views.training(index, epoch)
        with self._precision():
            logits = self.module(images)
        taught = self._teachers(index) if self._teachers else None
        loss = student_loss(logits, labels, taught, self._tau, self._lam)
        return {"loss": loss, "top1": _top1(logits, labels)}

    def after_step(self) -> None: ...

    def evaluate(self) -> dict[str, float]:
        logits = predict(
            self.module, self._views.validation, len(self._views.val.labels), self._precision
        )
        return scores(logits, self._views.val.labels)


@torch.no_grad()
def predict(
    module: nn.Module, views: Callable[[int, int], Tensor], samples: int, precision: Precision
) -> Tensor:
    """Logits float32 [samples, C] of a module in eval mode over views(start, stop)."""
    parts = []
    for start in range(0, samples, EVAL_BATCH):
        with precision():
            parts.append(module(views(start, min(start + EVAL_BATCH, samples))).float())
    return torch.cat(parts)


def scores(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """`val_loss` (mean cross-entropy) and `val_top1` (percent) of logits [N, C]."""
    return {
        "val_loss": float(F.cross_entropy(logits, labels)),
        "val_top1": float(_top1(logits, labels)),
    }


def _top1(logits: Tensor, labels: Tensor) -> Tensor:
    """Percent of samples whose largest logit is the label's."""
    return (logits.argmax(1) == labels).double().mean() * 100
