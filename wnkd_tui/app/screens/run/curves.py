"""The curves of one job: loss, top-1, learning rate, images per second; each with its cursor."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import log10

from textual.app import ComposeResult
from textual.containers import Container

from engine.events import SPEED
from wnkd_tui import charts
from wnkd_tui.app.screens.run.parts import Curves
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.report.reading import Stop
from wnkd_tui.store.rows import CurvePoint

# id of the chart: the words above it, and its curves as (metric, legend)
CHARTS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "loss": ("loss", (("train_loss", "training"), ("val_loss", "validation"))),
    "top1": ("top-1 %", (("train_top1", "training"), ("val_top1", "validation"))),
    "rate": ("learning rate", (("lr", "learning rate"),)),
    "speed": ("images/s", ((SPEED, "images/s"),)),
    "others": ("other losses", ()),
}
_NAMED = {metric for _, curves in CHARTS.values() for metric, _ in curves}
_LOSSES = ("loss", "others")  # which a logarithm is good for
_OTHERS = ("state-paused", "state-lost", "state-failed", "state-waiting")


class CurvesPane(Container):
    """All charts on a large terminal; else one, and `turn` goes to the next."""

    def __init__(self) -> None:
        super().__init__()
        self._curves = Curves({})
        self._ink = ""
        self._inks: Mapping[str, str] = {}
        self._first = "loss"
        self._logarithmic = False

    def compose(self) -> ComposeResult:
        for name in CHARTS:
            yield Chart(id=f"curve-{name}", cursor=True)

    def tell(self, curves: Curves, ink: str, inks: Mapping[str, str]) -> None:
        """`ink` is the colour of what is measured in validation, or alone."""
        self._curves, self._ink, self._inks = curves, ink, inks
        there = [name for name in CHARTS if any(_drawn(name, curves))] or ["loss"]
        if self._first not in there:
            self._first = there[0]
        self.set_class(len(there) == 1, "-one")
        for name in CHARTS:
            chart = self._chart(name)
            chart.set_class(name not in there, "-nothing")
            chart.set_class(name == self._first, "-first")
            self._draw(name)

    def _chart(self, name: str) -> Chart:
        return self.query_one(f"#curve-{name}", Chart)

    def _draw(self, name: str) -> None:
        lines = list(_drawn(name, self._curves))
        if not lines:
            self._chart(name).plot(None)
            return
        logarithmic = self._logarithmic and name in _LOSSES
        title = f"{'log10 of ' * logarithmic}{CHARTS[name][0]} over epochs"
        series = [_series(legend, points, logarithmic) for legend, points in lines]
        colours = [self._inks["faint"], self._ink] if len(lines) == 2 else [self._ink]
        if name == "others":
            colours = [self._inks[one] for one in _OTHERS]
        draw = partial(charts.line_drawing, series, title=title)
        self._chart(name).read(draw, colours, _stops([points for _, points in lines]))

    def turn(self) -> None:
        """To the next chart that has something."""
        there = [name for name in CHARTS if not self._chart(name).has_class("-nothing")]
        place = there.index(self._first) if self._first in there else -1
        self._first = there[(place + 1) % len(there)] if there else "loss"
        for name in CHARTS:
            self._chart(name).set_class(name == self._first, "-first")

    def scale(self) -> None:
        """Turns between losses and their logarithms."""
        self._logarithmic = not self._logarithmic
        for name in _LOSSES:
            self._draw(name)

    def move(self, by: int) -> None:
        """All cursors go together."""
        for chart in self.query(Chart):
            if chart.display:
                chart.move(by)

    def leave(self) -> None:
        """Takes the cursors away."""
        for chart in self.query(Chart):
            chart.leave()


def _drawn(name: str, curves: Curves) -> Iterator[tuple[str, Sequence[CurvePoint]]]:
    """Legend and points of the curves of a chart that there are."""
    named = CHARTS[name][1]
    if name == "others":
        named = tuple((metric, metric) for metric in curves.points if metric not in _NAMED)
    for metric, legend in named:
        if points := curves.points.get(metric):
            yield legend, points


def _series(legend: str, points: Sequence[CurvePoint], logarithmic: bool) -> charts.Series:
    """With the least and greatest value of each stretch where it is more than one step."""
    scale: Callable[[float], float] = log10 if logarithmic else float
    shown = [point for point in points if not logarithmic or point.low > 0]
    spread = any(point.low < point.high for point in shown)
    return charts.Series(
        legend,
        [scale(point.mean) for point in shown],
        [float(point.step) for point in shown],
        [scale(point.low) for point in shown] if spread else (),
        [scale(point.high) for point in shown] if spread else (),
    )


def _stops(lines: Sequence[Sequence[CurvePoint]]) -> list[Stop]:
    """What every curve says at each step that is drawn."""
    steps = sorted({point.step for points in lines for point in points})
    return [
        Stop(
            float(step),
            f"epoch {step:,}",
            tuple((place, _said(_near(points, step))) for place, points in enumerate(lines)),
        )
        for step in steps
    ]


def _near(points: Sequence[CurvePoint], step: int) -> CurvePoint:
    """The stretch that `step` is in, else the last one."""
    return points[min(bisect_left(points, step, key=lambda p: p.step), len(points) - 1)]


def _said(point: CurvePoint) -> str:
    if point.low < point.high:
        return f"{point.mean:.4g} ({point.low:.4g} to {point.high:.4g})"
    return f"{point.mean:.4g}"
