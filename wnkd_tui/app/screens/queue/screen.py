"""Page 4: every job live; what can be done to them, alone or many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.widgets import Static

from wnkd_tui.app.poller import Status
from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.app.screens.queue import sorting
from wnkd_tui.app.screens.queue.acting import DEEDS, key
from wnkd_tui.app.screens.queue.columns import moment
from wnkd_tui.app.screens.queue.detail import JobPane
from wnkd_tui.app.screens.queue.finding import FINDING, FindingPage
from wnkd_tui.app.screens.queue.possible import can
from wnkd_tui.app.screens.queue.view import QueueQuestion, QueueView
from wnkd_tui.app.widgets.find import FindBar
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.store.find.listing import Search
from wnkd_tui.store.rows import JobRow

EMPTY = """[b]Nothing is queued yet.[/b]

[$accent]d[/]  queue the demo sweep: five text mixes on handwritten digits, minutes on a CPU
[$accent]n[/]  queue a trial or a sweep of your own
[$accent]3[/]  pick cells of the paper's proportion grid

then [$accent]w[/] starts the worker, and [$accent]7[/] compares teacher and student."""
NOTHING = "No job is like that: [$accent]/[/] changes the filter, and an empty one shows all."
_RIGHT = 3  # the mouse's button


class QueuePage(FindingPage):
    NAME = "queue"
    AUTO_FOCUS = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        *DEEDS,
        *FINDING,
        key("v", "turn", "Other chart", "Turn between top-1 and loss"),
        key("i", "turn_words", "Log / needs", "Turn between the log and what it needs"),
        key("a", "actions", "More", "All that can be done here, to pick from", shown=True),
        key("d", "demo", "Demo", "Queue the demo sweep", shown=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._status: Status | None = None
        self._keys: object = None  # of what is drawn
        self._drawn: object = None
        self._told_of_all: object = None
        self._told_gone: object = None
        self._selected: int | None = None
        self._kept: int | None = None  # the job that was selected when the app was left

    def body(self) -> ComposeResult:
        yield Static(EMPTY, classes="empty")
        yield FindBar("jobs", id="find")
        yield Static(id="gone")
        yield Rows(self.columns, lambda job: job.id, id="jobs", markable=True)
        yield Static(NOTHING, classes="nothing")
        yield JobPane(classes="detail")

    def kept(self) -> dict[str, Any]:
        search = self.search
        told = {"find": search.text, "sort": search.sort, "down": search.down}
        return told | {"job": self._selected}

    def restore(self, kept: Mapping[str, Any]) -> None:
        if kept["sort"] not in sorting.SORTS:
            raise ValueError(kept["sort"])
        job = kept["job"]
        self._kept = self._selected = None if job is None else int(job)
        self.search = Search(str(kept["find"]), kept["sort"], bool(kept["down"]))
        self.call_after_refresh(self.query_one(FindBar).put, self.search.text)

    def question(self) -> QueueQuestion:
        return QueueQuestion(self._selected, self.search, self.rows.window)

    def take(self, question: Any, answer: Any) -> None:
        """The list is live while the selection moves on: an older answer's jobs still count."""
        mine = self.question()
        if isinstance(question, QueueQuestion) and question != mine:
            if question == replace(mine, selected=question.selected):
                self._list(answer)
            return
        super().take(question, answer)

    def show(self, answer: QueueView) -> None:
        self._list(answer)
        shown = len(answer.listing.keys)
        self.set_class(not answer.total, "-empty")
        self.set_class(bool(answer.total) and not shown, "-nothing")
        told = (shown, answer.total, answer.fault, answer.saved)
        if told != self._told_of_all:
            self._told_of_all = told
            self.query_one(FindBar).tell(*told)
        self._tell_gone(answer)
        start = answer.starts.get(answer.detail.job.id) if answer.detail else None
        now, marks = self.cells.now, len(self.rows.marks)
        pane = self.query_one(JobPane)
        pane.tell(answer.detail, self.wnkd.inks, start=start, now=now, marks=marks)
        self.offer()

    def tell(self, status: Status) -> None:
        """A process that is gone leaves no trace in the database: its jobs are read again."""
        super().tell(status)
        if status != self._status:
            self._status = status
            self.ask()

    def _list(self, answer: QueueView) -> None:
        cells = self.cells
        cells.inks, cells.starts, cells.now = self.wnkd.inks, answer.starts, self.wnkd.clock()
        listing, rows = answer.listing, self.rows
        drawn = (self.search, answer.starts, tuple(cells.inks.values()), listing.rows)
        if listing.keys is self._keys and drawn == self._drawn:
            return  # a cursor's move has been drawn already
        self._keys, self._drawn = listing.keys, drawn
        self.columns[:] = cells.columns(self.search)  # the table draws by this very list
        rows.list(listing)
        if self._kept is not None:
            rows.go_to(self._kept)
            self._kept = None

    def _tell_gone(self, answer: QueueView) -> None:
        """A worker that has not ended by itself, while none has taken over."""
        gone = answer.gone if self.wnkd.status and not self.wnkd.status.workers else ()
        self.set_class(bool(gone), "-gone")
        if gone and gone != self._told_gone:
            self._told_gone = gone
            last, heard = gone[0], moment(gone[0].heard, self.cells.now)
            self.query_one("#gone", Static).update(
                f"[$error]✗ worker {last.pid} on {last.host} died ({heard})[/]:"
                " [$accent]w[/] starts another, its jobs go on"
            )

    @on(Rows.Moved, "#jobs")
    def _follow(self, event: Rows.Moved) -> None:
        if type(event) is Rows.Moved:
            self._selected = cast("int | None", self.rows.key)
            self.offer()
            self.ask()

    @on(Rows.Wanted, "#jobs")
    def _want(self, _: Rows.Wanted) -> None:
        self.ask()

    @on(Rows.Marked, "#jobs")
    def _mark(self, _: Rows.Marked) -> None:
        self.redraw()

    @on(Rows.Chosen, "#jobs")
    def _open(self, _: Rows.Chosen) -> None:
        if (job := self.rows.row) and job.trials:
            self.wnkd.open_trial(job.trials[0], job.id)

    def on_click(self, event: Click) -> None:
        if event.widget is self.rows:
            if event.button == _RIGHT:
                self.action_actions()
            elif event.y == 0:
                self.sort_at(event.x)

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
        if action in ("find", "sort"):
            return not self.has_class("-empty")
        if action == "demo":
            return self.has_class("-empty")
        if action == "reverse":
            return bool(self.search.sort)
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
