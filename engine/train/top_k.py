"""A row of logits as its k largest, and one number for all the others.

The others, C - k of them, become t = τ · log(mean(exp(z / τ))) each. Then Σ exp(z / τ) is what it
was: softmax(z / τ) gives each of the k classes its exact probability and the others together their
exact mass, shared out evenly. At another temperature, and of a mean of several teachers, this holds
only nearly (docs/logits.md).
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.kept import SHORT
from engine.train.half import halved

BLOCK = 2**14  # rows at once: 1000 classes take 65 MB in float32


def record(k: int, classes: int) -> np.dtype[np.void]:
    """A row as it lies in a file: float16 `logits` [k], the largest first, of the `classes` [k]
    (int16, or int32 where they are many), and float32 `tail`, the t above."""
    number = "<i2" if classes <= SHORT else "<i4"
    return np.dtype([("logits", "<f2", (k,)), ("classes", number, (k,)), ("tail", "<f4")])


def condensed(logits: Tensor, k: int, tau: float) -> NDArray[Any]:
    """Rows [N] of `record` from logits float [N, C], k at most C; -inf where no class is left for
    the tail, or none that is more than -inf."""
    samples, classes = logits.shape
    rows = np.empty(samples, record(k, classes))
    for start in range(0, samples, BLOCK):
        block = halved(logits[start : start + BLOCK]).float()
        largest, places = block.topk(k, dim=1)
        others = block.scatter(1, places, -torch.inf) / tau
        tail = tau * (others.logsumexp(1) - math.log(max(classes - k, 1)))
        part = rows[start : start + BLOCK]
        for name, values in (("logits", largest), ("classes", places), ("tail", tail)):
            part[name] = values.cpu().numpy()
    return rows


def dense(logits: Tensor, classes: Tensor, tail: Tensor, width: int) -> Tensor:
    """Logits float32 [B, C = width] of rows: `logits` and `classes` [B, k], `tail` [B]."""
    return tail[:, None].repeat(1, width).scatter(1, classes.long(), logits.float())
