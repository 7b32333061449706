"""From uniform draws to slots: which operation each image gets, and how strongly.

Arithmetic is float64: these are a few numbers an image, and an operation rounded to whole levels
or pixels then comes out alike on every device and in every batch.
"""

import math
import tomllib
from functools import cache
from importlib import resources
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from engine.augment.ops import Op, Slot
from engine.augment.policy import Rand

JITTER_DRAWS = 4
AUTO_DRAWS = 5
RAND_DRAWS = 5  # for each operation
_JITTERED = frozenset({Op.BRIGHTNESS, Op.CONTRAST, Op.COLOR})


def jitter_slots(u: Tensor, strength: float) -> list[Slot]:
    """Brightness, contrast and saturation by factors uniform in 1 ± strength, in random order.

    u: float64 [B, JITTER_DRAWS] in [0, 1). Returns three slots.
    """
    order = _jitter_orders(u.device)[(u[:, 0] * 6).long()]
    factors = 1 + (2 * u[:, 1:] - 1) * strength
    return [Slot(order[:, k], factors[:, k], _JITTERED) for k in range(3)]


def auto_slots(u: Tensor, name: str) -> list[Slot]:
    """AutoAugment (Cubuk et al. 2019): one sub-policy an image, its two operations in turn.

    u: float64 [B, AUTO_DRAWS] in [0, 1). name: the set of sub-policies. Returns two slots; where
    an operation's probability was not met, IDENTITY.
    """
    ranges, policies = _ranges("autoaugment", u.device), _policies(name, u.device)
    chosen = policies[(u[:, 0] * len(policies)).long()]  # [B, 2, (op, probability, magnitude)]
    slots = []
    for k in range(2):
        op, probability, magnitude = chosen[:, k].unbind(1)
        op = torch.where(u[:, 1 + 2 * k] < probability, op.long(), Op.IDENTITY)
        slots.append(Slot(op, ranges.value(op, magnitude, u[:, 2 + 2 * k]), _kinds(name, k)))
    return slots


def rand_slots(u: Tensor, rand: Rand) -> list[Slot]:
    """RandAugment (Cubuk et al. 2020) with normal noise on the magnitude.

    u: float64 [B, RAND_DRAWS · rand.ops] in [0, 1). Returns rand.ops slots; operations are drawn
    with replacement, and one that is dropped becomes IDENTITY.
    """
    ranges, data = _ranges("randaugment", u.device), _data("randaugment")
    slots = []
    for first in range(0, RAND_DRAWS * rand.ops, RAND_DRAWS):
        which, kept, sign, radius, angle = u[:, first : first + RAND_DRAWS].unbind(1)
        op = ranges.ops[(which * len(ranges.ops)).long()]
        op = torch.where(kept < data["probability"], op, Op.IDENTITY)
        noise = (-2 * torch.log1p(-radius)).sqrt() * torch.cos(2 * math.pi * angle)  # Box–Muller
        magnitude = (rand.magnitude + rand.std * noise).clamp(0, data["levels"])
        slots.append(Slot(op, ranges.value(op, magnitude, sign), ranges.kinds))
    return slots


class _Ranges:
    """A data file's ranges as columns that are indexed by operation."""

    def __init__(self, data: dict[str, Any], device: torch.device) -> None:
        ranges = {Op[name.upper()]: entry for name, entry in data["ranges"].items()}
        self.kinds = frozenset(ranges)
        self.ops = torch.tensor(list(ranges), device=device)

        def column(key: str, *, equals: object = None) -> Tensor:
            values = [ranges.get(op, {}).get(key, 0) for op in Op]
            if equals is not None:
                return torch.tensor([value == equals for value in values], device=device)
            return torch.tensor(values, dtype=torch.float64, device=device)

        self.low, self.centre = column("low"), column("centre")
        self.span = column("high") - self.low
        # A tensor, since a GPU would divide by a number as by its rounded reciprocal.
        self.levels = torch.tensor(data["levels"], dtype=torch.float64, device=device)
        self.signed = column("signed", equals=True)
        self.nearest = column("whole", equals="nearest")
        self.below = column("whole", equals="below")

    def value(self, op: Tensor, magnitude: Tensor, sign: Tensor) -> Tensor:
        """float64 [B] for op int64 [B], magnitude [B] in 0..levels, sign [B] uniform in [0, 1)."""
        value = self.low[op] + self.span[op] * magnitude / self.levels
        value = torch.where(self.nearest[op], value.round(), value)
        value = torch.where(self.below[op], value.floor(), value)
        return self.centre[op] + torch.where(self.signed[op] & (sign < 0.5), -value, value)


@cache
def _data(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / f"{name}.toml").read_text("utf-8"))


@cache
def _ranges(name: str, device: torch.device) -> _Ranges:
    return _Ranges(_data(name), device)


@cache
def _policies(name: str, device: torch.device) -> Tensor:
    """float64 [policies, 2, 3]: operation, probability, magnitude."""
    rows = [
        [(Op[op.upper()], probability, magnitude) for op, probability, magnitude in pair]
        for pair in _data("autoaugment")["policies"][name]
    ]
    return torch.tensor(rows, dtype=torch.float64, device=device)


@cache
def _kinds(name: str, place: int) -> frozenset[Op]:
    """What a policy's sub-policies have at a place, 0 or 1."""
    return frozenset(Op(int(pair[place, 0])) for pair in _policies(name, torch.device("cpu")))


@cache
def _jitter_orders(device: torch.device) -> Tensor:
    """int64 [6, 3]: every order of the three."""
    return torch.tensor(list(permutations(sorted(_JITTERED))), device=device)
