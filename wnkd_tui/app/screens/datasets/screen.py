"""Page 2: the datasets that trials can name, what each holds, and how it looks."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import ScreenResume
from textual.widgets import Static

from wnkd_tui.app.screens.datasets.about import READING, Prompts, about
from wnkd_tui.app.screens.datasets.acting import DEEDS, ActingPage
from wnkd_tui.app.screens.datasets.columns import dataset_columns
from wnkd_tui.app.screens.datasets.gallery import Gallery
from wnkd_tui.app.screens.datasets.pane import ClassPane
from wnkd_tui.app.screens.datasets.sampling import (
    Looked,
    Prompted,
    Sampled,
    look,
    read_prompts,
    sample,
)
from wnkd_tui.app.screens.datasets.view import DatasetLine, DatasetsQuestion, DatasetsView
from wnkd_tui.app.widgets.choices import Choices, Name
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.store.datasets import DatasetRow

if TYPE_CHECKING:
    from wnkd_tui.pictures import Sample

VIEWS = ("classes", "curve", "images")


class DatasetsPage(ActingPage):
    NAME = "datasets"
    AUTO_FOCUS = "#datasets"
    BINDINGS: ClassVar[list[BindingType]] = [
        *DEEDS,
        Binding("p", "pictures", "Images", tooltip="Images, or its classes again"),
        Binding("v", "turn", "Other view", show=False, tooltip="Classes, their curve, images"),
        Binding("tab", "app.focus_next", "List/classes", show=False, tooltip="To the other list"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._view = VIEWS[0]
        self._selected: str | None = None
        self._wanted: str | None = None  # gone to once the list has it
        self._gone: Mapping[str, Path | None] = {}  # by a dataset's name
        self._samples: dict[tuple[str, int], Sequence[Sample] | str] = {}  # by key and class
        self._prompts: dict[str, Prompts | str] = {}  # by a dataset's key

    def body(self) -> ComposeResult:
        columns = dataset_columns(self._state, lambda: self.wnkd.inks)
        yield Rows(columns, lambda line: line.row.name, id="datasets")
        with Vertical(classes="detail"):
            yield Static(classes="title")
            yield Static(id="about")
            yield Choices("v", VIEWS, classes="views")
            yield ClassPane()
            yield Gallery(id="images")

    def question(self) -> DatasetsQuestion:
        return DatasetsQuestion(self._selected)

    def kept(self) -> dict[str, Any]:
        return {"view": self._view, "selected": self._selected}

    def restore(self, kept: Mapping[str, Any]) -> None:
        if kept["view"] in VIEWS:
            self._view = kept["view"]
        self._selected = self._wanted = kept["selected"]

    def on_screen_resume(self, _: ScreenResume) -> None:
        self.look()

    def show(self, answer: DatasetsView) -> None:
        rows, names = self._rows, {line.row.name for line in answer.lines}
        if names - self._gone.keys():
            self.look()
        rows.show(answer.lines)
        rows.styles.height = min(10, len(answer.lines) + 1)
        if self._wanted in names:
            rows.go_to(self._wanted)
            self._wanted = None
        self._select()
        self.detail()

    @property
    def _rows(self) -> Rows[DatasetLine]:
        return self.query_one("#datasets", Rows)

    @property
    def line(self) -> DatasetLine | None:
        return self._rows.row

    @property
    def _pane(self) -> ClassPane:
        return self.query_one(ClassPane)

    def _state(self, line: DatasetLine) -> str:
        if line.row.builtin:
            return "built in"
        if line.row.name not in self._gone:
            return "looking"
        if self._gone[line.row.name]:
            return "missing"
        return "damaged" if line.wrong else "ready"

    def choose(self, name: str) -> None:
        self._wanted = name
        self._gone = {**self._gone, name: None}

    @on(Rows.Moved, "#datasets")
    def _follow(self, _: Rows.Moved) -> None:
        self._select()

    def _select(self) -> None:
        """Asks for what is known of the dataset under the cursor; the answer draws it."""
        name = str(self._rows.key)
        if name != self._selected:
            self._selected = name
            self.ask()

    def detail(self) -> None:
        if not (line := self.line):
            return
        row, inks = line.row, self.wnkd.inks
        for view in VIEWS:
            self.set_class(view == self._view, f"-{view}")
        self.query_one(Choices).tell(self._view, inks)
        self.query_one(".title", Static).update(self._title(line))
        self.query_one("#about", Static).update(about(row, inks))
        nouns = self.answer.nouns if self.answered == self.question() else READING
        self._pane.tell(row, self._own_prompts(row), nouns, inks)
        if self._view == "images":
            self._draw(row)
        self.refresh_bindings()

    def _title(self, line: DatasetLine) -> Text:
        """Its name, and what is wrong with it or being done."""
        inks, name = self.wnkd.inks, line.row.name
        words = Text.assemble((name, "bold"), "  ")
        if self.checking:
            return words.append(f"{self.checking}  (C stops)", inks["state-running"])
        match self._state(line):
            case "missing":
                return words.append(f"missing: {self._gone[name]} is gone", inks["state-failed"])
            case "damaged":
                told = f"damaged: {line.wrong}; a adds it as it is now"
                return words.append(told, inks["state-failed"])
        trial = self.answer.trial
        told = "enter: its configurations"
        return words.append(f"nouns of trial {trial} · {told}" if trial else told, inks["faint"])

    # What is read from its files.

    def look(self) -> None:
        if self.answer:
            rows = [line.row for line in self.answer.lines]
            self.run_worker(partial(look, rows, self.post_message), thread=True, group="look")
            self._gone = {row.name: None for row in rows if row.builtin} | dict(self._gone)

    @on(Looked)
    def _looked(self, event: Looked) -> None:
        self._gone = event.gone
        self._rows.refresh()
        self.detail()

    def _own_prompts(self, row: DatasetRow) -> Prompts | str | None:
        if row.prompts is None:
            return None
        if row.key not in self._prompts:
            self._prompts[row.key] = READING
            work = partial(read_prompts, row, row.prompts, self.post_message)
            self.run_worker(work, thread=True, group="prompts")
        return self._prompts[row.key]

    @on(Prompted)
    def _prompted(self, event: Prompted) -> None:
        self._prompts[event.key] = event.prompts
        self.detail()

    def _draw(self, row: DatasetRow) -> None:
        """The dataset's images, or why they cannot be seen yet."""
        at, gallery = (row.key, self._pane.label), self.query_one(Gallery)
        if at not in self._samples:
            self._samples = {at: "reading images…"}  # those of one place are enough to keep
            work = partial(sample, row, at[1], gallery.side, self.post_message)
            self.run_worker(work, thread=True)
        gallery.tell(self._samples[at], self.wnkd.inks)

    @on(Sampled)
    def _sampled(self, event: Sampled) -> None:
        if (event.key, event.first) in self._samples:
            self._samples[event.key, event.first] = event.samples
            self.detail()

    # What the keys turn.

    def _turn(self, view: str) -> None:
        self._view = view
        if view == "images":  # a failure is tried again
            self._samples = {at: one for at, one in self._samples.items() if type(one) is not str}
        self.detail()

    def action_turn(self) -> None:
        self._turn(VIEWS[(VIEWS.index(self._view) + 1) % len(VIEWS)])

    def action_pictures(self) -> None:
        self._turn("classes" if self._view == "images" else "images")

    @on(Name.Pressed)
    def _pressed(self, event: Name.Pressed) -> None:
        self._turn(event.name)

    @on(Rows.Chosen, "#datasets")
    def _open(self, _: Rows.Chosen) -> None:
        self.action_configure()
