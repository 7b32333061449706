"""The two lines on top of every page: where one can go, and how the work stands."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from wnkd_tui.app.poller import Status
from wnkd_tui.app.states import counts_line


class Tab(Static):
    """One page's name with its key; a click goes there."""

    class Pressed(Message):
        def __init__(self, page: str) -> None:
            super().__init__()
            self.page = page

    def __init__(self, key: str, title: str, page: str, *, here: bool) -> None:
        super().__init__(Text.assemble((key, "bold"), " ", title), classes="here" if here else "")
        self._page = page

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(self.Pressed(self._page))


class Header(Vertical):
    """`tabs` are (key, title, page); the page at `here` is marked."""

    DEFAULT_CSS = """
    Header {
        height: 2;
        dock: top;
        background: $panel;
        & > .tabs { layout: horizontal; height: 1; }
        & Tab { width: auto; padding: 0 1; color: $text-muted; }
        & Tab:hover { background: $block-cursor-blurred-background; }
        & Tab.here { background: $background; color: $primary; text-style: bold; }
        & .brand { width: auto; padding: 0 1; color: $accent; text-style: bold; }
        & .status { height: 1; background: $background; padding: 0 1; }
    }
    """

    def __init__(self, tabs: Sequence[tuple[str, str, str]], here: str) -> None:
        super().__init__()
        self._tabs, self._here = tabs, here
        self._status = Static("opening…", classes="status")  # told of before it is mounted, too

    def compose(self) -> ComposeResult:
        with Vertical(classes="tabs"):
            yield Static("wnkd", classes="brand")
            for key, title, page in self._tabs:
                yield Tab(key, title, page, here=page == self._here)
        yield self._status

    def tell(self, status: Status, worker: Text, inks: dict[str, str]) -> None:
        """Counts and worker to the left, the home to the right; the home gives way first."""
        width = max(1, self.size.width - 2)
        left = Text("   ").join([worker, counts_line(status.counts, inks, words=width >= 110)])
        room = width - left.cell_len - 3
        home = _short(status.home)
        line = left
        if room >= 12:
            home = home if len(home) <= room else "…" + home[1 - room :]
            line = Text.assemble(
                left, " " * (width - left.cell_len - len(home)), (home, inks["faint"])
            )
        self._status.update(line)


def _short(home: str) -> str:
    """The path with `~` for the person's own directory."""
    own = str(Path.home())
    return "~" + home[len(own) :] if home.startswith(own + "/") else home
