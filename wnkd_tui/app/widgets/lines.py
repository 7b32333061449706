"""A table that draws only the rows in sight, so its cost does not grow with their number."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from textual.events import Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wnkd_tui.app.listing import Listing, Window
from wnkd_tui.app.widgets.columns import GAP, Column, Fitted, fit, line

Row = TypeVar("Row")
MARK = "◆"


class Lines(ScrollView, Generic[Row]):
    """Rows under a fixed heading, with a cursor that stays on its row when rows move.

    A short list is shown whole (`show`); of a long one (`list`) only the rows of `window` need be
    there, and `Wanted` tells when that moved. A `markable` one shows marks. It hears no key: see
    `Rows`.
    """

    DEFAULT_CSS = """
    Lines {
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
    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor came to another row."""

        def __init__(self, table: "Lines[Any]", row: Any) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> "Lines[Any]":
            return self.table

    class Wanted(Moved):
        """Rows are in sight, or nearly, that are not there: `window` tells which."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        *,
        id: str | None = None,
        markable: bool = False,
    ) -> None:
        super().__init__(id=id)
        self.columns = columns
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

    def show(self, rows: Sequence[Row]) -> None:
        """Replaces the rows, all of them."""
        keys = tuple(self._key(row) for row in rows)
        self.list(Listing(keys, dict(zip(keys, rows, strict=True))))

    def list(self, listing: Listing[Row]) -> None:
        """Replaces the rows. A cursor on the first stays first; elsewhere it follows its row."""
        before, keys, seen = self.key, listing.keys, self._in_sight()
        self._listing, self._keys = listing, keys
        if self.cursor and (place := _place(keys, before, self.cursor)) not in (None, self.cursor):
            self.cursor = place
            self.call_after_refresh(self._keep_in_sight)
        self.cursor = max(0, min(self.cursor, len(keys) - 1))
        self.virtual_size = Size(self.size.width, len(keys) + 1)
        self._redraw(seen)
        self._look()
        if self.key != before:
            self.post_message(self.Moved(self, self.row))

    def go_to(self, key: Hashable) -> None:
        """Puts the cursor on the row with `key`, if there is one."""
        place = _place(self._keys, key, self.cursor)
        if place is not None:
            self.put(place)

    def put(self, index: int) -> None:
        """Puts the cursor there, or as near as there are rows."""
        index = max(0, min(index, len(self._keys) - 1))
        if index != self.cursor:
            top, width = self.scroll_offset.y, self.size.width
            for place in (self.cursor, index):  # scrolling draws the others
                self.refresh(Region(0, place - top + 1, width, 1))
            self.cursor = index
            self._keep_in_sight()
            self.post_message(self.Moved(self, self.row))

    # What is in sight.

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

    def _keep_in_sight(self) -> None:
        top, seen = self.scroll_offset.y, max(1, self.size.height - 1)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + seen:
            self.scroll_to(y=self.cursor - seen + 1, animate=False)

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
        for number, (old, new) in enumerate(zip(before, now, strict=True)):
            if old != new:
                self.refresh(Region(0, number + 1, width, 1))

    # How it is drawn.

    @property
    def fitted(self) -> Fitted[Row]:
        """The columns that there is room for beside marks and scrollbar, with their widths."""
        taken = self.scrollbar_size_vertical + (GAP if self._markable else 0)
        return fit(self.columns, self.size.width - taken)

    def render(self) -> str:
        return ""

    def render_line(self, y: int) -> Strip:
        width, style, fitted = self.size.width, self.rich_style, self.fitted
        mark, cells = "", None
        if y == 0:
            style += self.get_component_rich_style("rows--head", partial=True)
            cells = [column.head(width, self.order) for column, width in fitted]
        else:
            index = self.scroll_offset.y + y - 1
            if index >= len(self._keys):
                return Strip.blank(width, style)
            if index == self.cursor:
                style += self.get_component_rich_style("rows--cursor", partial=True)
            key = self._keys[index]
            mark = MARK if key in self.marks else ""
            if (row := self._listing.rows.get(key)) is not None:
                cells = [column.cell(row, width) for column, width in fitted]
        segments = [Segment("…", style)]
        if cells is not None:
            segments = line(cells, fitted, style, self.app.console)
        if self._markable:
            ink = self.get_component_rich_style("rows--mark", partial=True)
            segments.insert(0, Segment(mark.ljust(GAP), style + ink))
        return Strip(segments).adjust_cell_length(width, style)


def _place(keys: Sequence[Hashable], key: Hashable, near: int) -> int | None:
    """Where `key` is; it mostly is where it was."""
    if near < len(keys) and keys[near] == key:
        return near
    try:
        return keys.index(key)
    except ValueError:
        return None
