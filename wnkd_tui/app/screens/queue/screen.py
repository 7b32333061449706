"""Page 4: every job live; what can be done to them, alone or many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.widgets import Static

from wnkd_tui.app.progress import moment
from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.app.screens.queue.acting import DEEDS, ActingPage, key
from wnkd_tui.app.screens.queue.columns import SORTS, JobCells
from wnkd_tui.app.screens.queue.detail import JobPane
from wnkd_tui.app.screens.queue.possible import can
from wnkd_tui.app.screens.queue.view import QueueQuestion, QueueView
from wnkd_tui.app.screens.searching import searching
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.app.widgets.find import FindBar
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.store.rows import JobRow

EMPTY = """[b]Nothing is queued yet.[/b]

[$accent]d[/]  queue the demo sweep: five text mixes on handwritten digits, minutes on a CPU
[$accent]n[/]  queue a trial or a sweep of your own
[$accent]3[/]  pick cells of the paper's proportion grid

then [$accent]w[/] starts the worker, and [$accent]7[/] compares teacher and student."""
NOTHING = "No job is like that: [$accent]/[/] changes the filter, and an empty one shows all."
_RIGHT = 3  # the mouse's button


class QueuePage(ActingPage):
    NAME = "queue"
    WHAT = "jobs"
    SORTS = SORTS
    AUTO_FOCUS = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        *DEEDS,
        *searching(),
        key("v", "turn", "Other chart", "Turn between top-1 and loss"),
        key("i", "turn_words", "Log / needs", "Turn between the log and what it needs"),
        key("a", "actions", "More", "All that can be done here, to pick from", shown=True),
        key("d", "demo", "Demo", "Queue the demo sweep", shown=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._cells = JobCells()
        self._told_gone: object = None
        self._selected: int | None = None
        self._kept: int | None = None  # the job that was selected when the app was left

    def body(self) -> ComposeResult:
        yield Static(EMPTY, classes="empty")
        yield FindBar("jobs", id="find")
        yield Static(id="gone")
        yield Rows(self.columns(), lambda job: job.id, id="jobs", markable=True)
        yield Static(NOTHING, classes="nothing")
        yield JobPane(classes="detail")

    def kept(self) -> dict[str, Any]:
        return super().kept() | {"job": self._selected}

    def restore(self, kept: Mapping[str, Any]) -> None:
        job = kept["job"]
        super().restore(kept)
        self._kept = self._selected = None if job is None else int(job)

    def question(self) -> QueueQuestion:
        return QueueQuestion(self._selected, self.search, self.rows.window, self.completing)

    def take(self, question: Any, answer: Any) -> None:
        """The list is live while the selection moves on: an older answer's jobs still count."""
        mine = self.question()
        if isinstance(question, QueueQuestion) and question.selected != mine.selected:
            mine = replace(mine, selected=question.selected)
            if question == mine:
                self._list(answer)
        super().take(question, answer)

    def show(self, answer: QueueView) -> None:
        self._list(answer)
        self._tell_gone(answer)
        start = answer.starts.get(answer.detail.job.id) if answer.detail else None
        now, marks = self._cells.now, len(self.rows.marks)
        pane = self.query_one(JobPane)
        pane.tell(answer.detail, self.wnkd.inks, start=start, now=now, marks=marks)
        self.refresh_bindings()

    def _list(self, answer: QueueView) -> None:
        cells = self._cells
        cells.inks, cells.starts, cells.now = self.wnkd.inks, answer.starts, self.wnkd.clock()
        none = answer.total > 0 and not answer.listing.keys and answer.error is None
        self.set_class(none, "-nothing")
        # Forecasts move by seconds all the time, but minutes are what is told.
        self.found(answer, {id: int(at // 60) for id, at in answer.starts.items()})
        if self._kept is not None:
            self.rows.go_to(self._kept)
            self._kept = None

    def columns(self) -> list[Column[JobRow]]:
        return self._cells.columns()

    def _tell_gone(self, answer: QueueView) -> None:
        """A worker that has not ended by itself, while none has taken over."""
        gone = answer.gone if self.wnkd.status and not self.wnkd.status.workers else ()
        self.set_class(bool(gone), "-gone")
        if gone and gone != self._told_gone:
            self._told_gone = gone
            last, heard = gone[0], moment(gone[0].heard, self._cells.now)
            self.query_one("#gone", Static).update(
                f"[$error]✗ worker {last.pid} on {last.host} died ({heard})[/]:"
                " [$accent]w[/] starts another, its jobs go on"
            )

    @on(Rows.Moved)
    def _follow(self, event: Rows.Moved) -> None:
        if type(event) is Rows.Moved:
            self._selected = cast("int | None", self.rows.key)
            self.ask()

    @on(Rows.Marked)
    def _mark(self, _: Rows.Marked) -> None:
        if self.answer is not None:
            self.show(self.answer)

    @on(Rows.Chosen)
    def _open(self, _: Rows.Chosen) -> None:
        if (job := self.rows.row) and job.trials:
            self.wnkd.open_trial(job.trials[0], job.id)

    def on_click(self, event: Click) -> None:
        if event.widget is self.rows and event.button == _RIGHT:
            self.action_actions()

    # What can be done.

    @property
    def _candidates(self) -> Sequence[JobRow | None]:
        """The chosen jobs, None for one that is not known here; of many, one such."""
        if not self.rows.marks:
            return [self.rows.row] if self.rows.key is not None else []
        known = self.answer.listing.rows if self.answer else {}
        marks = self.rows.marks
        return [known.get(id) for id in marks] if len(marks) <= len(known) else [None]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing to the selected job are not offered."""
        if not self.is_mounted:
            return None
        if action in ("up", "down") and self.search.sort:
            return False
        found = can(action, self._candidates)
        if found is not None:
            return found
        searched = self.searchable(action)
        if searched is not None:
            return searched
        if action in ("demo", "actions"):
            return self.has_class("-empty") == (action == "demo")
        if action in ("turn", "turn_words"):
            return self.has_class("-narrow")
        return True

    def action_actions(self) -> None:
        """All of this page's keys that do something now, to pick from by key or mouse."""
        bindings = [one for one in type(self).BINDINGS if isinstance(one, Binding)]
        choices = []
        for binding in bindings:
            name, _, given = binding.action.rstrip(")").partition("(")
            if name != "actions" and self.check_action(name, (given,)):
                words = binding.tooltip or binding.description
                choices.append(Choice(binding.key.partition(",")[0], words, binding.action))
        question = f"What to do with {self.who}?" if self.rows.key else "What to do?"

        async def answer(action: str | None) -> None:
            if action:
                await self.run_action(action)

        self.app.push_screen(Ask(question, choices), answer)

    def action_turn(self) -> None:
        self.query_one(JobPane).turn()

    def action_turn_words(self) -> None:
        self.query_one(JobPane).turn_words()

    def action_demo(self) -> None:
        self.wnkd.deeds.demo()
