"""What a network's logits ought to be: the loss of a batch, and what it remembers between batches.

One class is one method of learning. Image teachers learn from labels alone (`Supervised`); a
student learns as its trial's method says (`engine.train.methods`).
"""

from abc import ABC, abstractmethod

import torch.nn.functional as F
from torch import Tensor

from engine.losses import at_least_float32


class Criterion(ABC):
    """Logits come in the precision of the forward pass; losses are computed in float32."""

    def begin_epoch(self, epoch: int) -> None:  # noqa: B027 - most remember nothing
        """Called before the epoch's first batch; epochs count from 0."""

    @abstractmethod
    def losses(self, logits: Tensor, labels: Tensor, index: Tensor) -> dict[str, Tensor]:
        """Scalars of a batch; `loss` is minimised, the others are shown.

        `logits` [B, C] are the network's, `labels` and `index` int64 [B] are the true classes and
        places of the samples in the training split.
        """

    def state(self) -> dict[str, Tensor]:
        """What the next epoch's losses depend on beside weights and tables."""
        return {}

    def restore(self, state: dict[str, Tensor]) -> None:  # noqa: B027 - most remember nothing
        """Takes back what `state` gave."""


class Supervised(Criterion):
    """Cross-entropy with the labels: image teachers, experts, and a student on its own."""

    def losses(self, logits: Tensor, labels: Tensor, index: Tensor) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(at_least_float32(logits), labels)}
