"""What the teachers say of a student's training samples, each apart and all together."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from engine.losses import combined_logits
from engine.train.teachers import Teacher

T_X = "T_x"
Read = dict[str, tuple[Tensor, ...]]


class TeacherLogits:
    """Teachers by name, asked together.

    One epoch of their tables is on the device, and the next is read from the disk while it is
    worked on; whether it was read before changes nothing but the waiting.
    """

    def __init__(self, teachers: Mapping[str, Teacher], *, device: torch.device) -> None:
        self._teachers = {name: teachers[name] for name in sorted(teachers)}
        self.device = device
        self._at = -1  # the epoch that is on the device
        self._here: Read = {}
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="next epoch's logits")
        self._ahead: tuple[int, Future[Read]] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The teachers, in the order of what a call gives."""
        return tuple(self._teachers)

    def begin_epoch(self, epoch: int) -> None:
        """Takes an epoch's tables to the device; call it before asking."""
        self._here = {}  # makes room
        ahead = self._ahead
        read = ahead[1].result() if ahead and ahead[0] == epoch else self._read(epoch)
        self._here = {
            name: tuple(part.to(self.device, non_blocking=True) for part in parts)
            for name, parts in read.items()
        }
        self._at, self._ahead = epoch, None
        if epoch + 1 < max((one.epochs for one in self._teachers.values()), default=0):
            self._ahead = epoch + 1, self._reader.submit(self._read, epoch + 1)

    def _read(self, epoch: int) -> Read:
        """An epoch's tables; from pinned memory a copy to a GPU does not wait."""
        read = {name: teacher.read(epoch) for name, teacher in self._teachers.items()}
        if self.device.type != "cuda":
            return read
        return {name: tuple(part.pin_memory() for part in parts) for name, parts in read.items()}

    def __call__(self, index: Tensor) -> dict[str, Tensor]:
        """Each teacher's logits [B, C] of the training samples `index`, int64 [B]."""
        assert self._at >= 0, "begin_epoch comes first"
        return {
            name: teacher.answer(self._here[name], self._at, index)
            for name, teacher in self._teachers.items()
        }


def combined(answers: Mapping[str, Tensor]) -> Tensor:
    """Eq. 1's mean, float32 [B, C], of teachers' logits by name: T_x beside all image teachers."""
    image = [logits for name, logits in answers.items() if name != T_X]
    return combined_logits(image, answers.get(T_X))
