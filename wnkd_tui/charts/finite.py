"""What plotext can bear: it ends the process at a number that is none, or far out of range."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from wnkd_tui.charts.look import Series

_GREATEST = 1e300  # differences of such numbers are finite, too


def drawable(series: Iterable[Series], y_range: tuple[float, float] | None) -> list[Series]:
    """The series that have points, without those that are not finite; what is beyond `y_range`
    stands at its edge."""
    low, high = y_range or (-inf, inf)
    kept = [
        _without(one, [i for i in range(len(one.y)) if _finite(one.x[i]) and _finite(one.y[i])])
        for one in series
    ]
    return [
        replace(
            one,
            y=held(one.y, low, high),
            low=held(one.low, low, high),
            high=held(one.high, low, high),
        )
        for one in kept
        if len(one.y)
    ]


def held(values: Sequence[float], low: float, high: float) -> list[float]:
    """Between `low` and `high`; `low` where it is no number."""
    return [min(max(low, value), high) if value == value else low for value in values]


def _without(one: Series, kept: Sequence[int]) -> Series:
    """With the points at `kept`; an end of an error bar that is not finite is at its point."""

    def ends(values: Sequence[float], middle: Sequence[float]) -> list[float]:
        return [values[i] if _finite(values[i]) else middle[i] for i in kept] if values else []

    return replace(
        one,
        x=[one.x[i] for i in kept],
        y=[one.y[i] for i in kept],
        low=ends(one.low, one.y),
        high=ends(one.high, one.y),
        left=ends(one.left, one.x),
        right=ends(one.right, one.x),
    )


def _finite(value: float) -> bool:
    return abs(value) < _GREATEST
