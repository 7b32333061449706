"""Equations 1 to 3, and two other ways of combining the teachers.

logit_mean: Eq. 1, one distillation loss to the mean of the teachers' logits. loss_mean: the mean of
each teacher's own distillation loss, T_x weighing as much as one image teacher (the authors' code).
ema_inverse_loss: the same losses, weighed by the inverse of their running means over training
batches (a later manuscript of the authors), so that a teacher the student agrees with weighs more.
"""

import torch
from torch import Tensor

from engine.losses import kd_loss, student_loss
from engine.train import ranks
from engine.train.criterion import Criterion
from engine.train.teaching import TeacherLogits, combined


class Distillation(Criterion):
    """Eq. 3. `ema_decay` belongs to ema_inverse_loss; the others do not read it."""

    def __init__(
        self, teachers: TeacherLogits, *, tau: float, lam: float, combine: str, ema_decay: float
    ) -> None:
        self._teachers, self._tau, self._lam = teachers, tau, lam
        self._combine, self._decay = combine, ema_decay
        self._ema: Tensor | None = None

    def begin_epoch(self, epoch: int) -> None:
        self._teachers.begin_epoch(epoch)

    def losses(self, logits: Tensor, labels: Tensor, index: Tensor) -> dict[str, Tensor]:
        answers = self._teachers(index)
        if self._combine == "logit_mean":
            loss = student_loss(logits, labels, combined(answers), self._tau, self._lam)
            return {"loss": loss}
        supervised = student_loss(logits, labels, None, self._tau, self._lam)
        terms = torch.stack([kd_loss(logits, z, self._tau) for z in answers.values()])
        if self._combine == "loss_mean":
            return {"loss": supervised + self._lam * terms.mean()}
        weights = inverse_weights(self._running_mean(ranks.mean(terms.detach(), len(labels))))
        shown = {f"weight_{name}": weights[i] for i, name in enumerate(answers)}
        return {"loss": supervised + self._lam * (weights * terms).sum(), **shown}

    def _running_mean(self, terms: Tensor) -> Tensor:
        """The exponential mean of each teacher's loss, this batch's included; the first batch's
        losses begin it."""
        before = terms if self._ema is None else self._ema
        self._ema = self._decay * before + (1 - self._decay) * terms
        return self._ema

    def state(self) -> dict[str, Tensor]:
        return {} if self._ema is None else {"ema": self._ema}

    def restore(self, state: dict[str, Tensor]) -> None:
        self._ema = state["ema"].to(self._teachers.device) if "ema" in state else None


def inverse_weights(losses: Tensor) -> Tensor:
    """Weights [T] that are in proportion to 1 / losses [T] and sum to 1; losses at least 0."""
    inverse = losses.clamp_min(1e-12).reciprocal()
    return inverse / inverse.sum()
