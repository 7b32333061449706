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
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wnkd_tui.app.listing import Listing, Window

Row = TypeVar("Row")
MARK = "◆"
_GAP = 2
_WIDE = 110


@dataclass(frozen=True)
class Column(Generic[Row]):
    """`cell(row, width)` draws one cell, `width` cells wide (`wide` in a table of 110 or more).

    `grow` is its share of spare width, `room` the table width from which it is there at all;
    `field` is what the list is sorted by when its head is clicked.
    """

    title: str
    cell: Callable[[Row, int], Text]
    width: int
    wide: int = 0
    grow: int = 0
    room: int = 0
    right: bool = False
    field: str = ""

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
    """Rows under a fixed heading, with a cursor that stays on its row when rows move.

    A short list is shown whole (`show`); of a long one (`list`) only the rows of `window` need be
    there, and `Wanted` tells when that moved. A `markable` one has marks.
    """

    DEFAULT_CSS = """
    Rows {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .rows--head { color: $faint; }
        & > .rows--mark { color: $teacher; text-style: bold; }
        & > .rows--cursor { background: $block-cursor-blurred-background; }
        &:focus > .rows--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--head", "rows--cursor", "rows--mark"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1000000000)", "First", show=False),
        Binding("end", "move(1000000000)", "Last", show=False),
        Binding("enter", "choose", "Open"),
        Binding("space", "mark", "Mark", show=False),
        Binding("A", "mark_all", "Mark all, or none", show=False),
        Binding("escape", "mark_none", "Take marks off", show=False),
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

    class Marked(Moved):
        """Other rows are marked than before."""

    class Wanted(Moved):
        """Rows are in sight, or nearly, that are not there: `window` tells which."""

    class Headed(Moved):
        """The head of a column was clicked that the list can be sorted by: its `field`."""

        def __init__(self, table: "Rows[Any]", field: str) -> None:
            super().__init__(table, table.row)
            self.field = field

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        *,
        id: str | None = None,
        markable: bool = False,
    ) -> None:
        super().__init__(id=id)
        self._columns = columns
        self._key = key
        self._markable = markable
        self._listing: Listing[Row] = Listing()
        self._keys: Sequence[Hashable] = ()
        self.window = Window()
        self.order = ("", False)  # the field that the list is sorted by, and whether downwards
        self.marks: frozenset[Hashable] = frozenset()

    @property
    def key(self) -> Hashable | None:
        """The one under the cursor."""
        return self._keys[self.cursor] if self.cursor < len(self._keys) else None

    @property
    def row(self) -> Row | None:
        """The one under the cursor, where it is there already."""
        return None if self.key is None else self._listing.rows.get(self.key)

    @property
    def chosen(self) -> tuple[Hashable, ...]:
        """The marked keys in the list's order; without marks the one under the cursor."""
        if self.marks:
            return tuple(key for key in self._keys if key in self.marks)
        return () if self.key is None else (self.key,)

    @property
    def sortable(self) -> tuple[str, ...]:
        """The fields of the columns that there is room for."""
        return tuple(column.field for column, _ in self._fitted() if column.field)

    def show(self, rows: Sequence[Row]) -> None:
        """Replaces the rows, all of them."""
        keys = tuple(self._key(row) for row in rows)
        self.list(Listing(keys, dict(zip(keys, rows, strict=True))))

    def list(self, listing: Listing[Row]) -> None:
        """Replaces the rows. A cursor on the first stays first; elsewhere it follows its row."""
        before, keys, seen = self.key, listing.keys, self._in_sight()
        self._listing, self._keys = listing, keys
        if self.marks and not self.marks <= (there := frozenset(keys)):
            self._mark(self.marks & there)
        if self.cursor and (place := _place(keys, before, self.cursor)) not in (None, self.cursor):
            self.cursor = place
            self.call_after_refresh(self._keep_in_sight)
        self.cursor = max(0, min(self.cursor, len(keys) - 1))
        self.virtual_size = Size(self.size.width, len(keys) + 1)
        self._redraw(seen)
        self._look()
        if self.key != before:
            self.post_message(self.Moved(self, self.row))

    def _in_sight(self) -> Sequence[tuple[Hashable, Row | None, bool]]:
        """What each line shows: key, row, and whether the cursor is on it."""
        top = self.scroll_offset.y
        places = range(top, min(len(self._keys), top + max(0, self.size.height - 1)))
        at = ((place, self._keys[place]) for place in places)
        return [(key, self._listing.rows.get(key), place == self.cursor) for place, key in at]

    def _redraw(self, before: Sequence[tuple[Hashable, Row | None, bool]]) -> None:
        """Draws the lines that show something else than before."""
        now, width = self._in_sight(), self.size.width
        if len(now) != len(before):
            self.refresh()
            return
        for line, (old, new) in enumerate(zip(before, now, strict=True)):
            if old != new:
                self.refresh(Region(0, line + 1, width, 1))

    def go_to(self, key: Hashable) -> None:
        """Puts the cursor on the row with `key`, if there is one."""
        place = _place(self._keys, key, self.cursor)
        if place is not None:
            self._put(place)

    def action_move(self, by: int) -> None:
        self._put(self.cursor + by)

    def action_page(self, by: int) -> None:
        self._put(self.cursor + by * max(1, self.size.height - 2))

    def action_choose(self) -> None:
        if self.key is not None:
            self.post_message(self.Chosen(self, self.row))

    # Marks.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("mark", "mark_all"):
            return self._markable
        if action == "mark_none":
            return bool(self.marks)
        return True

    def action_mark(self) -> None:
        """Marks the row, or takes its mark off, and goes to the next one."""
        if self.key is not None:
            self._mark(self.marks ^ {self.key})
            self._put(self.cursor + 1)

    def action_mark_all(self) -> None:
        every = frozenset(self._keys)
        self._mark(frozenset() if self.marks == every else every)

    def action_mark_none(self) -> None:
        self._mark(frozenset())

    def _mark(self, marks: frozenset[Hashable]) -> None:
        if marks != self.marks:
            self.marks = marks
            self.refresh()
            self.post_message(self.Marked(self, self.row))

    # What is in sight.

    def on_click(self, event: Click) -> None:
        index = self.scroll_offset.y + event.y - 1
        if (
            event.button == 1
            and event.y == 0
            and (column := self._headed(event.x - self.gutter.left))
        ):
            self.post_message(self.Headed(self, column.field))
        elif event.y > 0 and index < len(self._keys):
            self._put(index)
            if self._markable and event.x < self.gutter.left + _GAP:
                self._mark(self.marks ^ {self._keys[index]})
            elif event.chain == 2:
                self.action_choose()

    def _headed(self, x: int) -> Column[Row] | None:
        """The column whose head is at `x` and that the list can be sorted by."""
        x -= _GAP if self._markable else 0
        for column, width in self._fitted():
            if 0 <= x < width:
                return column if column.field else None
            x -= width + _GAP
        return None

    def _fitted(self) -> Sequence[tuple[Column[Row], int]]:
        return fit(self._columns, self.size.width - (_GAP if self._markable else 0))

    def _head(self, column: Column[Row], width: int) -> Text:
        """Its title, with an arrow where the list is sorted by it."""
        by, down = self.order
        arrow = ("▼" if down else "▲") if column.field and column.field == by else ""
        return _clip(Text(column.title[: max(0, width - len(arrow))] + arrow), width, column.right)

    def on_resize(self, event: Resize) -> None:
        self.virtual_size = Size(event.size.width, len(self._keys) + 1)
        self._keep_in_sight()
        self._look()

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        self._look()

    def _look(self) -> None:
        """Wants the rows around those in sight before they come into sight."""
        page, first = max(1, self.size.height), self.scroll_offset.y
        near = range(max(0, first - page // 2), min(len(self._keys), first + page + page // 2))
        if all(self._keys[place] in self._listing.rows for place in near):
            return
        window = Window(max(0, first - 2 * page), 5 * page)
        if window != self.window:
            self.window = window
            self.post_message(self.Wanted(self, self.row))

    def _put(self, index: int) -> None:
        index = max(0, min(index, len(self._keys) - 1))
        if index != self.cursor:
            top, width = self.scroll_offset.y, self.size.width
            for place in (self.cursor, index):  # scrolling draws the others
                self.refresh(Region(0, place - top + 1, width, 1))
            self.cursor = index
            self._keep_in_sight()
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
        columns = self._fitted()
        if y == 0:
            style = base + self.get_component_rich_style("rows--head", partial=True)
            return self._strip("", [self._head(c, w) for c, w in columns], style)
        index = self.scroll_offset.y + y - 1
        if index >= len(self._keys):
            return Strip.blank(width, base)
        if index == self.cursor:
            base += self.get_component_rich_style("rows--cursor", partial=True)
        key = self._keys[index]
        row = self._listing.rows.get(key)
        if row is None:
            return self._strip("", [Text("…")], base)
        cells = [_clip(c.cell(row, w), w, c.right) for c, w in columns]
        return self._strip(MARK if key in self.marks else "", cells, base)

    def _strip(self, mark: str, cells: Sequence[Text], style: Style) -> Strip:
        line = Text(" " * _GAP).join(cells)
        if self._markable:
            ink = self.get_component_rich_style("rows--mark", partial=True)
            line = Text.assemble((mark.ljust(_GAP), ink), line)
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


def _place(keys: Sequence[Hashable], key: Hashable, near: int) -> int | None:
    """Where `key` is; it mostly is where it was."""
    if near < len(keys) and keys[near] == key:
        return near
    try:
        return keys.index(key)
    except ValueError:
        return None
