"""Page 6: one trial with its jobs, in full."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from rich.console import Group, RenderableType
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.events import ScreenResume
from textual.message import Message
from textual.widgets import ContentSwitcher, Static
from textual.worker import get_current_worker

from wnkd_tui.app import logs
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.screens.run import panes, parts
from wnkd_tui.app.screens.run.command import command
from wnkd_tui.app.screens.run.curves import CurvesPane
from wnkd_tui.app.screens.run.jobs import RunJobCells
from wnkd_tui.app.screens.run.results import results
from wnkd_tui.app.screens.run.view import TABS, RunQuestion, RunView
from wnkd_tui.app.screens.trials.write import Write
from wnkd_tui.app.states import badge
from wnkd_tui.app.widgets.choices import Choices, Name
from wnkd_tui.app.widgets.log import LogText, LogView
from wnkd_tui.app.widgets.once import Once
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home
from wnkd_tui.queue.fields import Fields
from wnkd_tui.store.rows import JobRow, TrialLine

EMPTY = """[b]No trial to show.[/b]

[$accent]5[/]  choose one from the list, [$accent]enter[/] shows it here
[$accent]n[/]  queue a trial or a sweep
[$accent]1[/]  home, where [$accent]d[/] queues the demo sweep"""
_LOOK = 1.0  # seconds between two looks at a log that is followed


class Sought(Message):
    """The search in a log came to its end; `place` None found nothing."""

    def __init__(self, wanted: str, place: logs.Place | None) -> None:
        super().__init__()
        self.wanted, self.place = wanted, place


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
        self._shown: dict[str, tuple[object, ...]] = {}  # what was drawn last

    def body(self) -> ComposeResult:
        yield Static(EMPTY, classes="empty")
        yield Static(classes="title")
        with Container(classes="run detail"):
            yield Rows(self._cells.columns(), lambda job: job.id, id="run-jobs")
            with Vertical(classes="views"):
                yield Choices("tab", TABS, classes="tabs")
                yield Static(classes="reason")
                with ContentSwitcher(initial="run-curves"):
                    with Container(id="run-curves"):
                        yield CurvesPane()
                    with Container(id="run-log"):
                        yield LogView()
                    with VerticalScroll(id="run-text"):
                        yield Static()

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_LOOK, self._look)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Another trial's log, or another job's, is read from its end."""
        shown = (self._trial and self._trial.id, self._job and self._job.id)
        if shown != (self.wnkd.trial, self.wnkd.job):
            self._log.text.from_end()
        super().on_screen_resume(event)

    def kept(self) -> dict[str, Any]:
        return {"trial": self.wnkd.trial, "tab": self._tab}

    def restore(self, kept: Mapping[str, Any]) -> None:
        if isinstance(trial := kept["trial"], int) and self.wnkd.trial is None:
            self.wnkd.trial = trial
        if kept["tab"] in TABS:
            self._tab = kept["tab"]

    def question(self) -> RunQuestion:
        around = self._log.text.around if self._tab == "Log" else None
        other = self._other if self._tab == "Spec" else None
        return RunQuestion(self.wnkd.trial, self.wnkd.job, self._tab, other, around)

    def show(self, answer: RunView) -> None:
        """Draws what is another than before: an answer may come at every key."""
        inks = self.wnkd.inks
        self.set_class(answer.trial is None, "-empty")
        if answer.trial is None:
            return
        theme, wide = self.wnkd.theme, self.has_class("-wide")
        if self._news("title", answer.trial, theme):
            self.query_one(".title", Static).update(_title(answer.trial, inks), layout=False)
        if self._news("jobs", answer.jobs, theme, wide):
            self._cells.inks = inks
            self._rows.show(answer.jobs)
            # As many lines as there are jobs, where they stand above the rest.
            self._rows.styles.max_height = None if wide else len(answer.jobs) + 1
        if self._news("tab", self._tab, theme):
            self.query_one(Choices).tell(self._tab, inks)
        if answer.job:
            self._rows.go_to(answer.job.id)
            self._tell(answer.job, answer.part)
        self.offer()

    def _news(self, what: str, *now: object) -> bool:
        """Whether it is to be drawn otherwise than it was last."""
        before, self._shown[what] = self._shown.get(what), now
        return before is None or any(
            one is not two and one != two for one, two in zip(before, now, strict=True)
        )

    def _tell(self, job: JobRow, part: Any) -> None:
        """Draws the tab's view of the job."""
        inks = self.wnkd.inks
        if self._news("reason", job.reason, job.state, self.wnkd.theme):
            reason = self.query_one(".reason", Static)
            reason.display = bool(job.reason)
            reason.update(Text(job.reason or "", style=inks[f"state-{job.state}"]))
        switcher = self.query_one(ContentSwitcher)
        match part:
            case parts.Curves():
                switcher.current = "run-curves"
                if self._news("curves", part, job.kind, self.wnkd.theme):
                    ink = inks["student" if job.kind == "student" else "teacher"]
                    self.query_one(CurvesPane).tell(part, ink, inks)
            case logs.LogPart():
                switcher.current = "run-log"
                self._log.tell(part)
            case _:
                switcher.current = "run-text"
                if self._news("text", part, job.id, self.wnkd.theme):
                    text = self.query_one("#run-text", VerticalScroll)
                    text.query_one(Static).update(Once(self._drawn(part, job)))
                if self._news("place", self._tab, job.id):
                    self.query_one("#run-text").scroll_home(animate=False)

    def _drawn(self, part: Any, job: JobRow) -> RenderableType:
        inks = self.wnkd.inks
        match part:
            case parts.Results():
                drawn = results(part.jobs, part.classes, inks)
                nothing = Text("T_x and the student are not done yet", style=inks["faint"])
                return drawn if isinstance(drawn, Group) and drawn.renderables else nothing
            case parts.Spec():
                return panes.spec(part, inks)
            case parts.Environment():
                return panes.environment(part, job.id, inks)
            case parts.Artifacts():
                return panes.artifacts(part, inks)
            case parts.Attribution():
                return panes.attribution(part, inks)
        return ""

    @property
    def _rows(self) -> Rows[JobRow]:
        return self.query_one("#run-jobs", Rows)

    @property
    def _log(self) -> LogView:
        return self.query_one(LogView)

    @property
    def _trial(self) -> TrialLine | None:
        return self.answer.trial if isinstance(self.answer, RunView) else None

    @property
    def _job(self) -> JobRow | None:
        return self.answer.job if isinstance(self.answer, RunView) else None

    def _look(self) -> None:
        """What is printed without an event is seen too."""
        running = self._job is not None and self._job.state == "running"
        if self._tab == "Log" and running and self._log.text.following:
            self.ask()

    # Which job, and what of it.

    @on(Rows.Moved)
    def _follow(self, _: Rows.Moved) -> None:
        key = self._rows.key  # where the cursor is by now
        if isinstance(key, int) and self._job and key != self._job.id:
            self.wnkd.job = key
            self._log.text.from_end()
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
        self._tab = tab
        self._log.text.from_end()
        self.ask()
        self.call_after_refresh(self._focus_view)
        self.offer()

    def _focus_view(self) -> None:
        """Keys go to what they scroll: the log, a text, and beside the curves the list of jobs."""
        match self._tab:
            case "Curves":
                self._rows.focus()
            case "Log":
                self.query_one(ContentSwitcher).current = "run-log"
                self._log.text.focus()
            case _:
                self.query_one(ContentSwitcher).current = "run-text"
                self.query_one("#run-text").focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if action in ("read", "leave", "scale"):
            return self._tab == "Curves"
        if action == "turn":
            return self._tab == "Curves" and not self.has_class("-wide")
        if action == "compare":
            return self._tab == "Spec"
        return True

    # The curves.

    def action_read(self, by: int) -> None:
        self.query_one(CurvesPane).move(by)

    def action_leave(self) -> None:
        self.query_one(CurvesPane).leave()

    def action_scale(self) -> None:
        self.query_one(CurvesPane).scale()
        self._shown.pop("curves", None)
        self.redraw()

    def action_turn(self) -> None:
        self.query_one(CurvesPane).turn()

    # The log.

    @on(LogText.Wanted)
    def _wanted(self, _: LogText.Wanted) -> None:
        self.ask()

    @on(LogView.Sought)
    def _seek(self, event: LogView.Sought) -> None:
        if job := self._job:
            seek = partial(self._sought, self.wnkd.find, job.key, event)
            self.run_worker(seek, thread=True, group="log", exclusive=True)

    def _sought(self, home: Any, key: str, event: LogView.Sought) -> None:
        """In a thread of its own: a long log is read from end to end."""
        worker = get_current_worker()
        found: Home = home()
        place = logs.find(
            found.job(key),
            event.wanted,
            event.start,
            forward=event.forward,
            skip=event.skip,
            stop=lambda: worker.is_cancelled,
        )
        if not worker.is_cancelled:
            self.post_message(Sought(event.wanted, place))

    @on(Sought)
    def _found(self, event: Sought) -> None:
        if event.place:
            self._log.text.find(event.place)
            self._log.say()
        else:
            self._log.say(f"no {event.wanted!r} that way")

    # The trial.

    def action_compare(self) -> None:
        """Asks for the other trial; the one that is marked in the list is proposed."""
        if self._other is not None:
            self._other = None
            self.ask()
            return

        def answer(text: str | None) -> None:
            if text and text.strip().isdecimal():
                self._other = int(text)
                self.ask()
            elif text:
                self.notify(f"{text!r} is no trial's number", severity="error", markup=False)

        self.app.push_screen(Write("Difference to which trial? Its number", self._marked()), answer)

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


def _title(trial: TrialLine, inks: Mapping[str, str]) -> Text:
    tags = " ".join(trial.tags)
    return Text("  ").join(
        [
            Text(f"Trial {trial.id}", style="bold"),
            badge(trial.state, inks),
            Text(trial.name, style="bold"),
            Text(f"{trial.spec.dataset}, {trial.spec.recipe}, seed {trial.spec.seed}"),
            *([Text(tags, style=inks["teacher"])] if tags else []),
            *([Text(trial.note, style=inks["faint"])] if trial.note else []),
        ]
    )
