"""Marks on the grid's cells: by keys, by a click, by dragging."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import cast

from textual import on
from textual.binding import Binding
from textual.widgets import DataTable

from wnkd_tui.app.screens.grid import telling
from wnkd_tui.app.screens.grid.drawn import GridTable
from wnkd_tui.app.screens.grid.places import Layout, Place
from wnkd_tui.app.screens.grid.view import Grid, GridQuestion
from wnkd_tui.app.screens.page import Page

MARKING = [
    Binding("space", "mark", "Mark", tooltip="Mark the cell, to be queued; or drag over cells"),
    Binding("a", "mark_row", "Mark its row", show=False, tooltip="Mark all cells of the row"),
    Binding("A", "mark_all", "Mark all", show=False, tooltip="Mark all, or none"),
    Binding("escape", "mark_none", "Take marks off", show=False),
]


class MarkingPage(Page):
    def __init__(self) -> None:
        super().__init__()
        self.marked: frozenset[Place] = frozenset()
        self._before: frozenset[Place] = frozenset()  # marks without those of the stretch

    @abstractmethod
    def draw_marks(self) -> None:
        """Draws `marked` and what hangs on it."""

    @property
    def table(self) -> GridTable:
        return self.query_one(GridTable)

    @property
    def grid(self) -> Grid:
        grid: Grid = self.answer.grid
        return grid

    @property
    def layout_shown(self) -> Layout:
        """Of the grid in sight; the settings may be a turn ahead of it."""
        return cast(GridQuestion, self.answered).layout

    def put_marks(self, marked: frozenset[Place]) -> None:
        """Draws the marks at once; what they add is counted behind."""
        if self.answer and self.layout_shown is not cast(GridQuestion, self.question()).layout:
            return  # another grid is on its way
        if marked != self.marked:
            self.marked = marked
            self.draw_marks()
            self.refresh_bindings()
            self.ask()

    def _turn(self, places: Iterable[Place]) -> None:
        """Marks what can be queued of `places`; takes the marks off where all of it is marked."""
        those = self._free(places)
        self.put_marks(self.marked - those if those <= self.marked else self.marked | those)

    def _free(self, places: Iterable[Place]) -> frozenset[Place]:
        """Those that can be marked."""
        shown = self.grid, self.layout_shown
        return frozenset(place for place in places if not telling.why_not(*shown, place))

    def action_mark(self) -> None:
        if not (place := self.table.place):
            return
        if why := telling.why_not(self.grid, self.layout_shown, place):
            self.notify(why)
        else:
            self._turn([place])

    def action_mark_row(self) -> None:
        if self.answer:
            self._turn(self.table.row(self.table.cursor_row))

    def action_mark_all(self) -> None:
        if self.answer:
            self._turn(place for _, place in self.table.places())

    def action_mark_none(self) -> None:
        self.put_marks(frozenset())

    @on(GridTable.CellSelected)
    def _clicked(self) -> None:
        self.action_mark()

    @on(DataTable.RowLabelSelected)
    def _row_clicked(self, event: DataTable.RowLabelSelected) -> None:
        self._turn(self.table.row(event.row_index))

    @on(GridTable.Stretched)
    def _stretched(self, event: GridTable.Stretched) -> None:
        if event.new:
            self._before = self.marked
        there = (place for at, place in self.table.places() if at in event)
        self.put_marks(self._before | self._free(there))
