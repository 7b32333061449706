"""One teacher as a student hears it: from a table that was made before, or from its network."""

from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.errors import ArtifactError
from engine.train.batchnorm import batch_statistics
from engine.train.image import Precision
from engine.train.top_k import dense
from engine.train.views import Views

Parts = tuple[Tensor, ...]


class Teacher(ABC):
    """Says something of each training sample in each of the student's epochs.

    The last answer is kept: students side by side ask about one batch in turn.
    """

    _last: tuple[int, Tensor, Tensor] | None = None  # epoch, index and answer

    def answer(self, epoch: int, index: Tensor) -> Tensor:
        """Logits [B, C] of the training samples `index`, int64 [B], on the student's device; not
        to be changed."""
        if self._last is None or self._last[0] != epoch or self._last[1] is not index:
            self._last = epoch, index, self._answer(epoch, index)
        return self._last[2]

    @abstractmethod
    def _answer(self, epoch: int, index: Tensor) -> Tensor: ...


@dataclass(eq=False)
class Constant(Teacher):
    """Says the same in every epoch: `logits` [N, C] on the student's device."""

    logits: Tensor

    def _answer(self, epoch: int, index: Tensor) -> Tensor:
        return self.logits[index]


class Table(Teacher):
    """All logits of every epoch: an array [epochs, N, C], such as a memory map.

    One epoch of it is on the device, and the next is read from the disk while that one is worked
    on; whether it was read before changes nothing but the waiting.
    """

    def __init__(self, array: NDArray[Any], device: torch.device) -> None:
        self._array, self._device = array, device
        self._at = -1  # the epoch that is on the device
        self._here: Parts = ()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="next epoch's logits")
        self._ahead: tuple[int, Future[Parts]] | None = None

    def read(self, epoch: int) -> Parts:
        """What is known of an epoch, on the CPU. May be called in another thread."""
        return (torch.from_numpy(self._array[epoch].copy()),)

    def _answer(self, epoch: int, index: Tensor) -> Tensor:
        return self._of(epoch)[0][index]

    def _of(self, epoch: int) -> Parts:
        if epoch != self._at:
            self._here, self._at = (), -1  # makes room
            ahead, self._ahead = self._ahead, None
            read = ahead[1].result() if ahead and ahead[0] == epoch else self._pinned(epoch)
            self._here = tuple(part.to(self._device, non_blocking=True) for part in read)
            self._at = epoch
            if epoch + 1 < len(self._array):
                self._ahead = epoch + 1, self._reader.submit(self._pinned, epoch + 1)
        return self._here

    def _pinned(self, epoch: int) -> Parts:
        """From pinned memory a copy to a GPU does not wait."""
        parts = self.read(epoch)
        return tuple(part.pin_memory() for part in parts) if self._device.type == "cuda" else parts


class TopKTable(Table):
    """The largest logits of every epoch: `array` [epochs, N] of engine.train.top_k's records, of
    `classes` C. Answers in float32."""

    def __init__(self, array: NDArray[Any], classes: int, device: torch.device) -> None:
        super().__init__(array, device)
        self._classes = classes

    def read(self, epoch: int) -> Parts:
        rows = self._array[epoch]
        parts = (rows["logits"], rows["classes"], rows["tail"])
        return tuple(torch.from_numpy(np.array(part)) for part in parts)

    def _answer(self, epoch: int, index: Tensor) -> Tensor:
        logits, classes, tail = (part[index] for part in self._of(epoch))
        return dense(logits, classes, tail, self._classes)


@dataclass(eq=False)
class Network(Teacher):
    """An image teacher that looks at the student's views: `module` in eval mode. `by_batch`: its
    BatchNorm goes by the samples that it is asked about together. Answers in float32."""

    module: nn.Module
    views: Views
    precision: Precision
    by_batch: bool = False

    @torch.no_grad()
    def _answer(self, epoch: int, index: Tensor) -> Tensor:
        images = self.views.training(index, epoch)
        with batch_statistics(self.module) if self.by_batch else nullcontext(), self.precision():
            logits: Tensor = self.module(images)
        return logits.float()


def open_table(path: Path, classes: int, device: torch.device) -> Table:
    """The table of logits of `classes` C in an .npy file, whole or of the largest.

    Raises ArtifactError as `mapped`.
    """
    array = mapped(path)
    if array.dtype.names is None:
        return Table(array, device)
    return TopKTable(array, classes, device)


def mapped(path: Path) -> NDArray[Any]:
    """An .npy file as a memory map. Raises ArtifactError where it is cut short or is none."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise ArtifactError(
            f"{path}: not readable ({error}); remove the artifact and retry"
        ) from None
    return array
