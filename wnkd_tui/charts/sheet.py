"""plotext's figure, sized for one chart at a time, and where it puts things."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from wnkd_tui.charts.look import LEAST_HEIGHT, LEAST_WIDTH, Drawing, Look, colour, page

_DRAWING = Lock()  # plotext has one figure for the whole process
_FAINT = "dim"
_THEME = "wnkd"  # faint axes, and no colour but what a chart gives


@dataclass(frozen=True)
class Sheet:
    """The figure below the lines `above`, and plotext itself; both are bare of types."""

    plotext: Any
    figure: Any
    look: Look
    above: Sequence[str]
    width: int
    height: int

    def axes(
        self,
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        x_ticks: Mapping[float, str],
        y_ticks: Mapping[float, str],
    ) -> None:
        """One axis on the left and one below, and a faint line at zero."""
        self.figure.axes(False, side=1)
        # plotext leaves out a label that lies on one before it: so the last is not after others,
        # and a blank keeps all but the last from their neighbours.
        first, *between = sorted(x_ticks)
        places = [first, *reversed(between)]
        last = places[1:2]
        labels = [x_ticks[x] + " " * (x not in last) for x in places]
        self.figure.ruler("x").lim(*x_range).ticks(places, labels)
        self.figure.ruler("y").lim(*y_range).ticks(list(y_ticks), list(y_ticks.values()))
        if y_range[0] < 0 < y_range[1]:  # gains begin there
            line = self.plotext.line(pixel=self.plotext.pixel(style=_FAINT))
            self.figure.draw(self.figure.segment(x_range, (0.0, 0.0), marker=line))

    def marker(self, sign: str, place: int, *, faint: bool = False) -> Any:
        """A sign in the colour of the series at `place`, or plotext's `braille`."""
        return self.plotext.marker(sign, self._pixel(place, faint))

    def stroke(self, place: int, *, upright: bool) -> Any:
        """Of a line of box characters, which join where they cross."""
        return self.plotext.line(orientation=int(upright), pixel=self._pixel(place, False))

    def _pixel(self, place: int, faint: bool) -> Any:
        return self.plotext.pixel(colour(place), style=_FAINT if faint else None)

    def drawing(self, x_range: tuple[float, float], places: Iterable[float]) -> Drawing:
        """What is drawn; `places` are the x whose cells are to be known."""
        from plotext._methods.ruler import rescale  # late, as in `sheet`

        body = self.figure.build().string(colorless=not self.look.colour)
        canvas = self.figure._parts.canvas
        (left, _), (cells, rows) = canvas.position(), canvas.size()
        # The same function places plotext's points: ours would round some to the next cell.
        columns = {x: left + int(rescale(x, *x_range, cells, 0.5)) for x in places}
        return Drawing(page(self.above, body, self.look), len(self.above), rows, columns)


@contextmanager
def sheet(look: Look, above: Sequence[str]) -> Iterator[Sheet]:
    """The figure, cleaned; the lines `above`, title and legend, are outside of it."""
    with _DRAWING:
        import plotext  # not before a chart is drawn: a command starts without it

        plotext.terminal.limit(False, False)
        figure = plotext.figure
        figure.clear()
        plotext.add_theme(_THEME, text=plotext.pixel(style=_FAINT))
        figure.theme(_THEME)
        width = max(LEAST_WIDTH, look.width)
        height = max(LEAST_HEIGHT, look.height) - len(above)
        figure.plot_size(width, height)
        yield Sheet(plotext, figure, look, above, width, height)
