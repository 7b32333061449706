"""Charts as strings of terminal cells, drawn by plotext: plain numbers in, ANSI text out.

Every series has a sign of its own, so a chart is readable without colour; without Unicode it is
drawn in ASCII.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from math import ceil, floor, log10
from threading import Lock
from typing import Any

_DRAWING = Lock()  # plotext has one figure for the whole process
_COLOURS = (33, 208, 36, 170, 220, 245)  # of the 256; told apart by colour-blind eyes as well
_SIGNS = {True: "●▲■◆○□", False: "ox+*#@"}
_FILLS = {True: "█░▒▓", False: "#.=+"}
_ASCII = str.maketrans("─│┌┐└┘├┤┬┴┼", "-|+++++++++")
_MOST_SIGNS = 16
_LEAST_WIDTH, _LEAST_HEIGHT = 24, 8


@dataclass(frozen=True)
class Series:
    """A named line of points, or a named part of every bar (`y` alone counts there)."""

    name: str
    y: Sequence[float]
    x: Sequence[float] = ()


@dataclass(frozen=True)
class Look:
    """Where a chart goes: its size in cells, legend and title included, and what can be shown."""

    width: int = 80
    height: int = 20
    colour: bool = True
    unicode: bool = True


def lines(
    series: Sequence[Series],
    look: Look,
    *,
    title: str = "",
    y_label: str = "",
    ticks: Mapping[float, str] | None = None,
    y_range: tuple[float, float] | None = None,
) -> str:
    """Lines over x. `ticks` names places on the x axis; `y_range` fixes the y axis."""
    series = [one for one in series if len(one.y)]
    if not series:
        return _empty(title, look)
    with _DRAWING:
        import plotext

        figure = _figure(plotext, look, y_range)
        if y_range is None:
            heights = [y for one in series for y in one.y]
            y_range = min(heights), max(heights)
        round_ticks = _round_ticks(*y_range)
        figure.ruler("y").ticks(list(round_ticks), list(round_ticks.values()))
        ticks = ticks or _whole_ticks(series, look.width)
        figure.ruler("x").ticks(list(ticks), list(ticks.values()))
        for one, colour, sign in zip(series, cycle(_COLOURS), cycle(_SIGNS[look.unicode])):
            pen = plotext.marker("braille" if look.unicode else ".", colour)
            figure.draw(figure.signal(list(one.x), list(one.y), marker=pen).lines())
            marked = _spread(len(one.y))
            figure.draw(
                figure.signal(
                    [one.x[i] for i in marked],
                    [one.y[i] for i in marked],
                    marker=plotext.marker(sign, colour),
                )
            )
        body = figure.build().string(colorless=not look.colour)
    legend = _legend([one.name for one in series], _SIGNS[look.unicode], look)
    return _page(title, y_label, legend, body, look)


def stacked(
    labels: Sequence[str],
    parts: Sequence[Series],
    look: Look,
    *,
    title: str = "",
    y_label: str = "",
    top: float = 1.0,
) -> str:
    """One bar per label, its parts on top of each other; `top` ends the y axis."""
    if not labels:
        return _empty(title, look)
    with _DRAWING:
        import plotext

        figure = _figure(plotext, look, (0.0, top))
        pens = [
            plotext.marker(fill, colour)
            for fill, colour in zip(
                islice(cycle(_FILLS[look.unicode]), len(parts)), cycle(_COLOURS)
            )
        ]
        places = [float(i) for i in range(len(labels))]
        bars = figure.bar(
            places, [list(part.y) for part in parts], marker=pens, width=0.6, stacked=True
        )
        figure.draw(bars)
        figure.ruler("x").ticks(places, list(labels)).lim(-0.5, len(labels) - 0.5)
        body = figure.build().string(colorless=not look.colour)
    legend = _legend([part.name for part in parts], _FILLS[look.unicode], look)
    return _page(title, y_label, legend, body, look)


def _figure(plotext: Any, look: Look, y_range: tuple[float, float] | None) -> Any:
    """The one figure, cleaned and sized; title and legend lines are ours, outside of it."""
    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.theme("simple")
    figure.plot_size(max(_LEAST_WIDTH, look.width), max(_LEAST_HEIGHT, look.height) - 2)
    if y_range:
        figure.ruler("y").lim(*y_range)
    return figure


def _spread(count: int) -> list[int]:
    """Indices of the points that get a sign: all of a few, evenly spaced ones of many."""
    if count <= _MOST_SIGNS:
        return list(range(count))
    last = _MOST_SIGNS // 2 - 1
    return [round(i * (count - 1) / last) for i in range(last + 1)]


def _whole_ticks(series: Sequence[Series], width: int) -> dict[float, str]:
    """Whole steps along x, first and last among them: epochs have no fractions."""
    first = round(min(min(one.x) for one in series))
    last = round(max(max(one.x) for one in series))
    count = min(last - first + 1, max(2, width // 12))
    places = {first + round(i * (last - first) / max(1, count - 1)) for i in range(count)}
    return {float(place): str(place) for place in sorted(places)}


def _round_ticks(low: float, high: float) -> dict[float, str]:
    """About five numbers between `low` and `high` that are round to a reader."""
    rough = (high - low) / 5 or 1.0
    power = 10.0 ** floor(log10(rough))
    step = min(step for step in (1, 2, 5, 10) if step * power >= rough * 0.999) * power
    digits = max(0, -floor(log10(step) + 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    places = [i * step for i in range(first, last + 1)] or [low]
    return {place: f"{place:.{digits}f}" for place in places}


def _legend(names: Sequence[str], signs: str, look: Look) -> str:
    entries = []
    for name, sign, colour in zip(names, cycle(signs), cycle(_COLOURS)):
        paint, stop = (f"\x1b[38;5;{colour}m", "\x1b[0m") if look.colour else ("", "")
        entries.append(f"{paint}{sign}{stop} {name}")
    return "   ".join(entries)


def _page(title: str, y_label: str, legend: str, body: str, look: Look) -> str:
    head = f"{title} ({y_label})" if y_label else title
    text = f"{head[: look.width]}\n{legend}\n{body.rstrip()}"
    return text if look.unicode else text.translate(_ASCII)


def _empty(title: str, look: Look) -> str:
    return f"{title}\n(nothing to draw yet)"[: look.width * look.height]
