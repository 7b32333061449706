"""Page 3: the paper's proportion grid, with what is done and what could be queued."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from wnkd_tui.app.screens.form.fields import Fields
from wnkd_tui.app.screens.grid.knobs import KNOBS, Settings, after
from wnkd_tui.app.screens.grid.paint import LEGEND, cell_text, line_label
from wnkd_tui.app.screens.grid.places import Line, Place, request_of, requests
from wnkd_tui.app.screens.grid.sweep import SweepList
from wnkd_tui.app.screens.grid.view import GridQuestion, GridView
from wnkd_tui.app.screens.page import WIDE, Page
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.knobs import Knob, Knobs
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.preview import Preview
from wnkd_tui.report import curves
from wnkd_tui.report.stats import Epoch


class GridPage(Page):
    NAME = "grid"
    AUTO_FOCUS = "DataTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark"),
        Binding("a", "mark_row", "Mark its row", show=False),
        Binding("A", "mark_all", "Mark all", show=False),
        Binding("q", "queue", "Queue"),
        Binding("S", "sweep", "Sweep"),
        Binding("f", "form", "Form"),
        Binding("o", "open", "Open"),
        Binding("b", "epoch", "Best/last", show=False),
        *(
            Binding(key, f"turn('{name}')", f"Next {name}", show=False)
            for name, key in KNOBS.items()
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._settings = Settings()
        self._marked: frozenset[Place] = frozenset()
        self._epoch: Epoch = "best"

    def body(self) -> ComposeResult:
        with Knobs(min_column_width=36):
            for name, key in KNOBS.items():
                yield Knob(key, name)
        yield DataTable(id="grid", cursor_type="cell", cell_padding=0)
        yield Static(id="grid-legend")
        yield Static(id="grid-preview")
        yield Chart(id="grid-chart")

    def question(self) -> GridQuestion:
        return self._settings.question(self.wnkd.grid_dataset, self._marked)

    def show(self, answer: GridView) -> None:
        for name, value in self._settings.told(answer.basis).items():
            self.query_one(f"#knob-{name}", Knob).tell(value, self.wnkd.inks)
        self._draw(answer)
        figure = f"validation top-1 %, {self._epoch} epoch (b: the other)"
        self.query_one("#grid-legend", Static).update(
            Text(f"{LEGEND}\n{figure}", style=self.wnkd.inks["faint"])
        )
        self.query_one("#grid-preview", Static).update(self._told(answer.preview))
        self._plot(answer)
        self.offer()

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

    def _plot(self, answer: GridView) -> None:
        """The grid's numbers as lines, where the terminal has room below it."""
        self.query_one("#grid-chart").set_class(not answer.rows, "-nothing")
        self.query_one("#grid-chart", Chart).figure(
            curves.accuracy(answer.rows, self._epoch) if answer.rows else None, self.wnkd.inks
        )

    def _draw(self, answer: GridView) -> None:
        """Fills the table anew only where its lines or widths changed, else cell by cell."""
        table, layout = self.query_one(DataTable), self._settings.layout
        width = 24 if self.size.width >= WIDE else 15
        shape = (layout.name, answer.lines, width)
        if getattr(self, "_shape", None) != shape:
            self._shape = shape
            cursor = table.cursor_coordinate
            table.clear(columns=True)
            for title in layout.columns:
                table.add_column(title, key=title, width=width)
            for line in answer.lines:
                blank = [""] * len(layout.columns)
                table.add_row(*blank, key=str(line), label=Text(line_label(layout, line)))
            # Not `auto`: filled while it is hidden, a table at times keeps its height of before.
            table.styles.height = len(answer.lines) + 1
            table.cursor_coordinate = cursor
        for (line, column), cell in answer.cells.items():
            marked = (line, column) in self._marked
            seeds = len(answer.basis.seeds)
            text = cell_text(cell, seeds, self._epoch, self.wnkd.inks, marked=marked)
            if table.get_cell(str(line), column) != text:
                table.update_cell(str(line), column, text)

    @property
    def _cursor(self) -> Place | None:
        """None before the first answer."""
        if self.answer is None:
            return None
        at = self.query_one(DataTable).cursor_coordinate
        lines, columns = self.answer.lines, list(self._settings.layout.columns)
        return lines[min(at.row, len(lines) - 1)], columns[at.column]

    @property
    def _trial(self) -> int | None:
        """The newest one of the cell under the cursor."""
        place = self._cursor
        return self.answer.cells[place].trial if place in self.answer.cells else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "queue":
            return bool(self._marked)
        if action == "open":
            return self.answer is not None and self._trial is not None
        return True

    # Marks.

    def _mark(self, places: set[Place]) -> None:
        """Marks what can be queued of `places`; marks it off where all of it is marked."""
        columns = self._settings.layout.columns
        places = {
            place
            for place in places
            if columns[place[1]].teachers and self.answer.cells[place].state != "balanced"
        }
        self._marked = self._marked - places if places <= self._marked else self._marked | places
        self.redraw()
        self.ask()

    def _row(self, line: Line) -> set[Place]:
        return {(line, column) for column in self._settings.layout.columns}

    def action_mark(self) -> None:
        if not (place := self._cursor):
            return
        if self._settings.layout.columns[place[1]].teachers is None:
            self.notify("T_x is trained with its student: mark T_x S_s or T_m T_x S_s")
        elif self.answer.cells[place].state == "balanced":
            self.notify(f"LFME learns from shot groups: {place[0][0]} is not long-tailed")
        else:
            self._mark({place})

    def action_mark_row(self) -> None:
        if place := self._cursor:
            self._mark(self._row(place[0]))

    def action_mark_all(self) -> None:
        if self.answer:
            self._mark({place for line in self.answer.lines for place in self._row(line)})

    @on(DataTable.CellSelected)
    def _selected(self) -> None:
        self.action_mark()

    @on(DataTable.CellHighlighted)
    def _moved(self) -> None:
        self.offer()

    def action_queue(self) -> None:
        if self.answer and self._marked:
            wanted = requests(self._settings.layout, self.answer.basis, self._marked)
            self.wnkd.deeds.queue(wanted)
            self._mark(set(self._marked))

    def action_sweep(self) -> None:
        """Everything that one of the paper's tables or figures needs."""
        if not self.answer:
            return

        def queue(requests: list[TrialRequest] | None) -> None:
            if requests:
                self.wnkd.deeds.queue(requests)

        self.app.push_screen(SweepList(self.wnkd.find, self.answer.basis, self.wnkd.inks), queue)

    def action_form(self) -> None:
        if self.answer and (place := self._cursor):
            (dataset, mix), column = place
            kind = self._settings.layout.columns[column]
            request = request_of(self.answer.basis, dataset, kind, [mix])
            self.wnkd.fill_form(Fields.asking(request))

    def action_open(self) -> None:
        if (trial := self._trial) is not None:
            self.wnkd.open_trial(trial)

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
        self._settings.turn(name, self.answer)
        if name == "dataset":
            self.wnkd.grid_dataset = after(self.answer.basis.dataset, self.answer.options.datasets)
        self._marked = frozenset()
        self.ask()
