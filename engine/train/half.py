"""Logits as float16, in which they are kept."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

LARGEST = torch.finfo(torch.float16).max


def halved(logits: Tensor) -> Tensor:
    """float16 of the same shape. What float16 has no number for (a teacher that diverged) becomes
    its largest, so that no infinity arises in a mean of teachers; -inf, an expert's, stays."""
    return torch.where(logits.isinf(), logits, logits.clamp(-LARGEST, LARGEST)).half()


def host_halves(logits: Tensor) -> NDArray[Any]:
    """The same as an array in the host's memory, row by row."""
    return halved(logits).cpu().contiguous().numpy()
