"""Logs: the end of one in a few lines, and one that can be read and searched from end to end."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static

from wnkd_tui.app.logs import LogPart, Place

_SHIFT = 16  # cells that a step to the side goes


class LogTail(VerticalScroll):
    """The end of a log that follows what is added, until one scrolls up in it."""

    DEFAULT_CSS = """
    LogTail { scrollbar-size-vertical: 1; & > Static { width: 1fr; min-height: 100%; } }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[object, Sequence[str]] = (None, ())

    def compose(self) -> ComposeResult:
        yield Static()

    def tell(self, of: object, lines: Sequence[str]) -> None:
        """Shows `lines`; the log of something else (`of`) starts at its end again."""
        if (of, lines) == self._shown:
            return
        if of != self._shown[0]:
            self.anchor()
        self._shown = (of, lines)
        text = Text("\n").join(Text.from_ansi(line) for line in lines)
        self.query_one(Static).update(text if lines else Text("no log", style="dim"))


class LogText(Widget, can_focus=True):
    """The lines of a part of a log. `around` is where the next part is wanted, None its end."""

    DEFAULT_CSS = """
    LogText {
        height: 1fr;
        & > .log--found { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .log--hit { background: $warning 40%; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--found", "log--hit"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "first", "Begin of the log", show=False),
        Binding("end,F", "follow", "Follow", key_display="F", tooltip="Stay at the log's end"),
        Binding("left", "shift(-1)", "Left", show=False),
        Binding("right", "shift(1)", "Right", show=False),
    ]

    class Wanted(Message):
        """Another part is wanted: that around `around`."""

    class Scrolled(Message):
        """Other lines are in sight."""

    def __init__(self) -> None:
        super().__init__()
        self.around: Place | None = None
        self.part = LogPart()
        self.wanted = ""  # what is searched for
        self.found: Place | None = None  # the line in which it was found last
        self._goal: Place | None = None  # what the next part is to show
        self._held = 0  # the first line in sight of one that is not followed
        self._left = 0

    @property
    def following(self) -> bool:
        return self.around is None

    @property
    def _top(self) -> int:
        return self._last if self.following else min(self._held, self._last)

    @property
    def top(self) -> Place:
        """The first line in sight."""
        lines = self.part.lines
        return lines[self._top].place if lines else Place()

    @property
    def share(self) -> float:
        """How much of the log is above the last line in sight."""
        lines = self.part.lines
        bottom = self._top + self.size.height
        return 1.0 if bottom >= len(lines) else self.part.share(lines[bottom].place)

    def tell(self, part: LogPart) -> None:
        """Takes another part of the log."""
        held, goal = self.top, self._goal
        self.part, self._goal = part, None
        self._to(goal or held, above=self.size.height // 2 if goal else 0)
        self.refresh()

    def find(self, place: Place) -> None:
        """Shows the line at `place`, in which something was found."""
        self.found = place
        if any(line.place == place for line in self.part.lines):
            self._to(place, above=self.size.height // 2)
            self._hold()
        else:
            self._go(place)

    def _go(self, place: Place) -> None:
        """Wants the part around `place`."""
        self.around = self._goal = place
        self.post_message(self.Wanted())

    def from_end(self) -> None:
        self.around = self.found = self._goal = None
        self._left = 0

    @property
    def _last(self) -> int:
        """The first line where the last one is in sight."""
        return max(0, len(self.part.lines) - max(1, self.size.height))

    def _to(self, place: Place, *, above: int = 0) -> None:
        lines = self.part.lines
        index = next((i for i, line in enumerate(lines) if line.place >= place), len(lines))
        self._held = max(0, min(index - above, self._last))

    def _hold(self) -> None:
        """Stays where it is, and wants more where little is left."""
        page, part = max(1, self.size.height), self.part
        if not part.lines:
            return
        top = min(self._held, self._last)
        place = part.lines[top].place
        short = top < page and not part.first
        short |= top + 2 * page > len(part.lines) and not part.last
        if self.following or (short and self.around != place):
            self.around = place
            self.post_message(self.Wanted())
        self.post_message(self.Scrolled())
        self.refresh()

    def action_scroll(self, by: int) -> None:
        last = self._last
        if by > 0 and self._top + by >= last and self.part.last:
            self.action_follow()
            return
        self._held = max(0, min(self._top + by, last))
        self._hold()

    def action_page(self, by: int) -> None:
        self.action_scroll(by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        self._go(Place())

    def action_follow(self) -> None:
        if not self.following:
            self.around = None
            self.post_message(self.Wanted())
        self.post_message(self.Scrolled())
        self.refresh()

    def action_shift(self, by: int) -> None:
        self._left = max(0, self._left + by * _SHIFT)
        self.refresh()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.action_scroll(3)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.action_scroll(-3)

    def render(self) -> str:
        return ""

    def render_line(self, y: int) -> Strip:
        width, base, lines = self.size.width, self.rich_style, self.part.lines
        if not lines:
            text = Text("no log" if y == 0 else "", style="dim")
        elif self._top + y >= len(lines):
            text = Text()
        else:
            line = lines[self._top + y]
            text = Text.from_ansi(line.text)[self._left :]
            if line.place == self.found:
                base += self.get_component_rich_style("log--found", partial=True)
            if self.wanted:
                text.highlight_words([self.wanted], self._hit, case_sensitive=False)
        segments = [
            Segment(piece, base + (own or Style.null()))
            for piece, own, _ in text.render(self.app.console, end="")
        ]
        return Strip(segments).adjust_cell_length(width, base)

    @property
    def _hit(self) -> Style:
        return self.get_component_rich_style("log--hit", partial=True)


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
        self.query_one(".where", Static).update(Text(words or f"{following}{sought}"))

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
