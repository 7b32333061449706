"""Experts of LFME: classifiers that know a part of the classes, as networks of C outputs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import DataError
from engine.train.batch import Batch
from engine.train.criterion import Criterion
from engine.train.image import ImageTask, Precision
from engine.train.views import Views


def answer_within(module: nn.Module, group: Sequence[int], classes: int) -> None:
    """From now on the network's logits are -inf outside of `group`.

    Softmax, cross-entropy and argmax are then those of a classifier of the group alone, gradients
    too; weights keep their names and shapes.
    """
    outside = torch.ones(classes, dtype=torch.bool)
    outside[list(group)] = False
    module.register_buffer("outside", outside, persistent=False)  # goes where the network goes

    def mask(module: nn.Module, inputs: Any, logits: Tensor) -> Tensor:
        return logits.masked_fill(module.get_buffer("outside"), -torch.inf)

    module.register_forward_hook(mask)


class ExpertTask(ImageTask):
    """Trains on the images of some classes and is validated on the images of the same classes.

    Raises DataError where either split has none of them.
    """

    def __init__(
        self,
        module: nn.Module,
        views: Views,
        criterion: Criterion,
        *,
        group: Sequence[int],
        weight_decay: float,
        precision: Precision,
    ) -> None:
        super().__init__(module, views, criterion, weight_decay=weight_decay, precision=precision)
        self._train, self._val = (
            torch.isin(labels, torch.tensor(group, device=labels.device)).nonzero()[:, 0]
            for labels in (views.train.labels, views.val.labels)
        )
        for name, index in (("training", self._train), ("validation", self._val)):
            if len(index) == 0:
                raise DataError(
                    f"an expert has no {name} image of its {len(group)} classes: LFME needs some"
                    " of each shot group in both splits"
                )

    @property
    def samples(self) -> int:
        return len(self._train)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        following = None if batch.following is None else self._train[batch.following]
        index = self._train[batch.index]
        return super().losses(replace(batch, index=index, following=following))

    def predict(self) -> Tensor:
        return super().predict()[self._val]

    @property
    def val_labels(self) -> Tensor:
        return super().val_labels[self._val]
