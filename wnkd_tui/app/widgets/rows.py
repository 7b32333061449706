"""A list to walk through: what keys and the mouse do to its cursor, its marks and its order."""

from collections.abc import Hashable
from typing import Any, ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.events import Click

from wnkd_tui.app.listing import Listing
from wnkd_tui.app.widgets.columns import GAP, column_at
from wnkd_tui.app.widgets.lines import Lines

Row = TypeVar("Row")


class Rows(Lines[Row], can_focus=True):
    """Lines with keys. In a `markable` one several rows can be marked, to be chosen together."""

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

    class Chosen(Lines.Moved):
        """A row was opened, by enter or by a second click."""

    class Marked(Lines.Moved):
        """Other rows are marked than before."""

    class Headed(Lines.Moved):
        """The head of a column was clicked that the list can be sorted by: its `field`."""

        def __init__(self, table: "Rows[Any]", field: str) -> None:
            super().__init__(table, table.row)
            self.field = field

    @property
    def chosen(self) -> tuple[Hashable, ...]:
        """The marked keys in the list's order; without marks the one under the cursor."""
        if self.marks:
            return tuple(key for key in self._keys if key in self.marks)
        return () if self.key is None else (self.key,)

    def list(self, listing: Listing[Row]) -> None:
        """Replaces the rows; marks of those that are gone are gone too."""
        if self.marks and not self.marks <= (there := frozenset(listing.keys)):
            self._mark(self.marks & there)
        super().list(listing)

    def action_move(self, by: int) -> None:
        self.put(self.cursor + by)

    def action_page(self, by: int) -> None:
        self.put(self.cursor + by * max(1, self.size.height - 2))

    def action_choose(self) -> None:
        if self.key is not None:
            self.post_message(self.Chosen(self, self.row))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("mark", "mark_all"):
            return self._markable
        if action == "mark_none":
            return bool(self.marks)
        if action == "choose":
            return self.key is not None
        return True

    def action_mark(self) -> None:
        """Marks the row, or takes its mark off, and goes to the next one."""
        if self.key is not None:
            self._mark(self.marks ^ {self.key})
            self.put(self.cursor + 1)

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

    def on_click(self, event: Click) -> None:
        """On a head it sorts, on a row it moves the cursor, on a row's margin it marks."""
        x = event.x - self.gutter.left
        index = self.scroll_offset.y + event.y - 1
        if event.y == 0:
            column = column_at(self.fitted, x - (GAP if self._markable else 0))
            if event.button == 1 and column and column.field:
                self.post_message(self.Headed(self, column.field))
        elif event.y > 0 and index < len(self._keys):
            self.put(index)
            if self._markable and x < GAP:
                self._mark(self.marks ^ {self._keys[index]})
            elif event.chain == 2:
                self.action_choose()
