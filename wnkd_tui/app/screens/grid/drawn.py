"""The grid as it stands in its table: which place is where, and how it looks."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rich.text import Text
from textual.coordinate import Coordinate

from wnkd_tui.app.screens.grid.board import Board, board
from wnkd_tui.app.screens.grid.paint import PAPER, cell_text
from wnkd_tui.app.screens.grid.places import Layout, Place
from wnkd_tui.app.screens.grid.table import Matrix
from wnkd_tui.app.screens.grid.view import Grid
from wnkd_tui.report.stats import Epoch

BESIDE = 150  # from this width on modalities stand beside each other
_WIDEST = 30  # cells of a column


class GridTable(Matrix):
    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._board = Board()
        self._shape: tuple[Any, ...] = ()

    def draw(
        self,
        layout: Layout,
        grid: Grid,
        marked: Collection[Place],
        epoch: Epoch,
        inks: Mapping[str, str],
    ) -> None:
        """Fills the table anew only where its lines or widths changed, else cell by cell."""
        shape = (layout.name, grid.lines, self.screen.size.width)
        if self._shape != shape:
            at, self._shape = self.place, shape
            self._board = board(layout, grid.lines, beside=self.screen.size.width >= BESIDE)
            self._fill(at)
        width, seeds = self._width, len(grid.basis.seeds)
        for (row, column), place in self.places():
            cell, is_marked = grid.cells[place], place in marked
            text = cell_text(cell, seeds, epoch, inks, marked=is_marked, width=width)
            there = Coordinate(row, column)
            if self.get_cell_at(there) != text:
                self.update_cell_at(there, text)

    @property
    def _width(self) -> int:
        return self.ordered_columns[0].width

    @property
    def roomy(self) -> bool:
        """Whether the paper's numbers have room beside ours."""
        return self._width >= PAPER

    @property
    def place(self) -> Place | None:
        """Under the cursor; None where nothing is, and before the first answer."""
        row, column = self.cursor_coordinate
        return self._board.places[row][column] if 0 <= row < len(self._board.places) else None

    def row(self, row: int) -> list[Place]:
        """Of a line that is gone, none."""
        return [place for line in self._board.places[row : row + 1] for place in line if place]

    def places(self) -> Iterator[tuple[tuple[int, int], Place]]:
        """Each with its row and column."""
        return ((at, place) for at, place in self._board if place)

    def _fill(self, at: Place | None) -> None:
        """Empty cells for the board, and the cursor at the place where it was."""
        shown = self._board
        labels = max(len(label) for label in shown.labels)
        width = min(_WIDEST, (self.screen.size.width - 3 - labels) // len(shown.titles))
        self.clear(columns=True)
        two = any("\n" in title for title in shown.titles)
        self.header_height = 2 if two else 1
        for title in shown.titles:
            self.add_column(Text(title), width=width)
        for label in shown.labels:
            self.add_row(*[Text()] * len(shown.titles), label=Text(label))
        # Not `auto`: filled while it is hidden, a table at times keeps its height of before.
        self.styles.height = len(shown.labels) + self.header_height
        if found := shown.find(at):
            self.cursor_coordinate = Coordinate(*found)
