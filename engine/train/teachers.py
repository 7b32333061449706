"""One teacher as a student hears it: from a table that was made before, or from its network."""

from abc import ABC, abstractmethod
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


class Teacher(ABC):
    """Says something of each training sample in each of the student's epochs."""

    epochs = 0  # of which `read` has something to read

    def read(self, epoch: int) -> tuple[Tensor, ...]:
        """What `answer` needs of an epoch, on the CPU. May be called in another thread."""
        return ()

    @abstractmethod
    def answer(self, read: tuple[Tensor, ...], epoch: int, index: Tensor) -> Tensor:
        """Logits [B, C] of the training samples `index`, int64 [B]; `read` is on their device."""


@dataclass(frozen=True)
class Constant(Teacher):
    """Says the same in every epoch: `logits` [N, C] on the student's device."""

    logits: Tensor

    def answer(self, read: tuple[Tensor, ...], epoch: int, index: Tensor) -> Tensor:
        return self.logits[index]


class Table(Teacher):
    """All logits of every epoch: an array [epochs, N, C], such as a memory map."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array, self.epochs = array, len(array)

    def read(self, epoch: int) -> tuple[Tensor, ...]:
        return (torch.from_numpy(self._array[epoch].copy()),)

    def answer(self, read: tuple[Tensor, ...], epoch: int, index: Tensor) -> Tensor:
        return read[0][index]


class TopKTable(Teacher):
    """The largest logits of every epoch: `array` [epochs, N] of engine.train.top_k's records, of
    `classes` C. Answers in float32."""

    def __init__(self, array: NDArray[Any], classes: int) -> None:
        self._array, self._classes, self.epochs = array, classes, len(array)

    def read(self, epoch: int) -> tuple[Tensor, ...]:
        rows = self._array[epoch]
        parts = (rows["logits"], rows["classes"], rows["tail"])
        return tuple(torch.from_numpy(np.array(part)) for part in parts)

    def answer(self, read: tuple[Tensor, ...], epoch: int, index: Tensor) -> Tensor:
        logits, classes, tail = (part[index] for part in read)
        return dense(logits, classes, tail, self._classes)


@dataclass(frozen=True)
class Network(Teacher):
    """An image teacher that looks at the student's views: `module` in eval mode. `by_batch`: its
    BatchNorm goes by the samples that it is asked about together. Answers in float32."""

    module: nn.Module
    views: Views
    precision: Precision
    by_batch: bool = False

    @torch.no_grad()
    def answer(self, read: tuple[Tensor, ...], epoch: int, index: Tensor) -> Tensor:
        images = self.views.training(index, epoch)
        with batch_statistics(self.module) if self.by_batch else nullcontext(), self.precision():
            logits: Tensor = self.module(images)
        return logits.float()


def open_table(path: Path, classes: int) -> Teacher:
    """The table of logits of `classes` C in an .npy file, whole or of the largest.

    Raises ArtifactError where the file is cut short or is none.
    """
    try:
        array = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise ArtifactError(
            f"{path}: not readable ({error}); remove the artifact and retry"
        ) from None
    return Table(array) if array.dtype.names is None else TopKTable(array, classes)
