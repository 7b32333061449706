"""Progress in words: bars, counts, rates and times as people read them."""

from datetime import datetime

from rich.text import Text

_DAY = 86400.0  # seconds
_HALF_YEAR = 180 * _DAY


def bar(share: float, width: int, ink: str, faint: str) -> Text:
    """A bar of `width` cells filled to `share` (0 to 1), half a cell at a time."""
    full, half = divmod(round(max(0.0, min(1.0, share)) * width * 2), 2)
    filled = "━" * full + "╸" * half
    return Text.assemble((filled, ink), ("─" * (width - len(filled)), faint))


def duration(seconds: float) -> str:
    """`42s`, `3m05`, `2h10`, `4d06h`: at most five characters up to 99 days."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def moment(at: float | None, now: float) -> str:
    """`14:05` of times within half a day, `Tue 14h` within days, else `12 Mar`, `2025-03`."""
    if at is None:
        return ""
    then, away = datetime.fromtimestamp(at), abs(at - now)
    if away < _DAY / 2:
        return f"{then:%H:%M}"
    if away < 6 * _DAY:
        return f"{then:%a %H}h"
    return f"{then:%d %b}" if away < _HALF_YEAR else f"{then:%Y-%m}"


def eta(done: int, total: int, rate: float | None) -> str:
    """Time left at `rate` units per second; empty where it cannot be known."""
    return duration((total - done) / rate) if rate and total > done else ""


def rate_text(rate: float | None, unit: str) -> str:
    """`1.2 epoch/s`, and `4.0 s/epoch` where one unit takes longer than a second."""
    if not rate:
        return ""
    one = unit.removesuffix("s") or "step"
    return f"{rate:,.1f} {one}/s" if rate >= 1 else f"{1 / rate:,.1f} s/{one}"
