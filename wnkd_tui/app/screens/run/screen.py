"""Page 6: one trial with its jobs, in full."""

from collections.abc import Mapping
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import ScreenResume
from textual.widgets import Static

from wnkd_tui.app.screens.ask import AskLine, whole
from wnkd_tui.app.screens.news import News
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.screens.run.command import command
from wnkd_tui.app.screens.run.facts import title
from wnkd_tui.app.screens.run.job_views import JobViews
from wnkd_tui.app.screens.run.jobs import RunJobCells
from wnkd_tui.app.screens.run.view import TABS, RunQuestion, RunView
from wnkd_tui.app.widgets.choices import Name
from wnkd_tui.app.widgets.log_text import LogText
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.queue.fields import Fields
from wnkd_tui.store.rows import JobRow, TrialLine

EMPTY = """[b]No trial to show.[/b]

[$accent]5[/]  choose one from the list, [$accent]enter[/] shows it here
[$accent]n[/]  queue a trial or a sweep
[$accent]1[/]  home, where [$accent]d[/] queues the demo sweep"""
_MOST = 10**9  # a trial's number; more is a slip
_LOOK = 1.0  # seconds between two looks at a log that is followed


class RunPage(Page):
    NAME = "run"
    AUTO_FOCUS = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "tab(1)", "View", tooltip="Curves, results, log, spec and so on"),
        Binding("shift+tab", "tab(-1)", "View before", show=False),
        Binding("left_square_bracket", "job(-1)", "Job before", show=False, key_display="["),
        Binding("right_square_bracket", "job(1)", "Next job", show=False, key_display="]"),
        Binding("left", "read(-1)", "Read left", show=False, tooltip="Move the charts' cursor"),
        Binding("right", "read(1)", "Read right", show=False, tooltip="Move the charts' cursor"),
        Binding("escape", "leave", "No cursor", show=False, tooltip="Take the cursor away"),
        Binding("l", "scale", "Scale", tooltip="Losses, or their logarithms"),
        Binding("v", "turn", "Turn", show=False, tooltip="The next chart"),
        Binding("d", "compare", "Difference", tooltip="How another trial's settings differ"),
        Binding("e", "clone", "Clone", tooltip="Fill the form from the trial"),
        Binding("y", "copy", "Copy", show=False, tooltip="Copy the command that queues the trial"),
        Binding("o", "cell", "Its cell", show=False, tooltip="The dataset's configurations"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._cells = RunJobCells()
        self._tab = TABS[0]
        self._other: int | None = None
        self._news = News()

    def body(self) -> ComposeResult:
        yield Static(EMPTY, classes="empty")
        yield Static(classes="title")
        with Container(classes="run detail"):
            yield Rows(self._cells.columns(), lambda job: job.id, id="run-jobs")
            yield JobViews(self.wnkd.find)

    def on_mount(self) -> None:
        self.set_interval(_LOOK, self._look)

    def on_screen_resume(self, _: ScreenResume) -> None:
        """Another trial's log, or another job's, is read from its end."""
        shown = (self._trial and self._trial.id, self._job and self._job.id)
        if shown != (self.wnkd.trial, self.wnkd.job):
            self._log.from_end()

    def kept(self) -> dict[str, Any]:
        return {"trial": self.wnkd.trial, "tab": self._tab}

    def restore(self, kept: Mapping[str, Any]) -> None:
        if isinstance(trial := kept["trial"], int) and self.wnkd.trial is None:
            self.wnkd.trial = trial
        if kept["tab"] in TABS:
            self._tab = kept["tab"]

    def question(self) -> RunQuestion:
        around = self._log.around if self._tab == "Log" else None
        other = self._other if self._tab == "Spec" else None
        return RunQuestion(self.wnkd.trial, self.wnkd.job, self._tab, other, around)

    def show(self, answer: RunView) -> None:
        self.set_class(answer.trial is None, "-empty")
        if answer.trial is None:
            return
        inks, wide = self.wnkd.inks, self.has_class("-wide")
        if self._news.of("title", answer.trial, inks):
            self.query_one(".title", Static).update(title(answer.trial, inks), layout=False)
        if self._news.of("jobs", answer.jobs, inks, wide):
            self._cells.inks = inks
            self._rows.show(answer.jobs)
            # As many lines as there are jobs, where they stand above the rest.
            self._rows.styles.max_height = None if wide else len(answer.jobs) + 1
        if answer.job:
            self._rows.go_to(answer.job.id)
            self._views.tell(self._tab, answer.job, answer.part, inks)
            if self._news.of("focus", self._tab):
                self._focus_view()
        self.refresh_bindings()

    @property
    def _rows(self) -> Rows[JobRow]:
        return self.query_one("#run-jobs", Rows)

    @property
    def _views(self) -> JobViews:
        return self.query_one(JobViews)

    @property
    def _log(self) -> LogText:
        return self._views.job_log.text

    @property
    def _trial(self) -> TrialLine | None:
        return self.answer.trial if isinstance(self.answer, RunView) else None

    @property
    def _job(self) -> JobRow | None:
        return self.answer.job if isinstance(self.answer, RunView) else None

    def _look(self) -> None:
        """What is printed without an event is seen too."""
        running = self._job is not None and self._job.state == "running"
        if self._tab == "Log" and running and self._log.following:
            self.ask()

    # Which job, and what of it.

    @on(Rows.Moved)
    def _follow(self, _: Rows.Moved) -> None:
        key = self._rows.key  # where the cursor is by now
        if isinstance(key, int) and self._job and key != self._job.id:
            self.wnkd.job = key
            self._log.from_end()
            self.ask()

    @on(Rows.Chosen)
    def _read(self, _: Rows.Chosen) -> None:
        self._focus_view()

    def action_job(self, by: int) -> None:
        self._rows.action_move(by)

    @on(Name.Pressed)
    def _pressed(self, event: Name.Pressed) -> None:
        self._to_tab(event.name)

    def action_tab(self, by: int) -> None:
        self._to_tab(TABS[(TABS.index(self._tab) + by) % len(TABS)])

    def _to_tab(self, tab: str) -> None:
        """Names the view at once; what it shows is asked for when that is drawn."""
        self._tab = tab
        self._log.from_end()
        self._views.choose(tab, self.wnkd.inks)
        self.call_after_refresh(self.ask)
        self.refresh_bindings()

    def _focus_view(self) -> None:
        """Keys go to what they scroll: the log, a text, and beside the curves the list of jobs."""
        (self._views.scrolled or self._rows).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if self.has_class("-empty"):
            return False
        if action in ("read", "leave", "scale"):
            return self._tab == "Curves"
        if action == "turn":
            return self._tab == "Curves" and not self.has_class("-wide")
        if action == "compare":
            return self._tab == "Spec"
        return True

    # The curves.

    def action_read(self, by: int) -> None:
        self._views.curves.move(by)

    def action_leave(self) -> None:
        self._views.curves.leave()

    def action_scale(self) -> None:
        self._views.curves.scale()

    def action_turn(self) -> None:
        self._views.curves.turn()

    @on(LogText.Wanted)
    def _wanted(self, _: LogText.Wanted) -> None:
        self.ask()

    # The trial.

    def action_compare(self) -> None:
        """Asks for the other trial; the one that is marked in the list is proposed."""
        if self._other is not None:
            self._other = None
            self.ask()
            return

        def answer(text: str | None) -> None:
            if text is not None:
                self._other = int(text)
                self.ask()

        question = "Difference to which trial? Its number"
        line = AskLine(question, self._marked(), fault=lambda text: whole(text, 1, _MOST))
        self.app.push_screen(line, answer)

    def _marked(self) -> str:
        try:
            pages = self.app.get_screen_stack("trials")
        except KeyError:  # nobody was there yet
            return ""
        marks = [key for page in pages for rows in page.query(Rows) for key in rows.marks]
        return next((str(key) for key in marks if key != self.wnkd.trial), "")

    def action_clone(self) -> None:
        if trial := self._trial:
            self.wnkd.fill_form(Fields.of(trial.spec))

    def action_copy(self) -> None:
        if trial := self._trial:
            text = command(trial.spec)
            self.app.copy_to_clipboard(text)
            self.notify(f"copied: {text}", markup=False)

    def action_cell(self) -> None:
        if trial := self._trial:
            self.wnkd.configure(trial.spec.dataset)
