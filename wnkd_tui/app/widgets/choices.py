"""A line of names of which one is chosen, by a key that turns to the next, or by a click."""

from collections.abc import Iterable, Mapping

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Click
from textual.message import Message
from textual.widgets import Static


class Name(Static):
    """One of the names."""

    class Pressed(Message):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(self.Pressed(str(self.name)))


class Choices(Horizontal):
    """`key` stands in front of the names."""

    DEFAULT_CSS = """
    Choices {
        height: 1;
        padding: 0 1;
        & > Static { width: auto; padding-right: 2; color: $text-muted; }
        & > Name:hover { background: $block-cursor-blurred-background; }
        & > Name.here { color: $primary; text-style: bold underline; }
    }
    """

    def __init__(self, key: str, names: Iterable[str], *, classes: str) -> None:
        super().__init__(classes=classes)
        self._key, self._names = key, names

    def compose(self) -> ComposeResult:
        yield Static(Text(self._key), classes="key")
        for name in self._names:
            yield Name(name, name=name)

    def tell(self, chosen: str, inks: Mapping[str, str]) -> None:
        self.query_one(".key", Static).update(
            Text(self._key, f"bold {inks['teacher']}"), layout=False
        )
        for name in self.query(Name):
            name.set_class(name.name == chosen, "here")
