"""What every page has: the header, one question to the database, and a footer of its keys."""

import contextlib
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.events import Resize, ScreenResume
from textual.screen import Screen
from textual.widgets import Static

from wnkd_tui.app.poller import Question, Status
from wnkd_tui.app.screens.steady import Steady
from wnkd_tui.app.widgets.footer import Footer
from wnkd_tui.app.widgets.header import Header
from wnkd_tui.app.widgets.rows import Rows

if TYPE_CHECKING:
    from wnkd_tui.app.application import WnkdApp

TABS = (
    ("1", "Home", "home"),
    ("2", "Datasets", "datasets"),
    ("3", "Configurations", "grid"),
    ("4", "Queue", "queue"),
    ("5", "Trials", "trials"),
    ("6", "Run", "run"),
    ("7", "Compare", "compare"),
)
WIDE = 110  # from this width on a page shows its parts side by side
TALL = 36  # from this height on charts are large


class Page(Steady, Screen[None]):
    """A page asks `question()` and draws what `show()` is given; it never reads by itself.

    Textual calls the handlers of every class, these after those of a page: none calls `super`.
    """

    NAME: ClassVar[str]
    AUTO_FOCUS = ""

    answer: Any = None
    answered: Question | None = None  # the question that `answer` is to
    DEFAULT_CLASSES = "-opening"

    @property
    def wnkd(self) -> "WnkdApp":
        return cast("WnkdApp", self.app)

    @abstractmethod
    def question(self) -> Question:
        """What this page wants to know of the database now."""

    @abstractmethod
    def body(self) -> ComposeResult:
        """The widgets between header and footer."""

    @abstractmethod
    def show(self, answer: Any) -> None:
        """Draws the answer to `question()`."""

    def kept(self) -> dict[str, Any]:
        """What is kept for the next start, JSON-ready: a filter, a sort, a selection."""
        return {}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Takes up what `kept` gave; called before the first question. Raises KeyError, TypeError
        or ValueError for what another wnkd kept, and is then forgotten."""

    def compose(self) -> ComposeResult:
        yield Header(TABS, self.NAME)
        yield Static("opening the database…", classes="opening")
        yield from self.body()
        yield Footer()

    def ask(self) -> None:
        """Asks again after the question changed, if this page is the one in sight."""
        if self.wnkd.page is self:
            self.wnkd.poller.ask(self.question())

    def take(self, question: Question, answer: Any) -> None:
        """An answer came; one to an older question is dropped, and today's asked if nobody did."""
        if not self.is_mounted:  # it is to the page before; this one has yet to ask
            return
        if question != self.question():
            if self.wnkd.poller.question != self.question():
                self.ask()
        else:
            self.answer, self.answered = answer, question
            self.remove_class("-opening")
            self.show(answer)

    def tell(self, status: Status) -> None:
        self.query_one(Header).tell(status, self.wnkd.overseer.text(), self.wnkd.inks)

    def redraw(self) -> None:
        """Draws what is known again: colours or size changed."""
        if self.wnkd.status is not None:
            self.tell(self.wnkd.status)
        if self.answer is not None:
            self.show(self.answer)

    def repaint(self) -> None:
        """Draws it in the colours of now, also what did not change."""
        self.redraw()
        for rows in self.query(Rows):
            rows.refresh()

    def on_mount(self) -> None:
        if kept := self.wnkd.memory.of(self.NAME):
            with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
                self.restore(kept)

    def on_screen_resume(self, event: ScreenResume) -> None:
        event.refresh_styles = False  # they follow its classes, focus and theme while out of sight
        self.ask()
        self.repaint()

    def on_resize(self, _: Resize) -> None:
        self.call_after_refresh(self.redraw)
