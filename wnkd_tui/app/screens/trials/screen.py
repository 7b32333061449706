"""Page 5: every trial, filtered and in any order, and the selected one in short."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from wnkd_tui.app import labelling
from wnkd_tui.app.screens.ask import AskLine
from wnkd_tui.app.screens.searching import SearchingPage, searching
from wnkd_tui.app.screens.trials.columns import SORTS, TrialCells
from wnkd_tui.app.screens.trials.detail import TrialPane
from wnkd_tui.app.screens.trials.view import TrialsQuestion, TrialsView
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.app.widgets.find import FindBar
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.queue.fields import Fields
from wnkd_tui.queue.wording import count
from wnkd_tui.store.find.listing import Search
from wnkd_tui.store.rows import TrialLine

EMPTY = """[b]No trial yet.[/b]

[$accent]n[/]  queue a trial or a sweep
[$accent]1[/]  home, where [$accent]d[/] queues the demo sweep"""


class TrialsPage(SearchingPage[TrialLine]):
    NAME = "trials"
    WHAT = "trials"
    SORTS = SORTS
    AUTO_FOCUS = "Rows"
    # List and detail need 88 and 52 columns: side by side only where both have them.
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  (Textual declares it on instances)
        (0, "-narrow"),
        (140, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        *searching(),
        Binding("plus,T", "tag", "Tag", tooltip="Put tags on the chosen trials"),
        Binding("N", "note", "Note", show=False, tooltip="Write a note on the trial"),
        Binding("d", "compare", "A − B", tooltip="How the first two marked trials differ"),
        Binding("e", "clone", "Clone", tooltip="Fill the form from the trial"),
        Binding("x", "remove", "Remove", tooltip="Remove the chosen trials, after asking"),
        Binding("tab", "app.focus_next", "List/detail", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._cells = TrialCells()
        self._comparing = False

    def body(self) -> ComposeResult:
        yield Static(EMPTY, classes="empty")
        yield FindBar("trials", id="trial-find")
        with Container(classes="halves"):
            yield Rows(self.columns(), lambda trial: trial.id, id="trial-list", markable=True)
            yield TrialPane(classes="detail")

    def kept(self) -> dict[str, Any]:
        return super().kept() | {"trial": self.wnkd.trial}

    def restore(self, kept: Mapping[str, Any]) -> None:
        trial = kept["trial"]
        super().restore(kept)
        if isinstance(trial, int) and self.wnkd.trial is None:
            self.wnkd.trial = trial

    def question(self) -> TrialsQuestion:
        rows = self.rows
        compared = cast("tuple[int, ...]", rows.chosen[:2]) if self._comparing else ()
        return TrialsQuestion(self.search, rows.window, self.wnkd.trial, compared, self.completing)

    def show(self, answer: TrialsView) -> None:
        inks = self.wnkd.inks
        self._cells.inks, self._cells.now = inks, self.wnkd.clock()
        self.found(answer)
        if answer.detail:
            self.rows.go_to(answer.detail.trial.id)
            if self.wnkd.trial is None:
                self.wnkd.trial = answer.detail.trial.id
                self.ask()
        pane = self.query_one(TrialPane)
        pane.tell(answer.detail, inks)
        pane.compare(answer.difference if self._comparing else None, inks)
        self.refresh_bindings()

    def columns(self) -> list[Column[TrialLine]]:
        return self._cells.columns()

    @property
    def _chosen(self) -> tuple[int, ...]:
        return cast("tuple[int, ...]", self.rows.chosen)

    # The list.

    @on(Rows.Moved)
    def _follow(self, _: Rows.Moved) -> None:
        key = self.rows.key  # where the cursor is by now
        if isinstance(key, int) and key != self.wnkd.trial:
            self.wnkd.trial, self.wnkd.job = key, None
            self.ask()

    @on(Rows.Marked)
    def _marked(self, _: Rows.Marked) -> None:
        self._comparing = self._comparing and len(self.rows.marks) > 1
        self.wnkd.marked = self._chosen if self.rows.marks else ()
        self.refresh_bindings()
        self.ask()

    @on(Rows.Chosen)
    def _open(self, _: Rows.Chosen) -> None:
        if isinstance(key := self.rows.key, int):
            self.wnkd.open_trial(key)

    def look_for(self, search: Search) -> None:
        """Another list, from its top."""
        if search != self.search:
            self.wnkd.trial = None
        super().look_for(search)

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if action == "compare":
            return len(self.rows.marks) > 1
        if action in ("tag", "note", "clone", "remove"):
            return self.rows.key is not None
        searched = self.searchable(action)
        return True if searched is None else searched

    def action_tag(self) -> None:
        trials = self._chosen

        def answer(text: str | None) -> None:
            if text and text.strip():
                self.wnkd.deeds.do(partial(labelling.tag, trials=trials, text=text))

        question = f"Tags for {count(len(trials), 'trial')} (-word takes one off)"
        line = AskLine(question, placeholder="paper, seed-check, -old", fault=labelling.tags_fault)
        self.app.push_screen(line, answer)

    def action_note(self) -> None:
        if not (trial := self.rows.row):
            return

        def answer(text: str | None) -> None:
            if text is not None and text.strip() != trial.note:
                self.wnkd.deeds.do(partial(labelling.note, trial=trial.id, text=text))

        line = AskLine(f"Note on trial {trial.id}", trial.note, edited=True)
        self.app.push_screen(line, answer)

    def action_compare(self) -> None:
        """Turns between the difference of A and B and the selected trial."""
        self._comparing = not self._comparing
        self.ask()

    def action_remove(self) -> None:
        self.wnkd.deeds.remove(self._chosen)

    def action_clone(self) -> None:
        if trial := self.rows.row:
            self.wnkd.fill_form(Fields.of(trial.spec))
