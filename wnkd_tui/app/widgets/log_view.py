"""A log with the line below it: where one is, and the search."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Click
from textual.message import Message
from textual.widgets import Input, Static

from wnkd_tui.app.logs import LogPart, Place
from wnkd_tui.app.widgets.log_text import LogText


class LogView(Vertical):
    """A log with its search: `/` asks for words, `n` and `N` go to the next and the last place."""

    DEFAULT_CSS = """
    LogView {
        & .search { display: none; background: $background; }
        &.-searching .search { display: block; }
        & .where { height: 1; color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/"),
        Binding("n", "next(True)", "Next place", show=False),
        Binding("N", "next(False)", "Place before", show=False),
        Binding("escape", "leave", "Leave the search", show=False),
    ]

    class Sought(Message):
        """`wanted` is to be looked for from `start` on, forwards or back, but not at `skip`."""

        def __init__(self, wanted: str, start: Place, skip: Place | None, forward: bool) -> None:
            super().__init__()
            self.wanted, self.start, self.skip, self.forward = wanted, start, skip, forward

    def compose(self) -> ComposeResult:
        yield LogText()
        yield Input(placeholder="find in the log", compact=True, classes="search")
        yield Static(classes="where")

    @property
    def text(self) -> LogText:
        return self.query_one(LogText)

    def tell(self, part: LogPart) -> None:
        self.text.tell(part)
        self.say()

    def say(self, words: str = "") -> None:
        """Tells where in the log one is, or `words`."""
        text = self.text
        following = "following" if text.following else f"{text.share:.0%}"
        sought = f"  /{text.wanted}  n next  N before" if text.wanted else ""
        words = words or f"{following}{sought}"
        self.query_one(".where", Static).update(Text(words), layout=False)

    @on(LogText.Scrolled)
    def _scrolled(self) -> None:
        self.say()

    def on_click(self, _: Click) -> None:
        self.text.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "next":
            return bool(self.text.wanted)
        if action == "leave":
            return self.has_class("-searching") or bool(self.text.wanted)
        return True

    def action_search(self) -> None:
        self.add_class("-searching")
        self.query_one(Input).focus()

    def action_leave(self) -> None:
        if not self.has_class("-searching"):
            self.text.wanted, self.text.found = "", None
            self.text.refresh()
        self.remove_class("-searching")
        self.text.focus()
        self.say()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Looks back from the end of a log that is followed, else on from what is in sight."""
        event.stop()
        self.remove_class("-searching")
        text = self.text
        text.focus()
        text.wanted, text.found = event.value, None
        if event.value:
            self._seek(forward=not text.following)
        text.refresh()

    def action_next(self, forward: bool) -> None:
        self._seek(forward=forward)

    def _seek(self, *, forward: bool) -> None:
        text = self.text
        end = Place(1, text.part.sizes[1])
        start = text.found or (end if text.following else text.top)
        self.say(f"looking for {text.wanted}…")
        self.post_message(self.Sought(text.wanted, start, text.found, forward))
