"""What is shown of a job: the names of the views, and the one that is chosen."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Static

from wnkd_tui.app import logs
from wnkd_tui.app.screens.news import News
from wnkd_tui.app.screens.run import parts
from wnkd_tui.app.screens.run.curves import CurvesPane
from wnkd_tui.app.screens.run.job_log import JobLog
from wnkd_tui.app.screens.run.panes.drawn import drawn
from wnkd_tui.app.screens.run.view import TABS
from wnkd_tui.app.widgets.choices import Choices
from wnkd_tui.app.widgets.written import Written
from wnkd_tui.home import Home
from wnkd_tui.store.rows import JobRow

Inks = Mapping[str, str]
_PANES = {"Curves": "run-curves", "Log": "run-log"}  # the others are texts


class JobViews(Vertical):
    """`find` gives the home. Draws what is another than before: an answer may come at every key."""

    def __init__(self, find: Callable[[], Home]) -> None:
        super().__init__(classes="views")
        self._find = find
        self._news = News()

    def compose(self) -> ComposeResult:
        yield Choices("tab", TABS, classes="tabs")
        yield Static(classes="told")
        with ContentSwitcher(initial="run-curves"):
            with Container(id="run-curves"):
                yield CurvesPane()
            with Container(id="run-log"):
                yield JobLog(self._find)
            yield Written(id="run-text")

    @property
    def curves(self) -> CurvesPane:
        return self.query_one(CurvesPane)

    @property
    def job_log(self) -> JobLog:
        return self.query_one(JobLog)

    @property
    def _text(self) -> Written:
        return self.query_one("#run-text", Written)

    def choose(self, tab: str, inks: Inks) -> None:
        """Says which view is chosen, before it is there."""
        if self._news.of("tab", tab, inks):
            self.query_one(Choices).tell(tab, inks)

    def tell(self, tab: str, job: JobRow, part: Any, inks: Inks) -> None:
        """Shows `part`, which is the tab's of the job."""
        self.choose(tab, inks)
        if self._news.of("told", job.told, job.state, inks):
            told = self.query_one(".told", Static)
            told.display = bool(job.told)
            told.update(Text(job.told or "", style=inks[f"state-{job.state}"]))
        match part:
            case parts.Curves():
                if self._news.of("curves", part, job.kind, inks):
                    ink = inks["student" if job.kind == "student" else "teacher"]
                    self.curves.tell(part, ink, inks)
            case logs.LogPart():
                self.job_log.key = job.key
                self.job_log.tell(part)
            case _:
                if self._news.of("text", part, job.id, inks):
                    self._text.write(drawn(part, job.id, inks))
                if self._news.of("place", tab, job.id):
                    self._text.scroll_home(animate=False, immediate=True)
        self.query_one(ContentSwitcher).current = _PANES.get(tab, "run-text")

    @property
    def scrolled(self) -> Widget | None:
        """What keys scroll in the view in sight."""
        match self.query_one(ContentSwitcher).current:
            case "run-log":
                return self.job_log.text
            case "run-text":
                return self._text
        return None
