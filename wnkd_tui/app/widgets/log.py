"""The end of a log that follows what is added, until one scrolls up in it."""

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static


class LogTail(VerticalScroll):
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
