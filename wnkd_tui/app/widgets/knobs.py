"""A line of settings, each turned by its key or a click."""

from rich.text import Text
from textual.containers import ItemGrid
from textual.events import Click
from textual.message import Message
from textual.widgets import Static


class Knob(Static):
    """`d dataset digits`: turned to its next value by `action_turn('dataset')` of its page."""

    DEFAULT_CSS = """
    Knob { width: 1fr; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    Knob:hover { background: $block-cursor-blurred-background; }
    """

    class Turned(Message):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, key: str, setting: str) -> None:
        super().__init__(id=f"knob-{setting}")
        self._key, self._setting = key, setting

    def tell(self, value: str, inks: dict[str, str]) -> None:
        self.update(
            Text.assemble(
                (self._key, f"bold {inks['teacher']}"), (f" {self._setting} ", inks["faint"]), value
            )
        )

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(self.Turned(self._setting))


class Knobs(ItemGrid):
    DEFAULT_CSS = """
    Knobs { height: auto; padding: 0 1; grid-gutter: 0 2; }
    """
