"""Numbers over seeds."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Literal

Epoch = Literal["best", "last"]


@dataclass(frozen=True)
class Stat:
    """Mean and sample standard deviation (n - 1 below the line; None for a single seed)."""

    mean: float
    sd: float | None
    n: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Stat | None":
        """None where there is no value."""
        values = list(values)
        if not values:
            return None
        return cls(fmean(values), stdev(values) if len(values) > 1 else None, len(values))

    def to_dict(self) -> dict[str, Any]:
        return {"mean": self.mean, "sd": self.sd, "n": self.n}

    def text(self, digits: int, *, between: str = " ", mark: str = "") -> str:
        """`97.22`, or `97.22 ± 0.31 (3)` where there are several seeds; `mark` follows the mean."""
        mean = f"{self.mean:.{digits}f}{mark}"
        return mean if self.sd is None else f"{mean}{between}± {self.sd:.{digits}f} ({self.n})"


@dataclass(frozen=True)
class Accuracy:
    """Top-1 on validation in percent, at the best epoch (as the paper reports) and at the last."""

    best: Stat
    last: Stat

    def at(self, epoch: Epoch) -> Stat:
        return self.best if epoch == "best" else self.last

    def to_dict(self, epoch: Epoch) -> dict[str, Any]:
        """The chosen epoch's numbers in front, both beside them."""
        return {
            **self.at(epoch).to_dict(),
            "best": self.best.to_dict(),
            "last": self.last.to_dict(),
        }
