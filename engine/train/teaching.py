"""What the teachers say of a student's training samples."""

from typing import Any

import torch
from torch import Tensor

from engine.losses import combined_logits


class TeacherLogits:
    """What the teachers say of training samples, as tables.

    `image`: for each member of T_m an array float16 [epochs, N, C] (a memory map), one row for
    each view that the student will see. `multimodal`: T_x's float32 [N, C], the same every epoch.
    """

    def __init__(
        self, image: list[Any], multimodal: Tensor | None, *, device: torch.device
    ) -> None:
        self._image, self._multimodal, self._device = image, multimodal, device
        self._epoch: Tensor | None = multimodal

    def begin_epoch(self, epoch: int) -> None:
        members = [torch.from_numpy(table[epoch].copy()).to(self._device) for table in self._image]
        self._epoch = combined_logits(members, self._multimodal)

    def __call__(self, index: Tensor) -> Tensor:
        """Eq. 1's mean, float32 [B, C]."""
        assert self._epoch is not None, "begin_epoch comes first"
        return self._epoch[index]
