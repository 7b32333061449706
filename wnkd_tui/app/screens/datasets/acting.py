"""What is done to datasets: added, checked, forgotten, and gone from to their configurations."""

import sqlite3
from abc import abstractmethod
from functools import partial
from threading import Event

from textual import on
from textual.binding import Binding

from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.app.screens.datasets.adding import AddDataset
from wnkd_tui.app.screens.datasets.sampling import Checking, check
from wnkd_tui.app.screens.datasets.view import DatasetLine
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.undo import Did
from wnkd_tui.queue import datasets

DEEDS = [
    Binding("a", "add", "Add", tooltip="Add a dataset of your own"),
    Binding("x", "remove", "Remove", tooltip="Forget the dataset; its files stay"),
    Binding("C", "check", "Check", tooltip="Read all of it: is it what was added?"),
    Binding("g", "configure", "Grid", show=False, tooltip="Its configurations"),
]


class ActingPage(Page):
    """Deeds of the page's keys, to the dataset under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.checking = ""  # how far the check is that runs
        self._stop: Event | None = None  # ends it

    @property
    @abstractmethod
    def line(self) -> DatasetLine | None:
        """The dataset under the cursor."""

    @abstractmethod
    def detail(self) -> None:
        """Draws what is known of it anew."""

    @abstractmethod
    def look(self) -> None:
        """Looks whether the files of all datasets are there."""

    @abstractmethod
    def choose(self, name: str) -> None:
        """Puts the cursor on a dataset that was just added, whose files are there."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("remove", "check"):
            return self.is_mounted and self.line is not None and not self.line.row.builtin
        return True

    def action_configure(self) -> None:
        if self.line:
            self.wnkd.configure(self.line.row.name)

    def action_add(self) -> None:
        def added(name: str | None) -> None:
            if name:
                self.choose(name)
                self.wnkd.poller.nudge()

        self.app.push_screen(AddDataset(self.wnkd.find), added)

    def action_remove(self) -> None:
        if not self.line:
            return
        name = self.line.row.name

        def deed(conn: sqlite3.Connection) -> Did:
            datasets.remove(conn, name)
            return Did(f"removed dataset {name}")

        def answer(value: str | None) -> None:
            if value:
                self.wnkd.deeds.do(deed)

        question = f"Remove dataset {name}? Its files stay where they are."
        choices = [Choice("n", "keep", ""), Choice("y", f"remove {name}", "yes")]
        self.app.push_screen(Ask(question, choices), answer)

    def action_check(self) -> None:
        """Reads all of it in a thread, or stops that."""
        if self._stop:
            self._stop.set()
        elif self.line:
            row = self.line.row
            self._stop, self.checking = Event(), f"checking {row.name}…"
            work = partial(check, self.wnkd.find, row, self._stop, self.post_message)
            self.run_worker(work, thread=True, group="check")
            self.detail()

    @on(Checking)
    def _checked(self, event: Checking) -> None:
        if event.done is None:
            self._stop, self.checking = None, ""
            self.notify(event.words, markup=False)
            self.wnkd.poller.nudge()
            self.look()
        else:
            self.checking = f"checking {event.name}: {event.done:,} of {event.total:,} files"
        self.detail()

    def on_unmount(self) -> None:
        if self._stop:
            self._stop.set()
