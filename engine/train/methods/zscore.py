"""Logit standardisation (Sun et al. 2024, CVPR, "Logit Standardization in Knowledge Distillation").

Both sides' logits are standardised sample by sample before the softmax, so that a student learns
the teachers' relations between classes and not their scale. Several teachers are combined first, by
Eq. 1's mean of logits.
"""

import torch.nn.functional as F
from torch import Tensor

from engine.losses import at_least_float32, kl_loss
from engine.train.criterion import Criterion
from engine.train.teaching import TeacherLogits, combined

EPSILON = 1e-7  # of the method's public code; its paper has none


class ZScore(Criterion):
    """`zscore_loss` against the mean of the teachers' logits."""

    def __init__(self, teachers: TeacherLogits, *, tau: float, ce: float, kd: float) -> None:
        self._teachers, self._tau, self._ce, self._kd = teachers, tau, ce, kd

    def begin_epoch(self, epoch: int) -> None:
        self._teachers.begin_epoch(epoch)

    def losses(self, logits: Tensor, labels: Tensor, index: Tensor) -> dict[str, Tensor]:
        teacher = combined(self._teachers(index))
        loss = zscore_loss(logits, labels, teacher, tau=self._tau, ce=self._ce, kd=self._kd)
        return {"loss": loss}


def standardised(logits: Tensor) -> Tensor:
    """(x − mean) / (std + 1e-7) of each row of [B, C], C at least 2.

    The deviation divides by C − 1, as the method's public code does, whose numbers the recipes
    have; its paper's Algorithm 1 divides by C, which is a τ that is √(C / (C − 1)) times smaller.
    """
    x = at_least_float32(logits)
    return (x - x.mean(1, keepdim=True)) / (x.std(1, keepdim=True) + EPSILON)


def zscore_loss(
    student: Tensor, labels: Tensor, teacher: Tensor, *, tau: float, ce: float, kd: float
) -> Tensor:
    """ce · CE(student, labels) + kd · τ² · KL(teacher ‖ student), the KL of standardised logits.

    `student` and `teacher` [B, C], `labels` int64 [B]; a scalar. The KL is 0 where the student's
    logits are the teacher's times any positive factor plus any constant.
    """
    supervised = F.cross_entropy(at_least_float32(student), labels)
    distilled = kl_loss(standardised(student) / tau, standardised(teacher) / tau)
    return ce * supervised + kd * tau**2 * distilled
