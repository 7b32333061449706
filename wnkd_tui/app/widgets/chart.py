"""A chart that is drawn anew for every size, from `wnkd_tui.charts`' strings, and its cursor."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.text import Text
from textual.app import RenderResult
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from wnkd_tui import charts
from wnkd_tui.app.widgets.chart_inks import inked, inks_of
from wnkd_tui.charts.look import SIGNS
from wnkd_tui.report import terminal
from wnkd_tui.report.reading import Stop, stops
from wnkd_tui.report.sheet import Figure

Draw = Callable[[charts.Look], str]
_BLANKS = (" ", "\u2800")
_HINT = "← → or a click reads the values"


class Chart(Widget):
    """`plot` takes a drawing function, `figure` a report's figure. One with a `cursor` reads a
    figure's values in its last line; its page has the keys, which need no focus: a new focus would
    draw the footer anew, and that takes longer than a chart."""

    DEFAULT_CSS = """
    Chart { height: 1fr; min-height: 8; text-wrap: nowrap; text-overflow: clip; }
    """

    class Aimed(Message):
        """A click: keys are meant for this chart from now on."""

        def __init__(self, chart: "Chart") -> None:
            super().__init__()
            self.chart = chart

    def __init__(
        self, *, empty: str = "nothing to draw yet", id: str | None = None, cursor: bool = False
    ) -> None:
        super().__init__(id=id)
        self._reads = cursor
        self._aimed = False  # whether keys are meant for it
        self._empty = empty
        self._draw: Callable[[charts.Look], charts.Drawing] | None = None
        self._inks: Sequence[str] = ()
        self._figure: Figure | None = None
        self._stops: Sequence[Stop] = ()
        self._at: int | None = None  # the stop that the cursor is on
        self._drawn: tuple[charts.Look, charts.Drawing, Text] | None = None

    def plot(self, draw: Draw | None, inks: Sequence[str] = ()) -> None:
        """Shows what `draw` gives; None shows the words for an empty chart. `inks` name the
        theme's colour of each series, in their order."""
        self._figure, self._stops, self._at = None, (), None
        self._show(None if draw is None else lambda look: charts.Drawing(draw(look)), inks)

    def figure(self, figure: Figure | None, inks: Mapping[str, str]) -> None:
        """Shows a report's figure; the paper's own points are faint."""
        if figure is None:
            self.plot(None)
            return
        shown = list(inks_of(figure, inks))
        if figure == self._figure and shown == self._inks:
            return
        if figure != self._figure:
            self._figure = figure
            held = self.stop
            self._stops = stops(figure) if self._reads else ()
            same = [
                i for i, stop in enumerate(self._stops) if held and _place(stop) == _place(held)
            ]
            self._at = same[0] if same else None
        self._show(lambda look: terminal.drawing(figure, look), shown)

    def read(
        self,
        draw: Callable[[charts.Look], charts.Drawing],
        inks: Sequence[str],
        stops: Sequence[Stop],
    ) -> None:
        """Shows what `draw` gives; the cursor reads `stops`, from left to right."""
        held = self.stop
        self._figure, self._stops = None, stops
        self._at = next((i for i, stop in enumerate(stops) if held and stop.at >= held.at), None)
        self._show(draw, inks)

    def _show(
        self, draw: Callable[[charts.Look], charts.Drawing] | None, inks: Sequence[str]
    ) -> None:
        self._draw, self._inks, self._drawn = draw, inks, None
        self.refresh()

    @property
    def stop(self) -> Stop | None:
        """Where the cursor is."""
        return None if self._at is None else self._stops[self._at]

    def render(self) -> RenderResult:
        width, height = self.size
        if self._draw is None or not width or not height:
            return Text(self._empty, style="dim")
        look = charts.Look(width, height - self._reads, unicode=self._unicode)
        drawing, text = self._pictured(look)
        if not self._reads:
            return text
        shown = text.copy()
        if self._at is not None:
            self._mark(shown, drawing)
        shown.append("\n")
        shown.append_text(self._readout())
        return shown

    @property
    def _unicode(self) -> bool:
        app: Any = self.app
        return getattr(app, "unicode", True)

    def _pictured(self, look: charts.Look) -> tuple[charts.Drawing, Text]:
        """Drawn once for a size: the cursor needs no new drawing."""
        if self._drawn is None or self._drawn[0] != look:
            assert self._draw is not None
            drawing = self._draw(look)
            text = inked(Text.from_ansi(drawing.text, no_wrap=True), self._inks)
            lines = text.plain.count("\n") + 1
            text.append("\n" * (look.height - lines if self._reads else 0))
            self._drawn = look, drawing, text
        return self._drawn[1:]

    # The cursor.

    def aim(self, aimed: bool) -> None:
        if aimed != self._aimed:
            self._aimed = aimed
            self.refresh()

    def move(self, by: int) -> None:
        """To the next stop that is not in the same column, or is another sign there."""
        if not self._stops or self._drawn is None:
            return
        columns = self._drawn[1].columns
        at = self._at
        if at is None:
            self._go(0 if by > 0 else len(self._stops) - 1)
            return
        scattered = self._figure is not None and self._figure.kind == "scatter"
        start = columns.get(self._stops[at].at)
        at += by
        while 0 <= at < len(self._stops):
            if scattered or columns.get(self._stops[at].at) != start:
                self._go(at)
                return
            at += by

    def leave(self) -> None:
        """Takes the cursor away."""
        self._at = None
        self.refresh()

    def on_click(self, event: Click) -> None:
        """The cursor goes to the nearest stop."""
        if not self._stops or self._drawn is None:
            return
        columns = self._drawn[1].columns
        near = min(
            range(len(self._stops)),
            key=lambda i: abs(columns.get(self._stops[i].at, 0) - event.x),
        )
        self._go(near)
        self.post_message(self.Aimed(self))

    def _go(self, at: int) -> None:
        self._at = at
        self.refresh()

    def _mark(self, text: Text, drawing: charts.Drawing) -> None:
        """A line through the plot, behind what is drawn there."""
        column = drawing.columns.get(self._stops[self._at or 0].at)
        if column is None:
            return
        line = "│" if self._unicode else "|"
        signs = list(text.plain)
        start = 0
        for number, said in enumerate(text.plain.split("\n")):
            if drawing.top <= number < drawing.top + drawing.rows and column < len(said):
                at = start + column
                if signs[at] in _BLANKS:
                    signs[at] = line
                else:
                    text.stylize("reverse", at, at + 1)
            start += len(said) + 1
        text.plain = "".join(signs)

    def _readout(self) -> Text:
        stop = self.stop
        if stop is None:
            return Text(_HINT if self._aimed and self._stops else "", style="dim")
        text = Text(stop.name, style="bold")
        stacked = self._figure is not None and self._figure.kind == "stacked"
        signs = "" if stacked else SIGNS[self._unicode]
        for place, said in stop.values:
            ink = self._inks[place] if place < len(self._inks) else ""
            sign = signs[place % len(signs)] if signs else self._figure.lines[place].name  # type: ignore[union-attr]
            text.append("  ")
            text.append(sign, style=ink)
            text.append(f" {said if self._unicode else said.replace('±', '+-')}")
        return text


def _place(stop: Stop) -> tuple[float, str]:
    return stop.at, stop.name
