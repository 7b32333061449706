"""Page 2: the datasets that trials can name, what each holds, and how it looks."""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import ScreenResume
from textual.widgets import Static

from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.app.screens.datasets.about import READING, Prompts, about
from wnkd_tui.app.screens.datasets.adding import AddDataset
from wnkd_tui.app.screens.datasets.columns import dataset_columns
from wnkd_tui.app.screens.datasets.gallery import Gallery
from wnkd_tui.app.screens.datasets.pane import ClassPane
from wnkd_tui.app.screens.datasets.sampling import (
    Checking,
    Looked,
    Prompted,
    Sampled,
    check,
    look,
    read_prompts,
    sample,
)
from wnkd_tui.app.screens.datasets.view import DatasetLine, DatasetsQuestion, DatasetsView
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.undo import Did
from wnkd_tui.app.widgets.choices import Choices, Name
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.queue import datasets
from wnkd_tui.store.rows import DatasetRow

if TYPE_CHECKING:
    from wnkd_tui.pictures import Sample

VIEWS = ("classes", "curve", "images")


class DatasetsPage(Page):
    NAME = "datasets"
    AUTO_FOCUS = "#datasets"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add", tooltip="Add a dataset of your own"),
        Binding("x", "remove", "Remove", tooltip="Forget the dataset; its files stay"),
        Binding("C", "check", "Check", tooltip="Read all of it: is it what was added?"),
        Binding("p", "pictures", "Images", tooltip="Images, or its classes again"),
        Binding("g", "configure", "Grid", show=False, tooltip="Its configurations"),
        Binding("v", "turn", "Other view", show=False, tooltip="Classes, their curve, images"),
        Binding("tab", "app.focus_next", "List/classes", show=False, tooltip="To the other list"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._view = VIEWS[0]
        self._selected: str | None = None
        self._gone: Mapping[str, Path | None] = {}  # by a dataset's name
        self._samples: dict[tuple[str, int], Sequence[Sample] | str] = {}  # by key and class
        self._prompts: dict[str, Prompts | str] = {}  # by a dataset's key
        self._stop: Event | None = None  # of the check that runs
        self._checking = ""  # how far it is

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
        self._selected = kept["selected"]

    def on_screen_resume(self, event: ScreenResume) -> None:
        super().on_screen_resume(event)
        self._look()

    def show(self, answer: DatasetsView) -> None:
        rows, first = self._rows, self._rows.key is None
        if {line.row.name for line in answer.lines} - self._gone.keys():
            self._look()
        rows.show(answer.lines)
        rows.styles.height = min(10, len(answer.lines) + 1)
        if first and self._selected:
            rows.go_to(self._selected)
        self._select()
        self._detail()

    @property
    def _rows(self) -> Rows[DatasetLine]:
        return self.query_one("#datasets", Rows)

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

    @on(Rows.Moved, "#datasets")
    def _follow(self, _: Rows.Moved) -> None:
        self._select()

    def _select(self) -> None:
        """Asks for what is known of the dataset under the cursor; the answer draws it."""
        name = str(self._rows.key)
        if name != self._selected:
            self._selected = name
            self.ask()

    def _detail(self) -> None:
        if not (line := self._rows.row):
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
        self.offer()

    def _title(self, line: DatasetLine) -> Text:
        """Its name, and what is wrong with it or being done."""
        inks, name = self.wnkd.inks, line.row.name
        words = Text.assemble((name, "bold"), "  ")
        if self._checking:
            return words.append(f"{self._checking}  (C stops)", inks["state-running"])
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

    def _look(self) -> None:
        if self.answer:
            rows = [line.row for line in self.answer.lines]
            self.run_worker(partial(look, rows, self.post_message), thread=True, group="look")
            self._gone = {row.name: None for row in rows if row.builtin} | dict(self._gone)

    @on(Looked)
    def _looked(self, event: Looked) -> None:
        self._gone = event.gone
        self._rows.refresh()
        self._detail()

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
        self._detail()

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
            self._detail()

    # What can be done.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("remove", "check"):
            line = self._rows.row if self.is_mounted else None
            return line is not None and not line.row.builtin
        return True

    def _turn(self, view: str) -> None:
        self._view = view
        if view == "images":  # a failure is tried again
            self._samples = {at: one for at, one in self._samples.items() if type(one) is not str}
        self._detail()

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

    def action_configure(self) -> None:
        if line := self._rows.row:
            self.wnkd.configure(line.row.name)

    def action_add(self) -> None:
        def added(name: str | None) -> None:
            if name:
                self._selected = name
                self._gone = {**self._gone, name: None}
                self.wnkd.poller.nudge()

        self.app.push_screen(AddDataset(self.wnkd.find), added)

    def action_remove(self) -> None:
        if not (line := self._rows.row):
            return
        name = line.row.name

        def deed(conn: sqlite3.Connection) -> Did:
            datasets.remove(conn, name)
            return Did(f"removed dataset {name}")

        def answer(value: str | None) -> None:
            if value:
                self.wnkd.deeds.do(deed)

        question = f"Remove dataset {name}? Its files stay where they are."
        choices = [Choice("y", f"remove {name}", "yes"), Choice("n", "keep", "")]
        self.app.push_screen(Ask(question, choices), answer)

    def action_check(self) -> None:
        """Reads all of it in a thread, or stops that."""
        if self._stop:
            self._stop.set()
        elif line := self._rows.row:
            self._stop, self._checking = Event(), f"checking {line.row.name}…"
            work = partial(check, self.wnkd.find, line.row, self._stop, self.post_message)
            self.run_worker(work, thread=True, group="check")
            self._detail()

    @on(Checking)
    def _checked(self, event: Checking) -> None:
        if event.done is None:
            self._stop, self._checking = None, ""
            self.notify(event.words, markup=False)
            self.wnkd.poller.nudge()
            self._look()
        else:
            self._checking = f"checking {event.name}: {event.done:,} of {event.total:,} files"
        self._detail()

    def on_unmount(self) -> None:
        if self._stop:
            self._stop.set()
