"""An epoch's batches: which samples a step learns from, and which come next."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from engine.counter import Stream, permutation


@dataclass(frozen=True)
class Batch:
    """`index` int64 [B] of training samples; `step` of `steps` in `epoch`, all from 0. `following`
    is the next batch's index, None at the epoch's end and where it is not known. `share` of the
    batch's rows are these, the others are other ranks' (engine.train.ranks)."""

    index: Tensor
    epoch: int
    step: int
    steps: int
    following: Tensor | None = None
    share: float = 1.0


@lru_cache(maxsize=1)
def epoch_batches(
    samples: int, size: int, *, seed: int, epoch: int, device: torch.device | str
) -> tuple[Batch, ...]:
    """An epoch's batches, in its own order; what would be a smaller last one is left out.

    The last epoch's are kept, so that students who train side by side get the very same tensors:
    what one of them has looked up for an index serves the others (engine.together).
    """
    size = min(size, samples)
    steps = samples // size
    order = permutation(seed, epoch, samples, Stream.ORDER, device)
    parts = order[: steps * size].split(size)
    return tuple(
        Batch(index, epoch, step, steps, following)
        for step, (index, following) in enumerate(zip(parts, (*parts[1:], None), strict=True))
    )
