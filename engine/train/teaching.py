"""What the teachers say of a student's training samples, each apart and all together."""

from collections.abc import Mapping

import torch
from torch import Tensor

from engine.losses import combined_logits
from engine.train.teachers import Teacher

T_X = "T_x"


class TeacherLogits:
    """Teachers by name, asked together about samples of one epoch at a time."""

    def __init__(self, teachers: Mapping[str, Teacher], *, device: torch.device) -> None:
        self._teachers = {name: teachers[name] for name in sorted(teachers)}
        self.device = device
        self._epoch = -1

    @property
    def names(self) -> tuple[str, ...]:
        """The teachers, in the order of what a call gives."""
        return tuple(self._teachers)

    def begin_epoch(self, epoch: int) -> None:
        """Call it before asking."""
        self._epoch = epoch

    def __call__(self, index: Tensor) -> dict[str, Tensor]:
        """Each teacher's logits [B, C] of the training samples `index`, int64 [B]."""
        assert self._epoch >= 0, "begin_epoch comes first"
        return {
            name: teacher.answer(self._epoch, index) for name, teacher in self._teachers.items()
        }


def combined(answers: Mapping[str, Tensor]) -> Tensor:
    """Eq. 1's mean, float32 [B, C], of teachers' logits by name: T_x beside all image teachers."""
    image = [logits for name, logits in answers.items() if name != T_X]
    return combined_logits(image, answers.get(T_X))
