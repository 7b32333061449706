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
from wnkd_tui.app.listing import Listing
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.screens.trials.columns import DOWNWARDS, TrialCells, after
from wnkd_tui.app.screens.trials.detail import TrialPane
from wnkd_tui.app.screens.trials.view import TrialsQuestion, TrialsView
from wnkd_tui.app.screens.trials.write import Write
from wnkd_tui.app.widgets.find import FindBar
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.queue.fields import Fields
from wnkd_tui.queue.wording import count
from wnkd_tui.store.find.listing import Search
from wnkd_tui.store.rows import SavedFilter, TrialLine

EMPTY = """[b]No trial yet.[/b]

[$accent]n[/]  queue a trial or a sweep
[$accent]1[/]  home, where [$accent]d[/] queues the demo sweep"""


class TrialsPage(Page):
    NAME = "trials"
    AUTO_FOCUS = "Rows"
    # List and detail need 88 and 52 columns: side by side only where both have them.
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  (Textual declares it on instances)
        (0, "-narrow"),
        (140, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "Find", key_display="/", tooltip="Show trials that fit a filter"),
        Binding("s", "sort", "Sort", tooltip="Sort by the next column"),
        Binding("S", "turn", "Turn the order", show=False, tooltip="Upwards or downwards"),
        Binding("plus,T", "tag", "Tag", key_display="+", tooltip="Put tags on the chosen trials"),
        Binding("N", "note", "Note", show=False, tooltip="Write a note on the trial"),
        Binding("d", "compare", "A − B", tooltip="How the first two marked trials differ"),
        Binding("e", "clone", "Clone", tooltip="Fill the form from the trial"),
        Binding("x", "remove", "Remove", tooltip="Remove the chosen trials, after asking"),
        Binding("tab", "app.focus_next", "List/detail", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._cells = TrialCells()
        self._search = Search()
        self._drawn: Listing[TrialLine] = Listing()
        self._look: tuple[object, ...] = ()  # how it was drawn
        self._comparing = False
        self._completing = False  # from the first time that a filter is written

    def body(self) -> ComposeResult:
        yield Static(EMPTY, classes="empty")
        yield FindBar("trials", id="trial-find")
        with Container(classes="halves"):
            columns = self._cells.columns()
            yield Rows(columns, lambda trial: trial.id, id="trial-list", markable=True)
            yield TrialPane(classes="detail")

    def kept(self) -> dict[str, Any]:
        search = self._search
        return {
            "find": search.text,
            "sort": search.sort,
            "down": search.down,
            "trial": self.wnkd.trial,
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        search = Search(str(kept["find"]), str(kept["sort"]), bool(kept["down"]))
        if isinstance(trial := kept["trial"], int) and self.wnkd.trial is None:
            self.wnkd.trial = trial
        self._search = search
        self._bar.put(search.text)

    def question(self) -> TrialsQuestion:
        rows = self._rows
        compared = cast("tuple[int, ...]", rows.chosen[:2]) if self._comparing else ()
        return TrialsQuestion(
            self._search, rows.window, self.wnkd.trial, compared, self._completing
        )

    def show(self, answer: TrialsView) -> None:
        inks = self.wnkd.inks
        self._cells.inks, self._cells.now = inks, self.wnkd.clock()
        self.set_class(not answer.total, "-empty")
        found, rows = answer.listing, self._rows
        self._bar.tell(
            len(found.keys), answer.total, answer.error, answer.known.saved, answer.known.values
        )
        if answer.error is None:
            self._list(found)
            if answer.detail:
                rows.go_to(answer.detail.trial.id)
                if self.wnkd.trial is None:
                    self.wnkd.trial = answer.detail.trial.id
                    self.ask()
        pane = self.query_one(TrialPane)
        pane.tell(answer.detail, inks)
        pane.compare(answer.difference if self._comparing else None, inks)
        self.offer()

    def _list(self, found: Listing[TrialLine]) -> None:
        """Draws the list anew where it is another one: that takes longer than all else."""
        order = (self._search.sort, self._search.down)
        same = found.keys is self._drawn.keys and found.rows is self._drawn.rows
        if not same or self._look != (order, self.wnkd.theme):
            self._drawn, self._look = found, (order, self.wnkd.theme)
            self._rows.order = order
            self._rows.list(found)

    @property
    def _rows(self) -> Rows[TrialLine]:
        return self.query_one("#trial-list", Rows)

    @property
    def _bar(self) -> FindBar:
        return self.query_one(FindBar)

    @property
    def _chosen(self) -> tuple[int, ...]:
        return cast("tuple[int, ...]", self._rows.chosen)

    # The list.

    @on(Rows.Moved)
    def _follow(self, _: Rows.Moved) -> None:
        key = self._rows.key  # where the cursor is by now
        if isinstance(key, int) and key != self.wnkd.trial:
            self.wnkd.trial, self.wnkd.job = key, None
            self.ask()

    @on(Rows.Wanted)
    def _wanted(self, _: Rows.Wanted) -> None:
        self.ask()

    @on(Rows.Marked)
    def _marked(self, _: Rows.Marked) -> None:
        self._comparing = self._comparing and len(self._rows.marks) > 1
        self.wnkd.marked = self._chosen if self._rows.marks else ()
        self.offer()
        self.ask()

    @on(Rows.Chosen)
    def _open(self, _: Rows.Chosen) -> None:
        if isinstance(key := self._rows.key, int):
            self.wnkd.open_trial(key)

    @on(Rows.Headed)
    def _headed(self, event: Rows.Headed) -> None:
        """A second click turns the order."""
        if event.field == self._search.sort:
            self.action_turn()
        else:
            self._sort(event.field)

    def _sort(self, field: str) -> None:
        self._look_for(Search(self._search.text, field, field in DOWNWARDS))

    def _look_for(self, search: Search) -> None:
        """Another list, from its top."""
        if search != self._search:
            self._search = search
            self.wnkd.trial = None
            self.ask()

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if action == "compare":
            return len(self._rows.marks) > 1
        if action in ("tag", "note", "clone", "remove"):
            return self._rows.key is not None
        return True

    def action_find(self) -> None:
        self._completing = True
        self._bar.open()
        self.ask()

    @on(FindBar.Changed)
    def _find(self, event: FindBar.Changed) -> None:
        saved = event.saved or SavedFilter("", "", "", self._search.sort, self._search.down)
        self._look_for(Search(event.text, saved.sort, saved.down))

    @on(FindBar.Named)
    def _save(self, event: FindBar.Named) -> None:
        search = SavedFilter(event.name, "trials", event.text, self._search.sort, self._search.down)
        self.wnkd.deeds.do(partial(labelling.save, search=search))

    def action_sort(self) -> None:
        self._sort(after(self._search.sort, self._rows.sortable))

    def action_turn(self) -> None:
        search = self._search
        self._look_for(Search(search.text, search.sort or "id", not search.down))

    def action_tag(self) -> None:
        trials = self._chosen

        def answer(text: str | None) -> None:
            if text and text.strip():
                self.wnkd.deeds.do(partial(labelling.tag, trials=trials, text=text))

        question = f"Tags for {count(len(trials), 'trial')} (-word takes one off)"
        self.app.push_screen(Write(question, placeholder="paper, seed-check, -old"), answer)

    def action_note(self) -> None:
        if not (trial := self._rows.row):
            return

        def answer(text: str | None) -> None:
            if text is not None and text.strip() != trial.note:
                self.wnkd.deeds.do(partial(labelling.note, trial=trial.id, text=text))

        self.app.push_screen(Write(f"Note on trial {trial.id}", trial.note), answer)

    def action_compare(self) -> None:
        """Turns between the difference of A and B and the selected trial."""
        self._comparing = not self._comparing
        self.ask()

    def action_remove(self) -> None:
        self.wnkd.deeds.remove(self._chosen)

    def action_clone(self) -> None:
        if trial := self._rows.row:
            self.wnkd.fill_form(Fields.of(trial.spec))
