"""Logits as float16, in which they are kept."""

import torch
from torch import Tensor

LARGEST = torch.finfo(torch.float16).max


def halved(logits: Tensor) -> Tensor:
    """float16 of the same shape. What float16 has no number for (a teacher that diverged) becomes
    its largest, so that no infinity arises in a mean of teachers; -inf, an expert's, stays."""
    return torch.where(logits.isinf(), logits, logits.clamp(-LARGEST, LARGEST)).half()
