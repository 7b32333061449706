"""The grid's numbers as lines below it: teacher and students over the text mix."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Horizontal

from engine.spec import Modality
from wnkd_tui.app.screens.grid.board import SEES
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.report import curves
from wnkd_tui.report.rows import Row
from wnkd_tui.report.stats import Epoch


class GridCharts(Horizontal):
    """A chart for each modality, beside each other."""

    def compose(self) -> ComposeResult:
        for modality in Modality:
            yield Chart(id=f"chart-{modality.name}")

    def tell(
        self,
        rows: Mapping[Modality, Sequence[Row]],
        several: bool,
        epoch: Epoch,
        inks: Mapping[str, str],
    ) -> None:
        """Draws `rows` by their modality, which is named where the grid has `several`."""
        self.set_class(not rows, "-nothing")
        for modality in Modality:
            chart = self.query_one(f"#chart-{modality.name}", Chart)
            chart.display = modality in rows
            if chart.display:
                figure = curves.accuracy(rows[modality], epoch)
                if several:
                    figure = replace(figure, label=f"T_x sees {SEES[modality]}")
                chart.figure(figure, inks)
