"""A few lines under a heading, and in a line below what there is besides."""

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from wnkd_tui.app.screens.news import News
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.app.widgets.rows import Rows

Row = TypeVar("Row")


class Few(Rows[Row]):
    """Rows as high as they are many; up and down lead on to the next section."""

    class Left(Message):
        """The cursor was moved out of `table`, up (-1) or down (1)."""

        def __init__(self, table: "Few[Row]", by: int) -> None:
            super().__init__()
            self.table, self.by = table, by

    def show(self, rows: Sequence[Row]) -> None:
        self.styles.height = len(rows) + 1
        super().show(rows)

    def action_move(self, by: int) -> None:
        before = self.cursor
        super().action_move(by)
        if abs(by) == 1 and self.cursor == before:
            self.post_message(self.Left(self, by))


class Section(Vertical, Generic[Row]):
    """`more` is the page that shows the rest; a click on the line below goes there."""

    class More(Message):
        def __init__(self, page: str) -> None:
            super().__init__()
            self.page = page

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        *,
        id: str,
        more: str = "queue",
    ) -> None:
        super().__init__(id=id, classes="section -nothing")
        self._columns, self._key, self._more = columns, key, more
        self._news = News()

    @property
    def few(self) -> Few[Row]:
        return self.query_one(Few)

    def compose(self) -> ComposeResult:
        yield Few(self._columns, self._key)
        yield Static(classes="more")

    def fill(self, rows: Sequence[Row], words: Text) -> None:
        """Shows `rows`, and `words` below them; without either it is not there."""
        self.set_class(not rows and not words, "-nothing")
        self.set_class(not words, "-all")
        self.few.display = bool(rows)
        self.few.show(rows)
        if self._news.of("more", words.plain, words.style):
            self.query_one(".more", Static).update(words)

    def on_click(self, event: Click) -> None:
        if event.widget is self.query_one(".more", Static):
            self.post_message(self.More(self._more))
