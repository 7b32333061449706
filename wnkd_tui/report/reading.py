"""What a chart says at one place: for a cursor that goes from x to x, or from sign to sign."""

from dataclasses import dataclass

from wnkd_tui.report.sheet import Figure
from wnkd_tui.report.stats import Difference, Stat
from wnkd_tui.report.terminal import bars


@dataclass(frozen=True)
class Stop:
    """`at` is its x in the drawing; `values` are what each series says, by the place of its sign
    in the legend."""

    at: float
    name: str
    values: tuple[tuple[int, str], ...]


def stops(figure: Figure) -> list[Stop]:
    """From left to right."""
    if figure.kind == "stacked":
        return [_bar(figure, place, x) for place, x in enumerate(bars(figure))]
    if figure.kind == "scatter":
        return _points(figure)
    xs = sorted({x for line in figure.lines for x in (*line.points, *line.paper)})
    return [Stop(x, _named(figure, x), tuple(_values(figure, x))) for x in xs]


def _bar(figure: Figure, place: int, x: float) -> Stop:
    values = ((i, told(line.points[x], 3)) for i, line in enumerate(figure.lines))
    return Stop(float(place), figure.ticks[x], tuple(values))


def _points(figure: Figure) -> list[Stop]:
    lines = [line for line in figure.lines if line.cloud]
    found = [
        (point.x.mean, place, point) for place, line in enumerate(lines) for point in line.cloud
    ]
    return [
        Stop(x, f"{point.name}: {told(point.x)}", ((place, f"gain {told(point.y)}"),))
        for x, place, point in sorted(found, key=lambda one: one[:2])
    ]


def _values(figure: Figure, x: float) -> list[tuple[int, str]]:
    """Of every line at `x`; where x has no names, of the point that is nearest to it."""
    said, place = [], 0
    for line in figure.lines:
        if line.points:
            at = x
            if not figure.ticks and x not in line.points:
                at = min(line.points, key=lambda one: abs(one - x))
            if at in line.points:
                said.append((place, told(line.points[at])))
            place += 1
        if line.paper:
            if x in line.paper:
                said.append((place, f"{line.paper[x]:.2f}"))
            place += 1
    return said


def _named(figure: Figure, x: float) -> str:
    name = figure.ticks.get(x, f"{x:g}")
    return name if figure.ticks else f"{figure.x_label} {name}"


def told(stat: Stat, digits: int | None = None) -> str:
    """`97.22 ± 0.31`: mean and spread over seeds; a difference with its sign."""
    if digits is None:
        digits = 2 if abs(stat.mean) >= 1 else 4
        digits = 2 if isinstance(stat, Difference) else digits
    sign = "+" if isinstance(stat, Difference) else ""
    mean = f"{round(stat.mean, digits) + 0.0:{sign}.{digits}f}"
    return mean if stat.sd is None else f"{mean} ± {stat.sd:.{digits}f}"
