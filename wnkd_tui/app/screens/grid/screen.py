"""Page 3: the paper's proportion grid, with what is done and what could be queued."""

from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.widgets import DataTable, Static

from engine.encoders.names import is_stand_in
from engine.spec import Modality
from wnkd_tui.app.screens.compare.view import inks_of
from wnkd_tui.app.screens.form.fields import Fields
from wnkd_tui.app.screens.grid.cells import COLUMNS, Place, mixes_of
from wnkd_tui.app.screens.grid.paint import LEGEND, cell_text, mix_label
from wnkd_tui.app.screens.grid.view import GridQuestion, GridView, requests
from wnkd_tui.app.screens.page import WIDE, Page
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.knobs import Knob, Knobs
from wnkd_tui.report import curves
from wnkd_tui.report.stats import Epoch

KNOBS = {
    "dataset": "d",
    "recipe": "r",
    "encoder": "e",
    "modality": "y",
    "seeds": "s",
    "images": "l",
}
_SEEDS = tuple(tuple(range(count)) for count in (1, 3, 5))


class GridPage(Page):
    NAME = "grid"
    AUTO_FOCUS = "DataTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark"),
        Binding("a", "mark_row", "Row"),
        Binding("A", "mark_all", "All"),
        Binding("q", "queue", "Queue"),
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
        self._recipe: str | None = None
        self._encoder: str | None = None
        self._modality = Modality.IMG_TEXT
        self._seeds = _SEEDS[0]
        self._limit: int | None = None
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
        return GridQuestion(
            self.wnkd.grid_dataset,
            self._recipe,
            self._encoder,
            self._modality,
            self._seeds,
            self._limit,
            self._marked,
            self._cursor(),
        )

    def show(self, answer: GridView) -> None:
        self._tell_knobs(answer)
        self._draw(answer)
        inks = self.wnkd.inks
        figure = f"validation top-1 %, {self._epoch} epoch (b: the other)"
        self.query_one("#grid-legend", Static).update(
            Text(f"{LEGEND}\n{figure}", style=inks["faint"])
        )
        told = answer.preview
        line = Text(told if isinstance(told, str) else told.text())
        if isinstance(told, str):
            line.stylize(inks["state-failed"])
        elif told.new_trials:
            line.append("   q", f"bold {inks['teacher']}").append(" queues them")
        elif not self._marked:
            line = Text("space marks a cell, q queues what is marked", style=inks["faint"])
        self.query_one("#grid-preview", Static).update(line)
        self._plot(answer)
        self.offer()

    def _plot(self, answer: GridView) -> None:
        """The grid's numbers as lines, where the terminal has room below it."""
        rows, epoch, inks = answer.rows, self._epoch, self.wnkd.inks
        self.query_one("#grid-chart", Chart).plot(
            (lambda look: curves.accuracy(rows, look, epoch)) if rows else None,
            [inks[name] for name in inks_of(rows, epoch)],
        )

    def _tell_knobs(self, answer: GridView) -> None:
        basis = answer.basis
        stand_in = " (stand-in)" if is_stand_in(basis.encoder) else ""
        seeds = ",".join(map(str, basis.seeds))
        values = {
            "dataset": basis.dataset,
            "recipe": basis.recipe,
            "encoder": f"{basis.encoder}{stand_in}",
            "modality": basis.modality.value,
            "seeds": seeds,
            "images": str(basis.limit_train or "all of the split"),
        }
        for name, value in values.items():
            self.query_one(f"#knob-{name}", Knob).tell(value, self.wnkd.inks)

    def _draw(self, answer: GridView) -> None:
        """Fills the table anew only where its rows or widths changed, else cell by cell."""
        table = self.query_one(DataTable)
        mixes = mixes_of(answer.basis.modality)
        width = 24 if self.size.width >= WIDE else 15
        shape = (mixes, width)
        if getattr(self, "_shape", None) != shape:
            self._shape = shape
            cursor = table.cursor_coordinate
            table.clear(columns=True)
            for title in COLUMNS:
                table.add_column(title, key=title, width=width)
            for mix in mixes:
                table.add_row(*[""] * len(COLUMNS), key=mix_label(mix), label=Text(mix_label(mix)))
            table.cursor_coordinate = cursor
        for (mix, column), cell in answer.cells.items():
            marked = (mix, column) in self._marked
            text = cell_text(
                cell, len(answer.basis.seeds), self._epoch, self.wnkd.inks, marked=marked
            )
            if table.get_cell(mix_label(mix), column) != text:
                table.update_cell(mix_label(mix), column, text)

    def _cursor(self) -> Place:
        at = self.query_one(DataTable).cursor_coordinate if self.is_mounted else Coordinate(0, 0)
        mixes = mixes_of(self._modality)
        return mixes[min(at.row, len(mixes) - 1)], list(COLUMNS)[at.column]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "queue":
            return bool(self._marked)
        if action == "open":
            return self.answer is not None and self.answer.trial is not None
        return True

    # Marks.

    def _mark(self, places: set[Place]) -> None:
        """Marks `places`; marks them off where all of them are marked."""
        places = {place for place in places if COLUMNS[place[1]][0] is not None}
        self._marked = self._marked - places if places <= self._marked else self._marked | places
        self.redraw()
        self.ask()

    def action_mark(self) -> None:
        place = self._cursor()
        if COLUMNS[place[1]][0] is None:
            self.notify("T_x is trained with its student: mark T_x S_s or T_m T_x S_s")
            return
        self._mark({place})

    def action_mark_row(self) -> None:
        self._mark({(self._cursor()[0], column) for column in COLUMNS})

    def action_mark_all(self) -> None:
        self._mark({(mix, column) for mix in mixes_of(self._modality) for column in COLUMNS})

    @on(DataTable.CellSelected)
    def _selected(self) -> None:
        self.action_mark()

    @on(DataTable.CellHighlighted)
    def _moved(self) -> None:
        self.ask()

    def action_queue(self) -> None:
        if self.answer and self._marked:
            self.wnkd.deeds.queue(requests(self.answer.basis, self._marked))
            self._mark(set(self._marked))

    def action_form(self) -> None:
        if self.answer:
            mix, column = self._cursor()
            self.wnkd.fill_form(Fields.at(self.answer.basis, mix, COLUMNS[column][0]))

    def action_open(self) -> None:
        if self.answer and self.answer.trial is not None:
            self.wnkd.open_trial(self.answer.trial)

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
        options, basis = self.answer.options, self.answer.basis
        if name == "dataset":
            self.wnkd.grid_dataset = _after(basis.dataset, options.datasets)
            self._recipe = self._encoder = self._limit = None
        elif name == "recipe":
            self._recipe, self._encoder = _after(basis.recipe, options.recipes), None
        elif name == "encoder":
            self._encoder = _after(basis.encoder, options.encoders)
        elif name == "modality":
            self._modality = _after(basis.modality, tuple(Modality))
        elif name == "seeds":
            self._seeds = _after(basis.seeds, _SEEDS)
        elif name == "images":
            self._limit = _after(basis.limit_train, options.limits)
        self._marked = frozenset()
        self.ask()


def _after(value: Any, values: tuple[Any, ...]) -> Any:
    """The one after `value`, the first after the last."""
    return values[(values.index(value) + 1) % len(values)] if value in values else values[0]
