"""Page 1: every job live, and the selected one's log and curves."""

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.screens.queue.columns import JobCells
from wnkd_tui.app.screens.queue.detail import JobPane
from wnkd_tui.app.screens.queue.view import QueueQuestion, QueueView
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.store.order import MOVABLE
from wnkd_tui.store.rows import BLOCKING, JobRow

EMPTY = """[b]Nothing is queued yet.[/b]

[$accent]d[/]  queue the demo sweep: five text mixes on handwritten digits, minutes on a CPU
[$accent]n[/]  queue a trial or a sweep of your own
[$accent]3[/]  pick cells of the paper's proportion grid

then [$accent]w[/] starts the worker, and [$accent]4[/] compares teacher and student."""


class QueuePage(Page):
    NAME = "queue"
    AUTO_FOCUS = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "cancel", "Cancel"),
        Binding("r", "retry", "Retry"),
        Binding("p", "pause", "Pause"),
        Binding("u", "resume", "Go on"),
        Binding("f", "first", "Top"),
        Binding("x", "remove", "Remove"),
        Binding("v", "turn", "Turn"),
        Binding("d", "demo", "Demo"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._cells = JobCells()
        self._selected: int | None = None

    def body(self) -> ComposeResult:
        yield Static(EMPTY, classes="empty")
        yield Rows(self._cells.columns(), lambda job: job.id, id="jobs")
        yield JobPane(classes="detail")

    def question(self) -> QueueQuestion:
        return QueueQuestion(self._selected)

    def show(self, answer: QueueView) -> None:
        self._cells.inks = self.wnkd.inks
        self.set_class(not answer.jobs, "-empty")
        rows = self._rows
        rows.show(answer.jobs)
        self.query_one(JobPane).tell(answer.detail, self.wnkd.inks)
        self.offer()

    @property
    def _rows(self) -> Rows[JobRow]:
        return self.query_one("#jobs", Rows)

    @on(Rows.Moved)
    def _follow(self, _: Rows.Moved) -> None:
        row = self._rows.row
        self._selected = row.id if row else None
        self.offer()
        self.ask()

    @on(Rows.Chosen)
    def _open(self, _: Rows.Chosen) -> None:
        if (job := self._rows.row) and job.trials:
            self.wnkd.open_trial(job.trials[0])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing to the selected job are not offered."""
        job = self._rows.row if self.is_mounted else None
        if action == "cancel":
            return job is not None and job.state in ("running", "waiting", "paused")
        if action == "retry":
            return job is not None and (job.state in BLOCKING or job.retry_at is not None)
        if action == "pause":
            return job is not None and job.state in ("running", "waiting") and not job.wanted
        if action == "resume":
            return job is not None and "paused" in (job.state, job.wanted)
        if action == "first":
            return job is not None and job.state in MOVABLE
        if action == "remove":
            return job is not None
        if action == "demo":
            return job is None
        if action == "turn":
            return self.has_class("-narrow")
        return True

    def action_turn(self) -> None:
        self.query_one(JobPane).turn()

    def action_cancel(self) -> None:
        if job := self._rows.row:
            self.wnkd.deeds.cancel(job.id)

    def action_retry(self) -> None:
        if job := self._rows.row:
            self.wnkd.deeds.retry(job.id)

    def action_pause(self) -> None:
        if job := self._rows.row:
            self.wnkd.deeds.pause(job.id)

    def action_resume(self) -> None:
        if job := self._rows.row:
            self.wnkd.deeds.resume(job.id)

    def action_first(self) -> None:
        if job := self._rows.row:
            self.wnkd.deeds.to_front(job.id)

    def action_remove(self) -> None:
        if job := self._rows.row:
            self.wnkd.deeds.remove(job.trials)

    def action_demo(self) -> None:
        self.wnkd.deeds.demo()

    def take(self, question: Any, answer: Any) -> None:
        """The list is live while the selection moves on: an older answer's jobs still count."""
        if isinstance(answer, QueueView) and question != self.question():
            self._rows.show(answer.jobs)
            return
        super().take(question, answer)
