"""A table that draws only the rows in sight, so its cost does not grow with their number.

Columns share the width: each has its own, some grow, and some appear only where there is room.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

Row = TypeVar("Row")
_GAP = 2
_WIDE = 110


@dataclass(frozen=True)
class Column(Generic[Row]):
    """`cell(row, width)` draws one cell, `width` cells wide (`wide` in a table of 110 or more).

    `grow` is its share of spare width, `room` the table width from which it is there at all.
    """

    title: str
    cell: Callable[[Row, int], Text]
    width: int
    wide: int = 0
    grow: int = 0
    room: int = 0
    right: bool = False

    def least(self, total: int) -> int:
        return self.wide if self.wide and total >= _WIDE else self.width


def fit(columns: Sequence[Column[Row]], total: int) -> list[tuple[Column[Row], int]]:
    """The columns shown in `total` cells, each with its width; gaps of two cells between."""
    shown = [column for column in columns if column.room <= total]
    spare = total - sum(c.least(total) for c in shown) - _GAP * (len(shown) - 1)
    shares = sum(c.grow for c in shown)
    out = []
    for column in shown:
        extra = spare * column.grow // shares if shares and spare > 0 else 0
        out.append((column, column.least(total) + extra))
    return out


class Rows(ScrollView, Generic[Row], can_focus=True):
    """Rows under a fixed heading, with a cursor that stays on its row when rows move."""

    DEFAULT_CSS = """
    Rows {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .rows--head { color: $faint; }
        & > .rows--cursor { background: $block-cursor-blurred-background; }
        &:focus > .rows--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--head", "rows--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1000000000)", "First", show=False),
        Binding("end", "move(1000000000)", "Last", show=False),
        Binding("enter", "choose", "Open"),
    ]
    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor came to another row."""

        def __init__(self, table: "Rows[Any]", row: Any) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> "Rows[Any]":
            return self.table

    class Chosen(Moved):
        """A row was opened, by enter or by a second click."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._columns = columns
        self._key = key
        self._rows: Sequence[Row] = ()

    @property
    def row(self) -> Row | None:
        return self._rows[self.cursor] if self._rows else None

    def show(self, rows: Sequence[Row]) -> None:
        """Replaces the rows. A cursor on the first stays first; elsewhere it follows its row."""
        before = None if self.row is None else self._key(self.row)
        self._rows = rows
        keys = [self._key(row) for row in rows]
        if self.cursor and before in keys and (place := keys.index(before)) != self.cursor:
            self.cursor = place
            self.call_after_refresh(self._keep_in_sight)
        self.cursor = max(0, min(self.cursor, len(rows) - 1))
        self.virtual_size = Size(self.size.width, len(rows) + 1)
        self.refresh()
        if (None if self.row is None else self._key(self.row)) != before:
            self.post_message(self.Moved(self, self.row))

    def go_to(self, key: Hashable) -> None:
        """Puts the cursor on the row with `key`, if there is one."""
        for index, row in enumerate(self._rows):
            if self._key(row) == key:
                self._put(index)

    def action_move(self, by: int) -> None:
        self._put(self.cursor + by)

    def action_page(self, by: int) -> None:
        self._put(self.cursor + by * max(1, self.size.height - 2))

    def action_choose(self) -> None:
        if self.row is not None:
            self.post_message(self.Chosen(self, self.row))

    def on_click(self, event: Click) -> None:
        index = self.scroll_offset.y + event.y - 1
        if event.y > 0 and index < len(self._rows):
            self._put(index)
            if event.chain == 2:
                self.action_choose()

    def on_resize(self, event: Resize) -> None:
        self.virtual_size = Size(event.size.width, len(self._rows) + 1)
        self._keep_in_sight()

    def _put(self, index: int) -> None:
        index = max(0, min(index, len(self._rows) - 1))
        if index != self.cursor:
            self.cursor = index
            self._keep_in_sight()
            self.refresh()
            self.post_message(self.Moved(self, self.row))

    def _keep_in_sight(self) -> None:
        top, seen = self.scroll_offset.y, max(1, self.size.height - 1)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + seen:
            self.scroll_to(y=self.cursor - seen + 1, animate=False)

    def render(self) -> str:
        return ""

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        if y == 0:
            style = base + self.get_component_rich_style("rows--head", partial=True)
            cells = [_clip(Text(c.title), w, c.right) for c, w in fit(self._columns, width)]
            return self._strip(cells, style)
        index = self.scroll_offset.y + y - 1
        if index >= len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[index]
        cells = [_clip(c.cell(row, w), w, c.right) for c, w in fit(self._columns, width)]
        if index == self.cursor:
            base += self.get_component_rich_style("rows--cursor", partial=True)
        return self._strip(cells, base)

    def _strip(self, cells: list[Text], style: Style) -> Strip:
        line = Text(" " * _GAP).join(cells)
        segments = [
            Segment(text, style + (own or Style.null()))
            for text, own, _ in line.render(self.app.console, end="")
        ]
        return Strip(segments).adjust_cell_length(self.size.width, style)


def _clip(text: Text, width: int, right: bool) -> Text:
    text = text.copy()
    text.truncate(width, overflow="ellipsis")
    text.align("right" if right else "left", width)
    return text
