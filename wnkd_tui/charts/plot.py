"""Lines and scattered points over x, with error bars."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle

from wnkd_tui.charts.finite import drawable
from wnkd_tui.charts.look import SIGNS, Drawing, Look, Series, empty, head, legend
from wnkd_tui.charts.sheet import Sheet, sheet
from wnkd_tui.charts.ticks import round_ticks, whole_ticks

_MOST_SIGNS = 16  # points that each get a sign and an error bar
_PEN = {True: "braille", False: "."}
_BAND = {True: "░", False: ":"}
_TICK_ROOM = 12  # columns to a tick


def line_drawing(
    series: Sequence[Series],
    look: Look,
    *,
    title: str = "",
    y_label: str = "",
    ticks: Mapping[float, str] | None = None,
    y_range: tuple[float, float] | None = None,
) -> Drawing:
    """Lines over x. `ticks` names places on the x axis; `y_range` fixes the y axis, and what is
    beyond it stands at its edge. Points that are not finite are left out."""
    series = drawable(series, y_range)
    if not series:
        return empty(title, look)
    signs = SIGNS[look.unicode]
    above = [head(title, y_label, look), *legend([one.name for one in series], signs, look)]
    with sheet(look, above) as at:
        ends = _axes(at, series, ticks, y_range)
        for layer in (_spread, _line):  # each above the ones before, signs above all
            for place, one in enumerate(series):
                layer(at, place, one)
        for place, (one, sign) in enumerate(zip(series, cycle(signs))):
            _signs(at, place, one, sign)
        return at.drawing(ends, {x for one in series for x in one.x})


def _axes(
    at: Sheet,
    series: Sequence[Series],
    ticks: Mapping[float, str] | None,
    y_range: tuple[float, float] | None,
) -> tuple[float, float]:
    """Draws them; gives the ends of x."""
    low, high = y_range or _ends(y for one in series for y in (*one.y, *one.low, *one.high))
    count = min(5, max(1, (at.height - 2) // 2))
    y_ticks = round_ticks(low, high, count)
    if len(y_ticks) < 2:  # the round number after these is far away
        y_ticks = round_ticks(low, high, 2 * count)
    first, last = _ends(
        x for one in series for x in (*one.x, *one.left, *one.right, *(ticks or ()))
    )
    if ticks is None:
        whole = all(one.joined and float(x).is_integer() for one in series for x in one.x)
        count = max(2, at.width // _TICK_ROOM)
        ticks = (
            whole_ticks(round(first), round(last), count)
            if whole
            else round_ticks(first, last, count)
        )
    first, last = _apart(first, last)
    margin = (last - first) / at.width  # about a cell, between the axis and an error bar
    x_ends, y_ends = (first - margin, last + margin), _apart(low, high)
    at.axes(x_ends, y_ends, ticks, y_ticks)
    return x_ends


def _spread(at: Sheet, place: int, one: Series) -> None:
    """Error bars; those of a dense curve are one faint band."""
    if one.joined and len(one.y) > _MOST_SIGNS:
        if len(one.low) and len(one.high):
            _band(at, place, one)
        return
    xs = [(x, x) for x in one.x]
    _strokes(at, place, xs, list(zip(one.low, one.high, strict=True)), upright=True)
    ys = [(y, y) for y in one.y]
    _strokes(at, place, list(zip(one.left, one.right, strict=True)), ys, upright=False)


def _band(at: Sheet, place: int, one: Series) -> None:
    pen = at.marker(_BAND[at.look.unicode], place, faint=True)
    upper = at.figure.signal(one.x, one.high, marker=pen)
    lower = at.figure.signal(one.x, one.low, marker=pen)
    at.figure.draw(upper.density("full").fill(lower).lines())


def _strokes(
    at: Sheet,
    place: int,
    xs: Sequence[tuple[float, float]],
    ys: Sequence[tuple[float, float]],
    *,
    upright: bool,
) -> None:
    """From the first to the second of each pair, all of them as one signal."""
    pairs = [(x, y) for x, y in zip(xs, ys, strict=False) if x[0] < x[1] or y[0] < y[1]]
    if not pairs:
        return
    signal = at.figure.signal(
        [x for pair, _ in pairs for x in pair],
        [y for _, pair in pairs for y in pair],
        marker=at.stroke(place, upright=upright),
    )
    for end in range(1, 2 * len(pairs), 2):
        signal.line(end)
    at.figure.draw(signal)


def _line(at: Sheet, place: int, one: Series) -> None:
    if one.joined:
        pen = at.marker(_PEN[at.look.unicode], place)
        at.figure.draw(at.figure.signal(one.x, one.y, marker=pen).lines())


def _signs(at: Sheet, place: int, one: Series, sign: str) -> None:
    marked = _marked(len(one.y)) if one.joined else range(len(one.y))
    xs, ys = [one.x[i] for i in marked], [one.y[i] for i in marked]
    at.figure.draw(at.figure.signal(xs, ys, marker=at.marker(sign, place)))


def _marked(count: int) -> list[int]:
    """Indices of the points that get a sign: all of a few, evenly spaced ones of many."""
    if count <= _MOST_SIGNS:
        return list(range(count))
    last = _MOST_SIGNS // 2 - 1
    return [round(i * (count - 1) / last) for i in range(last + 1)]


def _ends(values: Iterable[float]) -> tuple[float, float]:
    every = list(values)
    return min(every), max(every)


def _apart(low: float, high: float) -> tuple[float, float]:
    """A range that has a width."""
    if low < high:
        return low, high
    margin = abs(low) / 100 or 1.0
    return low - margin, high + margin
