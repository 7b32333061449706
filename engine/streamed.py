"""Images on their way to the device: the next batch is made ready while one is worked on."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.data.files import FileImages
from engine.encoders.base import Pixels

Which = Tensor | slice
"""Samples: int64 [B] on the device, or a slice."""


class _Begun(NamedTuple):
    """`which` was asked for; `batch` gives the images and, on a GPU, the copy's end."""

    which: Which
    batch: Future[tuple[Tensor, torch.cuda.Event | None]]


class Streamed:
    """Batches of `images` on `device`; the images stay where they are.

    A thread has the next batch decoded into memory that is pinned for a GPU, and copies it there on
    a stream of its own. At most that one batch is held beside those given out; whether it was ready
    changes nothing but the waiting.
    """

    def __init__(self, images: Pixels, device: torch.device) -> None:
        self.images, self._device = images, device
        self._side = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="next batch's images")
        self._ahead: _Begun | None = None

    def fetch(self, which: Which, following: Which | None = None) -> Tensor:
        """Images uint8 [B, channels, H, W] on the device; `following` is begun, for the next call.

        Ask for the very tensor that was `following`: an equal one serves as well, but a GPU is
        waited for to see that. Raises DataError for a file that cannot be read.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None and not _same(ahead.which, which):
            ahead.batch.cancel()
            ahead = None
        now = ahead or self._begin(which)
        if following is not None:
            self._ahead = self._begin(following)
        batch, copied = now.batch.result()
        if copied is not None:
            stream = torch.cuda.current_stream(self._device)
            stream.wait_event(copied)
            batch.record_stream(stream)
        return batch

    def batches(self, parts: Sequence[slice]) -> Iterator[Tensor]:
        """The images of one part after another."""
        for part, following in zip_longest(parts, parts[1:]):
            yield self.fetch(part, following)

    def _begin(self, which: Which) -> _Begun:
        known = None
        here = which
        if isinstance(which, Tensor) and self._side is not None:
            # Read when the device gets here, not when it has done what is queued behind.
            here = which.to("cpu", non_blocking=True)
            known = torch.cuda.current_stream(self._device).record_event()
        return _Begun(which, self._reader.submit(self._read, here, known))

    def _read(
        self, which: Which, known: torch.cuda.Event | None
    ) -> tuple[Tensor, torch.cuda.Event | None]:
        """In the thread: the batch, on its way to the device. `which` is there once `known` is."""
        if known is not None:
            known.synchronize()
        where = (
            np.arange(*which.indices(len(self.images)))
            if isinstance(which, slice)
            else which.numpy()
        )
        shape = (len(where), *self.images.shape[1:])
        batch = torch.empty(shape, dtype=torch.uint8, pin_memory=self._side is not None)
        if isinstance(self.images, FileImages):
            self.images.decode_into(batch.numpy(), where)
        else:
            batch.numpy()[:] = self.images[where]
        if self._side is None:
            return batch, None
        with torch.cuda.stream(self._side):
            return batch.to(self._device, non_blocking=True), self._side.record_event()


def in_parts(count: int, size: int) -> list[slice]:
    """`count` rows, `size` at a time."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _same(one: Which, other: Which) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one is other or torch.equal(one, other)
    return isinstance(one, slice) and isinstance(other, slice) and one == other
