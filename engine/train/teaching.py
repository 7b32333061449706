"""What the teachers say of a student's training samples, each apart and all together."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.losses import combined_logits

T_X = "T_x"


class TeacherLogits:
    """What teachers say of training samples, as tables by the teachers' names.

    A table is a float16 array [epochs, N, C] (a memory map), one row for each view that the student
    will see, or a Tensor [N, C] where the teacher says the same in every epoch. One epoch at a time
    is on the device.
    """

    def __init__(self, tables: Mapping[str, Any], *, device: torch.device) -> None:
        self._tables = {name: tables[name] for name in sorted(tables)}
        self.device = device
        self._epoch: dict[str, Tensor] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The teachers, in the order of what a call gives."""
        return tuple(self._tables)

    def begin_epoch(self, epoch: int) -> None:
        """Reads an epoch's tables; call it before asking."""
        self._epoch = {
            name: table.to(self.device)
            if isinstance(table, Tensor)
            else torch.from_numpy(table[epoch].copy()).to(self.device)
            for name, table in self._tables.items()
        }

    def __call__(self, index: Tensor) -> dict[str, Tensor]:
        """Each teacher's logits [B, C] of the training samples `index`, int64 [B]."""
        assert len(self._epoch) == len(self._tables), "begin_epoch comes first"
        return {name: table[index] for name, table in self._epoch.items()}


def combined(answers: Mapping[str, Tensor]) -> Tensor:
    """Eq. 1's mean, float32 [B, C], of teachers' logits by name: T_x beside all image teachers."""
    image = [logits for name, logits in answers.items() if name != T_X]
    return combined_logits(image, answers.get(T_X))
