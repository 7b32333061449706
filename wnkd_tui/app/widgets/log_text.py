"""The lines of a log that can be read from end to end."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from wnkd_tui.app.logs import LogPart, Place

_SHIFT = 16  # cells that a step to the side goes


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
        if part == self.part and goal is None:  # often: a log that is followed is read every second
            return
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
