"""The end of a log in a few lines."""

from collections.abc import Sequence

from rich.text import Text

from wnkd_tui.app.widgets.written import Written


class LogTail(Written):
    """Follows what is added, until one scrolls up in it."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._told: tuple[object, Sequence[str]] = (None, ())
        self._following = True

    def tell(self, of: object, lines: Sequence[str]) -> None:
        """Shows `lines`; the log of something else (`of`) starts at its end again."""
        if (of, lines) == self._told:
            return
        self._following |= of != self._told[0]
        self._told = (of, lines)
        text = Text("\n").join(Text.from_ansi(line) for line in lines)
        self.write(text if lines else Text("no log", style="dim"))

    def _fit(self) -> None:
        super()._fit()
        if self._following:
            self._put(self.max_scroll_y)

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        self._following = new >= self.max_scroll_y
