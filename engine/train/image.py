"""Image classifiers: the image teachers, the experts and the student; criteria tell them apart."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from engine.train import ranks
from engine.train.batch import Batch
from engine.train.criterion import Criterion
from engine.train.loop import top1
from engine.train.views import Views

EVAL_BATCH = 1000
Precision = Callable[[], AbstractContextManager[Any]]


def precision_context(device: torch.device, precision: str) -> Precision:
    """bf16 autocast on a GPU where the recipe asks for it; a CPU computes in float32."""
    if precision == "bf16" and device.type == "cuda":
        return lambda: torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext


class ImageTask:
    """Trains an image classifier on all of its views' training split.

    `network` is what is called: `module`, until it is given what was compiled of it.
    """

    def __init__(
        self,
        module: nn.Module,
        views: Views,
        criterion: Criterion,
        *,
        weight_decay: float,
        precision: Precision,
    ) -> None:
        self.module = self.network = module
        self._views, self._criterion, self._precision = views, criterion, precision
        self._weight_decay = weight_decay

    @property
    def samples(self) -> int:
        """How many training samples an epoch goes through."""
        return len(self._views.train.labels)

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters()), "weight_decay": self._weight_decay}]

    def begin_epoch(self, epoch: int) -> None:
        self._criterion.begin_epoch(epoch)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        labels = self._views.train.labels[batch.index]
        images = self._views.training(batch.index, batch.epoch, batch.following)
        with self._precision():
            logits = self.network(images)
        losses = self._criterion.losses(logits, labels, batch.index)
        return {**losses, "top1": top1(logits, labels)}

    def after_step(self) -> None: ...

    @torch.no_grad()
    def predict(self) -> Tensor:
        """Ranks share the batches out, and each has all logits in the end."""
        labels = self._views.val.labels
        logits = torch.zeros(len(labels), self._views.classes, device=labels.device)
        places = ranks.mine(logits.split(EVAL_BATCH))
        for place, images in zip(places, self._views.validation(EVAL_BATCH), strict=True):
            with self._precision():
                place.copy_(self.network(images))
        return ranks.total(logits)

    @property
    def val_labels(self) -> Tensor:
        return self._views.val.labels

    def state(self) -> dict[str, Tensor]:
        return self._criterion.state()

    def restore(self, state: dict[str, Tensor]) -> None:
        self._criterion.restore(state)
