"""Page 4: teacher against student over the text mix, attribution, and Table 2's numbers."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from wnkd_tui.app.screens.compare.view import (
    CompareQuestion,
    CompareView,
    Sweep,
    caption,
    inks_of,
    swept,
)
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.report import curves, table2
from wnkd_tui.report.stats import Epoch

EMPTY = """[b]Nothing to compare yet.[/b] A chart needs one finished T_x or student.

[$accent]1[/]  the queue, where [$accent]d[/] queues the demo sweep
[$accent]w[/]  starts the worker
[$accent]3[/]  pick cells of the proportion grid"""
_NEXT: dict[Sweep, Sweep] = {"both": "wn", "wn": "noise", "noise": "both"}
_SWEEPS = {"both": "wn and noise", "wn": "wn", "noise": "noise"}


class ComparePage(Page):
    NAME = "compare"
    AUTO_FOCUS = "#compare"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "sweep", "wn/noise"),
        Binding("b", "epoch", "Best/last"),
        Binding("g", "group", "Group"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._sweep: Sweep = "both"
        self._epoch: Epoch = "best"
        self._group = 0

    def body(self) -> ComposeResult:
        yield Static(EMPTY, classes="empty")
        with VerticalScroll(id="compare", classes="detail"):
            yield Static(id="compare-caption")
            with Container(classes="charts"):
                yield Chart(id="accuracy")
                yield Chart(id="attribution", empty="no attribution of these trials yet")
            yield Static(id="table2")

    def question(self) -> CompareQuestion:
        return CompareQuestion()

    def show(self, answer: CompareView) -> None:
        self.set_class(not answer.groups, "-empty")
        self.offer()
        if not answer.groups:
            return
        self._group %= len(answer.groups)
        group, epoch = answer.groups[self._group], self._epoch
        rows = swept(group, self._sweep)
        inks = self.wnkd.inks
        self.query_one("#compare-caption", Static).update(self._caption(answer))
        self.query_one("#accuracy", Chart).plot(
            (lambda look: curves.accuracy(rows, look, epoch)) if rows else None,
            [inks[name] for name in inks_of(rows, epoch)],
        )
        attributed = any(row.image_share for row in rows)
        self.query_one("#attribution", Chart).plot(
            (lambda look: curves.attribution(rows, look)) if attributed else None,
            [inks["student"], inks["teacher"]],
        )
        self.query_one("#table2", Static).update(table2.render(group, epoch))

    def _caption(self, answer: CompareView) -> Text:
        group, faint = answer.groups[self._group], self.wnkd.inks["faint"]
        place = f"group {self._group + 1} of {len(answer.groups)}   "
        return Text.assemble(
            (caption(group, self._epoch), "bold"),
            (f"\n{place}sweep of {_SWEEPS[self._sweep]}", faint),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        groups = len(self.answer.groups) if self.answer else 0
        if action in ("sweep", "epoch"):
            return groups > 0
        return groups > 1 if action == "group" else True

    def action_sweep(self) -> None:
        self._sweep = _NEXT[self._sweep]
        self.redraw()

    def action_epoch(self) -> None:
        self._epoch = "last" if self._epoch == "best" else "best"
        self.redraw()

    def action_group(self) -> None:
        self._group += 1
        self.redraw()
