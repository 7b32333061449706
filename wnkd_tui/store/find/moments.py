"""Numbers, durations and times as people write them in filters."""

import math
import re
from datetime import datetime, timedelta

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}  # seconds
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])", re.ASCII | re.IGNORECASE)
# Shapes of a time, and what stretch each names.
_SHAPES = {
    "%Y-%m-%dT%H:%M": timedelta(minutes=1),
    "%Y-%m-%d %H:%M": timedelta(minutes=1),
    "%Y-%m-%dT%H": timedelta(hours=1),
    "%Y-%m-%d": timedelta(days=1),
}


def finite(text: str) -> float:
    """Raises ValueError for what is no number, and for an endless one."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def seconds(text: str) -> float:
    """`90`, `90s`, `5m`, `2h`, `1d`, `1w`; raises ValueError."""
    span = _SPAN.fullmatch(text)
    return finite(span[1]) * _UNITS[span[2].lower()] if span else finite(text)


def edges(operator: str, text: str, now: float) -> list[tuple[str, float]]:
    """What a time in UTC seconds is compared with, all of which must hold.

    An age such as `2d` is compared as an age: `<2d`, and `2d` alone, are younger than two days.
    A day is a whole one of this host's calendar: `>2026-11-01` begins when it is over. `now` in
    UTC seconds. Raises ValueError.
    """
    if _SPAN.fullmatch(text):
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": ">="}[operator]
        return [(turned, now - seconds(text))]
    start, end = _stretch(text, now)
    if operator == "=":
        return [(">=", start), ("<", end)]
    edge = end if operator in (">", "<=") else start
    return [(">=" if operator in (">", ">=") else "<", edge)]


def _stretch(text: str, now: float) -> tuple[float, float]:
    """From when to when it lasts, in UTC seconds."""
    try:
        begin, length = _begin(text, now)
        return begin.timestamp(), (begin + length).timestamp()
    except (OverflowError, OSError) as error:  # years that this host's calendar does not know
        raise ValueError(text) from error


def _begin(text: str, now: float) -> tuple[datetime, timedelta]:
    day = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    match text.lower():
        case "today":
            return day, timedelta(days=1)
        case "yesterday":
            return day - timedelta(days=1), timedelta(days=1)
    for shape, length in _SHAPES.items():
        try:
            return datetime.strptime(text.upper(), shape), length
        except ValueError:
            continue
    raise ValueError(text)
