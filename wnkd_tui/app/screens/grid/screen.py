"""Page 3: the paper's proportion grid, with what is done and what could be queued."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.events import Resize
from textual.widgets import DataTable, Static

from wnkd_tui.app.screens.form.saved import Loaded, SavedConfigurations
from wnkd_tui.app.screens.grid.board import Board, board
from wnkd_tui.app.screens.grid.cells import Cell
from wnkd_tui.app.screens.grid.knobs import KNOBS, Settings, after
from wnkd_tui.app.screens.grid.paint import LEGEND, PAPER, cell_text, cell_words
from wnkd_tui.app.screens.grid.paper import differs
from wnkd_tui.app.screens.grid.places import Layout, Place, request_of, requests
from wnkd_tui.app.screens.grid.sweep import SweepList
from wnkd_tui.app.screens.grid.table import Matrix
from wnkd_tui.app.screens.grid.view import Grid, GridQuestion, GridView
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.knobs import Knob, Knobs
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.fields import Fields
from wnkd_tui.queue.preview import Preview
from wnkd_tui.report import curves
from wnkd_tui.report.stats import Epoch

BESIDE = 150  # from this width on modalities stand beside each other
_WIDEST = 30  # cells of a column


class GridPage(Page):
    NAME = "grid"
    AUTO_FOCUS = "Matrix"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", tooltip="Mark the cell, to be queued; or drag over cells"),
        Binding("a", "mark_row", "Mark its row", show=False, tooltip="Mark all cells of the row"),
        Binding("A", "mark_all", "Mark all", show=False, tooltip="Mark all, or none"),
        Binding("escape", "mark_none", "Take marks off", show=False, tooltip="Nothing is marked"),
        Binding("q", "queue", "Queue", tooltip="Queue what is marked"),
        Binding("S", "sweep", "Sweep", tooltip="Queue all that one of the paper's tables needs"),
        Binding("f", "form", "Form", tooltip="Fill the form from the cell"),
        Binding("O", "saved", "Saved", show=False, tooltip="Configurations that were saved"),
        Binding("b", "epoch", "Best/last", show=False, tooltip="Accuracies at the other epoch"),
        *(
            Binding(key, f"turn('{name}')", f"Next {name}", show=False, tooltip=f"Turn {name}")
            for name, key in KNOBS.items()
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._settings = Settings()
        self._marked: frozenset[Place] = frozenset()
        self._before: frozenset[Place] = frozenset()  # marks without those of the stretch
        self._epoch: Epoch = "best"
        self._board = Board()
        self._shape: tuple[Any, ...] = ()

    def body(self) -> ComposeResult:
        with Knobs(min_column_width=36):
            for name, key in KNOBS.items():
                yield Knob(key, name)
        yield Matrix(id="grid")
        yield Static(id="grid-cell")
        yield Static(id="grid-legend")
        yield Static(id="grid-preview")
        yield Chart(id="grid-chart")

    def question(self) -> GridQuestion:
        beside = self.size.width >= BESIDE
        return self._settings.question(self.wnkd.grid_dataset, self._marked, beside=beside)

    def kept(self) -> dict[str, Any]:
        more = {"dataset": self.wnkd.grid_dataset, "epoch": self._epoch}
        return self._settings.kept() | more

    def restore(self, kept: Mapping[str, Any]) -> None:
        self._settings = Settings.restored(kept)
        self._epoch = "last" if kept["epoch"] == "last" else "best"
        self.wnkd.grid_dataset = self.wnkd.grid_dataset or kept["dataset"]

    def show(self, answer: GridView) -> None:
        grid = answer.grid
        for name, value in self._settings.told(grid.basis).items():
            self.query_one(f"#knob-{name}", Knob).tell(value, self.wnkd.inks)
        self._draw(grid)
        figure = f"validation top-1 %, {self._epoch} epoch (b: the other)"
        roomy = self.query_one(Matrix).ordered_columns[0].width >= PAPER
        if roomy and any(cell.paper is not None for cell in grid.cells.values()):
            figure += "; at the right the paper's"
        self.query_one("#grid-legend", Static).update(
            Text(f"{LEGEND}\n{figure}", style=self.wnkd.inks["faint"])
        )
        self._tell()
        self._plot(grid)
        self.offer()

    def on_resize(self, event: Resize) -> None:
        super().on_resize(event)
        self.ask()

    def _tell(self) -> None:
        """What marks would add, and what is known of the cell under the cursor."""
        now = self.answered == self.question()
        told = self._told(self.answer.preview) if now else Text("…", self.wnkd.inks["faint"])
        self.query_one("#grid-preview", Static).update(told)
        self.query_one("#grid-cell", Static).update(self._words())

    def _told(self, told: Preview | str) -> Text:
        """What the marks would add, or why they cannot be queued."""
        inks = self.wnkd.inks
        if isinstance(told, str):
            return Text(told, style=inks["state-failed"])
        if not self._marked:
            hint = "space marks a cell, a its row, A all; q queues what is marked"
            return Text(hint, style=inks["faint"])
        line = Text(told.text())
        if told.new_trials:
            line.append("   q", f"bold {inks['teacher']}").append(" queues them")
        return line.append(f"\n{told.estimate.text}", inks["faint"])

    def _words(self) -> Text:
        if not (place := self._cursor):
            return Text()
        grid, (line, title) = self._grid, place
        kind = self._layout.columns[title]
        name = grid.basis.specs(line, kind, 0)[0].name
        if kind.teachers is None:
            name = grid.basis.tx(line).name
        cell = grid.cells[place]
        others = differs(grid.basis, place, self._epoch)
        words = cell_words(name, cell, len(grid.basis.seeds), others, self.wnkd.inks)
        return Text.assemble(line.dataset, "  ", words) if self._layout.by_dataset else words

    def _plot(self, grid: Grid) -> None:
        """The grid's numbers as lines, where the terminal has room below it."""
        self.query_one("#grid-chart").set_class(not grid.rows, "-nothing")
        self.query_one("#grid-chart", Chart).figure(
            curves.accuracy(grid.rows, self._epoch) if grid.rows else None, self.wnkd.inks
        )

    def _draw(self, grid: Grid) -> None:
        """Fills the table anew only where its lines or widths changed, else cell by cell."""
        table, layout = self.query_one(Matrix), self._layout
        shape = (layout.name, grid.lines, self.size.width)
        if self._shape != shape:
            at = self._cursor
            self._shape = shape
            self._board = board(layout, grid.lines, beside=self.size.width >= BESIDE)
            self._fill(table, at)
        width = table.ordered_columns[0].width
        for (row, column), place in self._board:
            if place:
                text = self._text(grid, place, width)
                if table.get_cell_at(Coordinate(row, column)) != text:
                    table.update_cell_at(Coordinate(row, column), text)

    def _fill(self, table: Matrix, at: Place | None) -> None:
        shown = self._board
        labels = max(len(label) for label in shown.labels)
        width = min(_WIDEST, (self.size.width - 3 - labels) // len(shown.titles))
        table.clear(columns=True)
        two = any("\n" in title for title in shown.titles)
        table.header_height = 2 if two else 1
        for title in shown.titles:
            table.add_column(Text(title), width=width)
        for label in shown.labels:
            table.add_row(*[Text()] * len(shown.titles), label=Text(label))
        # Not `auto`: filled while it is hidden, a table at times keeps its height of before.
        table.styles.height = len(shown.labels) + table.header_height
        if found := shown.find(at):
            table.cursor_coordinate = Coordinate(*found)

    def _text(self, grid: Grid, place: Place, width: int) -> Text:
        cell, seeds = grid.cells[place], len(grid.basis.seeds)
        marked = place in self._marked
        return cell_text(cell, seeds, self._epoch, self.wnkd.inks, marked=marked, width=width)

    @property
    def _grid(self) -> Grid:
        grid: Grid = self.answer.grid
        return grid

    @property
    def _layout(self) -> Layout:
        """Of the grid in sight; the settings may be a turn ahead of it."""
        answered = cast(GridQuestion, self.answered)
        return answered.layout

    @property
    def _cursor(self) -> Place | None:
        """None before the first answer, and where the grid has no such cell."""
        if not self._board.places or self.answer is None:
            return None
        row, column = self.query_one(Matrix).cursor_coordinate
        place = self._board.places[row][column] if row < len(self._board.places) else None
        return place if place in self._grid.cells else None

    @property
    def _cell(self) -> Cell | None:
        place = self._cursor
        return self._grid.cells[place] if place else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("queue", "mark_none"):
            return bool(self._marked)
        return True

    # Marks.

    def _can(self, place: Place) -> bool:
        """Whether trials of the cell can be queued."""
        teachers = self._layout.columns[place[1]].teachers
        return teachers is not None and self._grid.cells[place].state != "balanced"

    def _mark(self, places: Iterable[Place]) -> None:
        """Marks what can be queued of `places`; marks it off where all of it is marked."""
        those = frozenset(place for place in places if self._can(place))
        self._put(self._marked - those if those <= self._marked else self._marked | those)

    def _put(self, marked: frozenset[Place]) -> None:
        """Draws the marks at once; what they add is counted behind."""
        if self.answer and self._layout is not self._settings.layout:
            return  # another grid is on its way
        if marked != self._marked:
            self._marked = marked
            self._draw(self._grid)
            self._tell()
            self.offer()
            self.ask()

    def action_mark(self) -> None:
        if not (place := self._cursor):
            return
        if self._layout.columns[place[1]].teachers is None:
            self.notify("T_x is trained with its student: mark T_x S_s or T_m T_x S_s")
        elif not self._can(place):
            self.notify(f"LFME learns from shot groups: {place[0].dataset} is not long-tailed")
        else:
            self._mark([place])

    def action_mark_row(self) -> None:
        if self.answer:
            row = self._board.places[self.query_one(Matrix).cursor_row]
            self._mark(place for place in row if place)

    @on(DataTable.RowLabelSelected)
    def _row_clicked(self, event: DataTable.RowLabelSelected) -> None:
        self._mark(place for place in self._board.places[event.row_index] if place)

    def action_mark_all(self) -> None:
        if self.answer:
            self._mark(place for _, place in self._board if place)

    def action_mark_none(self) -> None:
        self._put(frozenset())

    @on(Matrix.CellSelected)
    def _selected(self) -> None:
        self.action_mark()

    @on(Matrix.Stretched)
    def _stretched(self, event: Matrix.Stretched) -> None:
        if event.new:
            self._before = self._marked
        there = frozenset(place for at, place in self._board if place and at in event)
        self._put(self._before | frozenset(place for place in there if self._can(place)))

    @on(DataTable.CellHighlighted)
    def _moved(self) -> None:
        if self.answer:
            self.query_one("#grid-cell", Static).update(self._words())

    def action_queue(self) -> None:
        if self.answer and self._marked:
            wanted = requests(self._layout, self._grid.basis, self._marked)
            self.wnkd.deeds.queue(wanted)
            self._put(frozenset())

    def action_sweep(self) -> None:
        """Everything that one of the paper's tables or figures needs."""
        if not self.answer:
            return

        def queue(requests: list[TrialRequest] | None) -> None:
            if requests:
                self.wnkd.deeds.queue(requests)

        self.app.push_screen(SweepList(self.wnkd.find, self._grid.basis, self.wnkd.inks), queue)

    def action_form(self) -> None:
        if self.answer and (place := self._cursor):
            line, column = place
            kind = self._layout.columns[column]
            self.wnkd.fill_form(Fields.asking(request_of(self._grid.basis, kind, [line])))

    def action_saved(self) -> None:
        """Fills the form from a configuration that was saved."""

        def fill(loaded: Loaded | None) -> None:
            if loaded:
                self.wnkd.fill_form(loaded.fields)

        self.app.push_screen(SavedConfigurations(self.wnkd.find, None), fill)

    @on(Matrix.Opened)
    def _open(self) -> None:
        if not (cell := self._cell):
            return
        if cell.trial is None:
            self.notify("nobody has queued this yet: space marks it, q queues")
        else:
            self.wnkd.open_trial(cell.trial)

    def action_epoch(self) -> None:
        self._epoch = "last" if self._epoch == "best" else "best"
        self.redraw()

    # Knobs.

    @on(Knob.Turned)
    def _turned(self, event: Knob.Turned) -> None:
        self.action_turn(event.name)

    def action_turn(self, name: str) -> None:
        """The setting's next value; the grid of other settings has other marks."""
        if not self.answer:
            return
        self._settings.turn(name, self._grid)
        if name == "dataset":
            self.wnkd.grid_dataset = after(self._grid.basis.dataset, self._grid.options.datasets)
        self._marked = frozenset()
        self.query_one(f"#knob-{name}", Knob).tell("…", self.wnkd.inks)  # the answer tells the rest
        self.ask()
