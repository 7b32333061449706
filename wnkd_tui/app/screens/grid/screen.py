"""Page 3: the paper's proportion grid, with what is done and what could be queued."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import DataTable, Static

from wnkd_tui.app.screens.form.saved import Loaded, SavedConfigurations
from wnkd_tui.app.screens.grid import telling
from wnkd_tui.app.screens.grid.charts import GridCharts
from wnkd_tui.app.screens.grid.drawn import BESIDE, GridTable
from wnkd_tui.app.screens.grid.knobs import KNOBS, Settings, after
from wnkd_tui.app.screens.grid.marking import MARKING, MarkingPage
from wnkd_tui.app.screens.grid.places import request_of, requests
from wnkd_tui.app.screens.grid.sweep import SweepList
from wnkd_tui.app.screens.grid.view import GridQuestion, GridView
from wnkd_tui.app.widgets.knobs import Knob, Knobs
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.fields import Fields
from wnkd_tui.report.stats import Epoch


class GridPage(MarkingPage):
    NAME = "grid"
    AUTO_FOCUS = "GridTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        *MARKING,
        Binding("q", "queue", "Queue", tooltip="Queue what is marked"),
        Binding("S", "sweep", "Sweep", tooltip="Queue all that one of the paper's tables needs"),
        Binding("f", "form", "Form", tooltip="Fill the form from the cell"),
        Binding("O", "saved", "Saved", show=False, tooltip="Configurations that were saved"),
        Binding("b", "epoch", "Best/last", show=False, tooltip="Accuracies at the other epoch"),
        *(
            Binding(key, f"turn('{name}')", f"Next {name}", show=False)
            for name, key in KNOBS.items()
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._settings = Settings()
        self._epoch: Epoch = "best"

    def body(self) -> ComposeResult:
        with Knobs(min_column_width=36):
            for name, key in KNOBS.items():
                yield Knob(key, name)
        yield GridTable(id="grid")
        yield Static(id="grid-cell")
        yield Static(id="grid-legend")
        yield Static(id="grid-preview")
        yield GridCharts(id="grid-charts")

    def question(self) -> GridQuestion:
        return self._settings.question(self.wnkd.grid_dataset, self.marked, beside=self._beside)

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
        self.draw_marks()
        roomy = self.table.roomy
        legend = telling.legend(grid, self._epoch, self.wnkd.inks, roomy=roomy)
        self.query_one("#grid-legend", Static).update(legend)
        self.call_after_refresh(self._plot)  # takes longer than all the rest
        self.refresh_bindings()

    def on_resize(self, _: Resize) -> None:
        self.ask()

    def draw_marks(self) -> None:
        self.table.draw(self.layout_shown, self.grid, self.marked, self._epoch, self.wnkd.inks)
        self._tell()

    def _tell(self) -> None:
        """What marks would add, and what is known of the cell under the cursor."""
        inks, told = self.wnkd.inks, self.answer.preview
        now = self.answered == self.question()
        words = Text("…", inks["faint"])
        if now:
            tall = self.has_class("-tall")
            words = telling.marks(told, inks, marked=bool(self.marked), tall=tall)
        self.query_one("#grid-preview", Static).update(words)
        self._tell_cell()

    def _tell_cell(self) -> None:
        place, inks = self.table.place, self.wnkd.inks
        words = place and telling.cell(self.grid, self.layout_shown, place, self._epoch, inks)
        self.query_one("#grid-cell", Static).update(words or "")

    def _plot(self) -> None:
        """All modalities where they stand beside each other, else the cursor's."""
        rows, place = self.grid.rows, self.table.place
        several = len(self.grid.basis.modalities) > 1
        if place and several and not self._beside:
            rows = {seen: some for seen, some in rows.items() if seen is place[0].modality}
        self.query_one(GridCharts).tell(rows, several, self._epoch, self.wnkd.inks)

    @property
    def _beside(self) -> bool:
        return self.size.width >= BESIDE

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("queue", "mark_none"):
            return bool(self.marked)
        return True

    @on(DataTable.CellHighlighted)
    def _moved(self) -> None:
        if self.answer:
            self._tell_cell()
            if not self._beside:
                self._plot()

    def action_queue(self) -> None:
        if self.answer and self.marked:
            wanted = requests(self.layout_shown, self.grid.basis, self.marked)
            self.wnkd.deeds.queue(wanted)
            self.put_marks(frozenset())

    def action_sweep(self) -> None:
        """Everything that one of the paper's tables or figures needs."""
        if not self.answer:
            return

        def queue(requests: list[TrialRequest] | None) -> None:
            if requests:
                self.wnkd.deeds.queue(requests)

        self.app.push_screen(SweepList(self.wnkd.find, self.grid.basis, self.wnkd.inks), queue)

    def action_form(self) -> None:
        if place := self.table.place:
            line, column = place
            kind = self.layout_shown.columns[column]
            self.wnkd.fill_form(Fields.asking(request_of(self.grid.basis, kind, [line])))

    def action_saved(self) -> None:
        """Fills the form from a configuration that was saved."""

        def fill(loaded: Loaded | None) -> None:
            if loaded:
                self.wnkd.fill_form(loaded.fields)

        self.app.push_screen(SavedConfigurations(self.wnkd.find, None), fill)

    @on(GridTable.Opened)
    def _open(self) -> None:
        if not (place := self.table.place):
            return
        if (trial := self.grid.cells[place].trial) is None:
            self.notify("nobody has queued this yet: space marks it, q queues")
        else:
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
        self._settings.turn(name, self.grid)
        if name == "dataset":
            self.wnkd.grid_dataset = after(self.grid.basis.dataset, self.grid.options.datasets)
        self.marked = frozenset()
        self.query_one(f"#knob-{name}", Knob).tell("…", self.wnkd.inks)  # the answer tells the rest
        self.ask()
