"""Ticks that are round to a reader; plotext's own divide the axis evenly."""

from math import ceil, floor, log10

_LONGEST = 9  # signs of a label


def round_ticks(low: float, high: float, count: int = 5) -> dict[float, str]:
    """About `count` numbers between `low` and `high`, and their labels."""
    rough = (high - low) / max(1, count) or 1.0
    power = 10.0 ** floor(log10(rough))
    step = min(step for step in (1, 2, 5, 10) if step * power >= rough * 0.999) * power
    digits = max(0, -floor(log10(step) + 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    places = [i * step for i in range(first, last + 1)] or [low]
    labels = [f"{place + 0.0:.{digits}f}" for place in places]
    if max(map(len, labels)) > _LONGEST:
        labels = [f"{place + 0.0:.3g}" for place in places]
    return dict(zip(places, labels, strict=True))


def whole_ticks(first: int, last: int, count: int) -> dict[float, str]:
    """About `count` whole numbers: epochs have no fractions."""
    return round_ticks(first, last, max(1, min(count, last - first)))
