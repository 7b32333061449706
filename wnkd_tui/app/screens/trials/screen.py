"""Page 5: every trial, and the selected one in full."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from engine.changes import text_of
from wnkd_tui.app.screens.form.fields import Fields
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.screens.trials.detail import TrialPane
from wnkd_tui.app.screens.trials.view import TrialsQuestion, TrialsView
from wnkd_tui.app.states import badge
from wnkd_tui.app.widgets.rows import Column, Rows
from wnkd_tui.store.rows import TrialRow

_MARKS = "AB"
_CHANGED = "≠"
EMPTY = """[b]No trial yet.[/b]

[$accent]n[/]  queue a trial or a sweep
[$accent]1[/]  back to the queue, where [$accent]d[/] queues the demo sweep"""


class TrialsPage(Page):
    NAME = "trials"
    AUTO_FOCUS = "Rows"
    # List and detail need 80 and 60 columns: side by side only where both have them.
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  (Textual declares it on instances)
        (0, "-narrow"),
        (140, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark"),
        Binding("d", "compare", "A − B"),
        Binding("x", "remove", "Remove"),
        Binding("e", "clone", "Clone"),
        Binding("tab", "app.focus_next", "List/detail", show=False),
    ]

    _top1: dict[int, float]

    def __init__(self) -> None:
        super().__init__()
        self._marked: tuple[int, ...] = ()  # at most two, the one marked first in front
        self._comparing = False

    def body(self) -> ComposeResult:
        columns = [
            Column[TrialRow]("Id", lambda t, _: Text(str(t.id)), width=4, right=True),
            Column[TrialRow]("", self._mark_of, width=1),
            Column[TrialRow]("", lambda t, _: badge(t.state, self.wnkd.inks, word=False), width=1),
            Column[TrialRow]("Name", self._named, width=29, grow=3),
            Column[TrialRow]("Dataset", self._dataset, width=12, grow=1),
            Column[TrialRow]("Recipe", lambda t, _: Text(t.recipe), width=6, room=90),
            Column[TrialRow]("Seed", lambda t, _: Text(str(t.seed)), width=4, right=True),
            Column[TrialRow]("Jobs", self._jobs, width=5, right=True),
            Column[TrialRow]("Top-1", self._value, width=6, right=True),
        ]
        yield Static(EMPTY, classes="empty")
        with Container(classes="halves"):
            yield Rows(columns, lambda trial: trial.id, id="trial-list")
            yield TrialPane(classes="detail")

    def question(self) -> TrialsQuestion:
        compared = self._marked if self._comparing else ()
        return TrialsQuestion(self.wnkd.trial, compared)

    def show(self, answer: TrialsView) -> None:
        self._top1 = dict(answer.top1)
        self.set_class(not answer.trials, "-empty")
        self._rows.show(answer.trials)
        if answer.detail:
            self._rows.go_to(answer.detail.trial.id)
        pane = self.query_one(TrialPane)
        pane.tell(answer.detail, self.wnkd.inks)
        pane.compare(answer.difference if self._comparing else None, self.wnkd.inks)
        self.offer()

    @property
    def _rows(self) -> Rows[TrialRow]:
        return self.query_one("#trial-list", Rows)

    def _mark_of(self, trial: TrialRow, _: int) -> Text:
        """A or B; else whether the trial's recipe is changed."""
        if trial.id in self._marked:
            mark = _MARKS[self._marked.index(trial.id)]
            return Text(mark, style=f"bold {self.wnkd.inks['teacher']}")
        return Text(_CHANGED if trial.changes else "", style=self.wnkd.inks["faint"])

    def _named(self, trial: TrialRow, _: int) -> Text:
        changed = f" {text_of(trial.changes)}" if trial.changes else ""
        return Text.assemble(trial.name, (changed, self.wnkd.inks["faint"]))

    def _dataset(self, trial: TrialRow, _: int) -> Text:
        return Text(f"{trial.dataset}{f' ({trial.limit_train})' if trial.limit_train else ''}")

    def _jobs(self, trial: TrialRow, _: int) -> Text:
        return Text(f"{trial.jobs_done}/{trial.jobs_total}", style=self.wnkd.inks["faint"])

    def _value(self, trial: TrialRow, _: int) -> Text:
        value = self._top1.get(trial.id)
        return Text("–" if value is None else f"{value:.2f}")

    @on(Rows.Moved)
    def _follow(self, _: Rows.Moved) -> None:
        row = self._rows.row  # where the cursor is by now
        if row and row.id != self.wnkd.trial:
            self.wnkd.trial = row.id
            self.query_one(TrialPane).scroll_home(animate=False)
            self.ask()

    @on(Rows.Chosen)
    def _read(self, _: Rows.Chosen) -> None:
        self.query_one(TrialPane).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return len(self._marked) == 2 if action == "compare" else True

    def action_mark(self) -> None:
        """Marks the trial as A or B; a third mark takes the place of the older one."""
        if not (trial := self._rows.row):
            return
        others = tuple(id for id in self._marked if id != trial.id)
        self._marked = others if trial.id in self._marked else (*others[-1:], trial.id)
        self._comparing = self._comparing and len(self._marked) == 2
        self.redraw()
        self.ask()

    def action_compare(self) -> None:
        """Turns between the difference of A and B and the selected trial."""
        self._comparing = not self._comparing
        self.query_one(TrialPane).scroll_home(animate=False)
        self.ask()

    def action_remove(self) -> None:
        if trial := self._rows.row:
            self.wnkd.deeds.remove([trial.id])

    def action_clone(self) -> None:
        if trial := self._rows.row:
            self.wnkd.fill_form(Fields.of(trial.spec))
