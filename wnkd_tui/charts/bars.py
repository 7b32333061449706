"""Stacked bars, their values written into them where there is room."""

from collections.abc import Sequence
from itertools import cycle, islice

from wnkd_tui.charts.finite import held
from wnkd_tui.charts.look import Drawing, Look, Series, empty, head, legend
from wnkd_tui.charts.sheet import Sheet, sheet
from wnkd_tui.charts.ticks import round_ticks

_FILLS = {True: "█░▒▓", False: "#.=+"}
_WIDTH = 0.66  # of a bar, as a part of its room
_VALUE = 6  # cells of a bar that a value needs, with a blank on each side
_LEAST_ROWS = 2.5  # of a part, for a value to leave some of it to be seen


def bar_drawing(
    labels: Sequence[str],
    parts: Sequence[Series],
    look: Look,
    *,
    title: str = "",
    y_label: str = "",
    top: float = 1.0,
) -> Drawing:
    """One bar per label, its parts on top of each other; `top` ends the y axis. Columns are those
    of the bars, counted from 0."""
    if not labels:
        return empty(title, look)
    fills = _FILLS[look.unicode]
    above = [head(title, y_label, look), *legend([part.name for part in parts], fills, look)]
    places = [float(bar) for bar in range(len(labels))]
    ends = (-0.5, len(labels) - 0.5)
    with sheet(look, above) as at:
        pens = [at.marker(fill, i) for i, fill in enumerate(islice(cycle(fills), len(parts)))]
        heights = [held(part.y, 0.0, top) for part in parts]
        bars = at.figure.bar(places, heights, marker=pens, width=_WIDTH, stacked=True)
        at.figure.draw(bars)
        at.axes(ends, (0.0, top), dict(zip(places, labels, strict=True)), round_ticks(0.0, top))
        _values(at, heights, top)
        return at.drawing(ends, places)


def _values(at: Sheet, heights: Sequence[Sequence[float]], top: float) -> None:
    bars = len(heights[0])
    if at.width / bars * _WIDTH < _VALUE + 1:
        return
    for bar in range(bars):
        below = 0.0
        for part in heights:
            height = part[bar]
            if height / top * (at.height - 2) >= _LEAST_ROWS:
                said = f" {height:.2f} "
                at.figure.draw(at.figure.text(bar, below + height / 2, said, alignment="center"))
            below += height
