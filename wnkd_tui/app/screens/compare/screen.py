"""Page 4: the paper's tables and figures from what is measured here, one report at a time."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from wnkd_tui.app.screens.compare.reports import REPORTS, Found, Sweep, View
from wnkd_tui.app.screens.compare.view import CompareQuestion
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.choices import Choices, Name
from wnkd_tui.app.widgets.knobs import Knob, Knobs
from wnkd_tui.app.widgets.sheet import drawn
from wnkd_tui.report.captions import epoch_label
from wnkd_tui.report.stats import Shown

EMPTY = """[b]Nothing to compare yet.[/b] A report needs one finished T_x or student.

[$accent]1[/]  the queue, where [$accent]d[/] queues the demo sweep
[$accent]w[/]  starts the worker
[$accent]3[/]  pick cells of the paper's grids, or queue a whole sweep with [$accent]S[/]"""
_MISSING = "Nothing of this is measured yet: 3 and then S queues what it needs."
_SHOWN: tuple[Shown, ...] = ("best", "last", "both")
_SWEEPS: dict[Sweep, str] = {"both": "wn and noise", "wn": "wn", "noise": "noise"}
_SWEPT = ("table2",)  # reports whose charts can leave one sweep out
_CHARTS = 3
_Choice = TypeVar("_Choice")


class ComparePage(Page):
    NAME = "compare"
    AUTO_FOCUS = "#compare"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "report(1)", "Report"),
        Binding("R", "report(-1)", "Report before", show=False),
        Binding("g", "group", "Group"),
        Binding("b", "epoch", "Best/last"),
        Binding("m", "sweep", "wn/noise"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._report = "table2"
        self._sweep: Sweep = "both"
        self._shown: Shown = "best"
        self._group = 0
        self._groups: list[View] = []

    def body(self) -> ComposeResult:
        yield Static(EMPTY, classes="empty")
        yield Choices("r", REPORTS, classes="detail")
        with Knobs(min_column_width=24, classes="detail"):
            for key, name in (("g", "group"), ("b", "epoch"), ("m", "sweep")):
                yield Knob(key, name)
        with VerticalScroll(id="compare", classes="detail"):
            yield Static(id="compare-caption", markup=False)
            with Container(classes="charts"):
                for number in range(_CHARTS):
                    yield Chart(id=f"chart-{number}")
            yield Static(id="sheet")

    def question(self) -> CompareQuestion:
        return CompareQuestion()

    def show(self, answer: Found) -> None:
        self.set_class(not answer.rows, "-empty")
        self._groups = REPORTS[self._report].groups(answer, self._shown, self._sweep)
        self._group %= max(1, len(self._groups))
        self.offer()
        self.query_one(Choices).tell(self._report, self.wnkd.inks)
        place = f"{self._group + 1} of {len(self._groups)}" if self._groups else "–"
        sweep = _SWEEPS[self._sweep] if self._report in _SWEPT else "–"
        told = {"group": place, "epoch": epoch_label(self._shown), "sweep": sweep}
        for name, value in told.items():
            self.query_one(f"#knob-{name}", Knob).tell(value, self.wnkd.inks)
        self._draw(self._groups[self._group] if self._groups else None)

    def _draw(self, group: View | None) -> None:
        inks = self.wnkd.inks
        about = f"\n{group.sheet.label} · {group.sheet.caption}" if group else f"\n\n{_MISSING}"
        words = REPORTS[self._report].words, inks["faint"]
        self.query_one("#compare-caption", Static).update(Text.assemble(words, (about, "bold")))
        figures = group.figures if group else ()
        for number in range(_CHARTS):
            chart = self.query_one(f"#chart-{number}", Chart)
            chart.display = number < len(figures)
            chart.figure(figures[number] if number < len(figures) else None, inks)
        charts = self.query_one(".charts")
        charts.display = bool(figures)
        charts.set_class(len(figures) > 1, "-several")
        self.query_one("#sheet", Static).update(drawn(group.sheet) if group else "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        measured = bool(self.answer and self.answer.rows)
        possible = {
            "report": measured,
            "epoch": measured,
            "group": len(self._groups) > 1,
            "sweep": measured and self._report in _SWEPT,
        }
        return possible.get(action, True)

    def action_report(self, by: int) -> None:
        names = list(REPORTS)
        self._turn_to(names[(names.index(self._report) + by) % len(names)])

    @on(Name.Pressed)
    def _press(self, event: Name.Pressed) -> None:
        self._turn_to(event.name)

    def _turn_to(self, report: str) -> None:
        self._report = report
        self.query_one("#compare").scroll_home(animate=False)
        self.redraw()

    def action_group(self) -> None:
        self._group += 1
        self.redraw()

    def action_epoch(self) -> None:
        self._shown = _after(self._shown, _SHOWN)
        self.redraw()

    def action_sweep(self) -> None:
        self._sweep = _after(self._sweep, tuple(_SWEEPS))
        self.redraw()

    @on(Knob.Turned)
    async def _turned(self, event: Knob.Turned) -> None:
        await self.run_action(event.name)


def _after(value: _Choice, values: Sequence[_Choice]) -> _Choice:
    return values[(values.index(value) + 1) % len(values)]
