"""A chart that is drawn anew for every size, from `wnkd_tui.charts`' strings."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle

from rich.color import Color
from rich.style import Style
from rich.text import Span, Text
from textual.app import RenderResult
from textual.widget import Widget

from wnkd_tui import charts
from wnkd_tui.report import terminal
from wnkd_tui.report.rows import TITLES
from wnkd_tui.report.sheet import Figure

Draw = Callable[[charts.Look], str]
# What a report's line is about → the theme's colour; others take turns.
_INKS = {
    TITLES["tx_val"]: "teacher",
    TITLES["student_alone"]: "state-waiting",
    TITLES["student_tx"]: "student",
    TITLES["student_tmtx"]: "student-both",
    "image": "student",
    "text": "teacher",
}
_OTHER_INKS = ("state-paused", "state-lost", "state-failed")


class Chart(Widget):
    """`inks` name the theme's colour of each series, in their order."""

    DEFAULT_CSS = """
    Chart { height: 1fr; min-height: 8; text-wrap: nowrap; text-overflow: clip; }
    """

    def __init__(self, *, empty: str = "nothing to draw yet", id: str | None = None) -> None:
        super().__init__(id=id)
        self._empty = empty
        self._draw: Draw | None = None
        self._inks: Sequence[str] = ()

    def plot(self, draw: Draw | None, inks: Sequence[str] = ()) -> None:
        """Shows what `draw` gives; None shows the words for an empty chart."""
        self._draw, self._inks = draw, inks
        self.refresh()

    def figure(self, figure: Figure | None, inks: Mapping[str, str]) -> None:
        """Shows a report's figure; the paper's own points are faint."""
        if figure is None:
            self.plot(None)
            return
        shown, others = [], cycle(_OTHER_INKS)
        for line in figure.lines:
            shown += [inks[_INKS.get(line.name) or next(others)]] if line.points else []
            shown += [inks["faint"]] if line.paper else []
        self.plot(lambda look: terminal.chart(figure, look), shown)

    def render(self) -> RenderResult:
        width, height = self.size
        if self._draw is None or not width or not height:
            return Text(self._empty, style="dim")
        text = Text.from_ansi(self._draw(charts.Look(width, height)), no_wrap=True)
        return self._inked(text)

    def _inked(self, text: Text) -> Text:
        """The chart in the theme's colours: its legend comes first and names the series in order,
        so the nth colour met is the nth series'."""
        inks: dict[Color, str] = {}
        left = iter(self._inks)
        for index, span in enumerate(text.spans):
            if not isinstance(span.style, Style) or span.style.color is None:
                continue
            colour = span.style.color
            if colour not in inks and not colour.is_default and (ink := next(left, None)):
                inks[colour] = ink
            if colour in inks:
                text.spans[index] = Span(
                    span.start, span.end, span.style + Style(color=inks[colour])
                )
        return text
