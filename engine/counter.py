"""Randomness as a pure function of (seed, epoch, sample id, stream), never of call order.

A generator's state depends on everything drawn before: on the batch size, the order, the device,
a resume. Here a draw is a hash of its own coordinates instead, so a sample is augmented alike in
whichever batch it stands, and a stopped run goes on bit for bit with no state saved. The hash is
the finaliser of splitmix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
generators") in wrapping 64-bit integers, whose bits are the same on every device.
"""

from enum import IntEnum

import torch
from torch import Tensor

_WORD = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = 31


class Stream(IntEnum):
    """What a draw is for: two streams never share bits. Numbers are part of results; only add."""

    ORDER = 0
    AUGMENT = 1
    TEXT_ASSIGN = 2
    TEXT_NOISE = 3
    SUBSET = 4
    DROPOUT = 5
    INIT = 6


def uniform(seed: int, epoch: int, ids: Tensor, draws: int, stream: int) -> Tensor:
    """Draw uniform numbers, `draws` for each sample.

    seed, epoch, stream: any ints, of which the low 64 bits count. ids: int64 [B], any values.
    Returns float32 [B, draws] in [0, 1) on the device of ids: multiples of 2**-24, so exact.
    Column j is the same however many draws are asked for. It shares its bits with column j of
    `randint`: for independent numbers use another column or stream.
    Raises ValueError if ids is not one-dimensional int64.
    """
    top = _shift_right(_hash(seed, epoch, ids, draws, stream), 40)
    return top.to(torch.float32) * 2.0**-24


def randint(seed: int, epoch: int, ids: Tensor, draws: int, stream: int, *, high: int) -> Tensor:
    """Draw whole numbers below `high`, `draws` for each sample.

    Arguments as in `uniform`; 1 <= high <= 2**31. Returns int64 [B, draws] in [0, high) on the
    device of ids; no value's chance is off by more than 2**-32.
    Raises ValueError if ids is not one-dimensional int64 or high is out of range.
    """
    if not 1 <= high <= 1 << 31:
        raise ValueError(f"randint: high must be between 1 and 2**31, not {high}")
    return (_shift_right(_hash(seed, epoch, ids, draws, stream), 32) * high) >> 32


def permutation(
    seed: int, epoch: int, n: int, stream: int, device: torch.device | str = "cpu"
) -> Tensor:
    """Shuffle range(n): returns int64 [n] on `device`, each index once, the same on every device.

    Indices are sorted by their hashes; equal hashes (one pair in 2**64) keep index order.
    Raises ValueError if n is negative.
    """
    if n < 0:
        raise ValueError(f"permutation: n must not be negative, not {n}")
    hashes = _hash(seed, epoch, torch.arange(n, device=device), 1, stream)[:, 0]
    return torch.argsort(hashes, stable=True)


def _hash(seed: int, epoch: int, ids: Tensor, draws: int, stream: int) -> Tensor:
    """int64 [B, draws] of well-mixed bits: the four coordinates are folded in one at a time."""
    if ids.dtype != torch.int64 or ids.ndim != 1:
        raise ValueError(
            f"ids must be int64 with one dimension, not {ids.dtype} of {list(ids.shape)}"
        )
    key = 0
    for part in (seed, epoch, stream):
        key = _finalise_int((key ^ part) + _STEP)
    per_id = _finalise(ids * _signed(_STEP) + _signed(key))
    columns = torch.arange(1, draws + 1, device=ids.device) * _signed(_STEP)
    return _finalise(per_id[:, None] + columns)


def _finalise(x: Tensor) -> Tensor:
    for shift, factor in _ROUNDS:
        x = (x ^ _shift_right(x, shift)) * _signed(factor)
    return x ^ _shift_right(x, _LAST_SHIFT)


def _finalise_int(x: int) -> int:
    """`_finalise` for one Python int: seed, epoch and stream are mixed without a device."""
    x &= _WORD
    for shift, factor in _ROUNDS:
        x = ((x ^ (x >> shift)) * factor) & _WORD
    return x ^ (x >> _LAST_SHIFT)


def _shift_right(x: Tensor, bits: int) -> Tensor:
    """Logical shift: torch's own repeats the sign of an int64."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _signed(word: int) -> int:
    """The int64 with the same bits."""
    return word - (1 << 64) if word >> 63 else word
