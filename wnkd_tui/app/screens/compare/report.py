"""One report on the screen: its words, its charts with their cursor, its table."""

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from wnkd_tui.app.screens.compare.reports import View
from wnkd_tui.app.screens.compare.state import after
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.sheet import SheetTable

_CHARTS = 3


class Report(VerticalScroll, inherit_bindings=False):
    """Scrolls up and down; left and right are the cursor's, which its page has the keys of."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding
        for binding in VerticalScroll.BINDINGS
        if isinstance(binding, Binding) and binding.key not in ("left", "right")
    ]

    def __init__(self, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._aimed = 0  # the chart that cursor keys go to

    def compose(self) -> ComposeResult:
        yield Static(id="compare-caption", markup=False)
        with Container(classes="charts"):
            for number in range(_CHARTS):
                yield Chart(id=f"chart-{number}", cursor=True)
        yield SheetTable(id="sheet")

    def tell(self, words: Text, view: View | None, inks: Mapping[str, str]) -> None:
        self.query_one("#compare-caption", Static).update(words)
        figures = view.figures if view else ()
        for number, chart in enumerate(self._charts):
            chart.display = number < len(figures)
            chart.figure(figures[number] if number < len(figures) else None, inks)
        charts = self.query_one(".charts")
        charts.display = bool(figures)
        charts.set_class(len(figures) > 1, "-several")
        self.query_one(SheetTable).tell(view.sheet if view else None)
        self._aim(self._aimed if self._aimed < len(figures) else 0)

    @property
    def reads(self) -> bool:
        """Whether the cursor is on something."""
        return self._charts[self._aimed].stop is not None

    def move(self, by: int) -> None:
        chart = self._charts[self._aimed]
        chart.move(by)
        chart.scroll_visible(animate=False)

    def turn(self) -> None:
        """Cursor keys go to the next chart."""
        shown = [place for place, chart in enumerate(self._charts) if chart.display]
        if shown:
            self._aim(after(self._aimed, shown))
            self._charts[self._aimed].scroll_visible(animate=False)

    def leave(self) -> None:
        """Takes the cursor away."""
        self._charts[self._aimed].leave()

    def _aim(self, number: int) -> None:
        self._aimed = number
        for place, chart in enumerate(self._charts):
            chart.aim(place == number)

    @property
    def _charts(self) -> list[Chart]:
        return list(self.query(Chart))

    @on(Chart.Aimed)
    def _clicked(self, event: Chart.Aimed) -> None:
        self._aim(self._charts.index(event.chart))
