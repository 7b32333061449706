"""Numbers over seeds, and differences of them that are paired seed by seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from math import cos, pi, sin, sqrt, tan
from statistics import fmean, stdev
from typing import Any, Literal, Self

Epoch = Literal["best", "last"]
Shown = Literal["best", "last", "both"]

LEVEL = 0.95  # of an interval
_ROUNDING = 1e-9  # below this a difference of two accuracies is the arithmetic's


@dataclass(frozen=True)
class Stat:
    """`values`: seed → number, never empty. Give values through `of`, which sorts them."""

    values: Mapping[int, float]

    @classmethod
    def of(cls, values: Mapping[int, float]) -> Self | None:
        """None where there is no value."""
        return cls(dict(sorted(values.items()))) if values else None

    @cached_property
    def mean(self) -> float:
        return fmean(self.values.values())

    @cached_property
    def sd(self) -> float | None:
        """Sample standard deviation (n - 1 below the line); None for a single seed."""
        return stdev(self.values.values()) if self.n > 1 else None

    @property
    def n(self) -> int:
        return len(self.values)

    def to_dict(self) -> dict[str, Any]:
        return {"mean": self.mean, "sd": self.sd, "n": self.n}

    def text(self, digits: int, *, between: str = " ", mark: str = "") -> str:
        """`97.22`, or `97.22 ± 0.31 (3)` where there are several seeds; `mark` follows the mean."""
        mean = f"{self.mean:.{digits}f}{mark}"
        return mean if self.sd is None else f"{mean}{between}± {self.sd:.{digits}f} ({self.n})"


@dataclass(frozen=True)
class Difference(Stat):
    """One Stat minus another, seed by seed."""

    @cached_property
    def half(self) -> float | None:
        """Half of the mean's 95 % interval by Student's t; None for a single seed."""
        return None if self.sd is None else critical(self.n - 1) * self.sd / sqrt(self.n)

    @property
    def certain(self) -> bool:
        """Whether the interval excludes 0; never where there is no interval."""
        return self.half is not None and abs(self.mean) > self.half + _ROUNDING

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "half": self.half, "certain": self.certain}

    def text(self, digits: int, *, between: str = " ", mark: str = "") -> str:
        """`+0.41`, or `+0.41 ± 0.30` with the interval's half where there are several seeds."""
        mean = f"{round(self.mean, digits) + 0.0:+.{digits}f}{mark}"  # + 0.0: no minus before a 0
        return mean if self.half is None else f"{mean}{between}± {self.half:.{digits}f}"


def difference(a: Stat | None, b: Stat | None) -> Difference | None:
    """a − b over the seeds that both have; None where they have none in common."""
    if a is None or b is None:
        return None
    both = a.values.keys() & b.values.keys()
    return Difference.of({seed: a.values[seed] - b.values[seed] for seed in both})


@cache
def critical(freedom: int) -> float:
    """t such that |T| < t with probability LEVEL, for `freedom` degrees of freedom.

    Halving the angle's range on the exact finite series: importing SciPy for one number would take
    longer than all the rest of a report.
    """
    low, high = 0.0, pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        if _within(middle, freedom) < LEVEL:
            low = middle
        else:
            high = middle
    return sqrt(freedom) * tan(low)


def _within(angle: float, freedom: int) -> float:
    """P(|T| < √freedom · tan(angle)): Abramowitz & Stegun 1964, 26.7.3 and 26.7.4."""
    odd = freedom % 2
    term, total = cos(angle) if odd else 1.0, 0.0
    for power in range(odd, freedom - 1, 2):
        total += term
        term *= cos(angle) ** 2 * (power + 1) / (power + 2)
    total *= sin(angle)
    return (angle + total) * 2 / pi if odd else total


@dataclass(frozen=True)
class Accuracy:
    """Top-1 on validation in percent, at the best epoch (as the paper reports) and at the last."""

    best: Stat
    last: Stat

    def at(self, epoch: Epoch) -> Stat:
        return self.best if epoch == "best" else self.last

    def to_dict(self, epoch: Shown) -> dict[str, Any]:
        """The chosen epoch's numbers in front (the best's for both), both beside them."""
        return {
            **self.at("last" if epoch == "last" else "best").to_dict(),
            "best": self.best.to_dict(),
            "last": self.last.to_dict(),
        }
