"""The form that adds a dataset: its folder is looked at while one types, then read as a whole."""

import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Button, Checkbox, Input, ProgressBar, Select, Static

from engine.data import digits, folder, imagenet_lt
from engine.data.registry import KINDS, Source
from engine.errors import WnkdError
from wnkd_tui.app.screens.datasets.sampling import Stopped
from wnkd_tui.app.screens.dialog import Dialog
from wnkd_tui.app.screens.form.lines import Box, chosen_in, entry, line
from wnkd_tui.app.widgets.footer import Footer
from wnkd_tui.home import Home
from wnkd_tui.queue import datasets
from wnkd_tui.queue.wording import count

_MANY = 1000  # entries of a folder that are counted one by one
_NAMED = 4  # of its folders that are named


class Looked(Message):
    """What stands at `path`, and whether it is a folder."""

    def __init__(self, path: str, words: str, *, good: bool) -> None:
        super().__init__()
        self.path, self.words, self.good = path, words, good


class Read(Message):
    """How many of the files are read; or, at the end, the dataset's name, or what is wrong."""

    def __init__(self, done: int, total: int, added: str = "", wrong: str = "") -> None:
        super().__init__()
        self.done, self.total, self.added, self.wrong = done, total, added, wrong


class Folders(Suggester):
    """Completes a path by the folders and files that there are."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        begun, _, part = value.rpartition("/")
        parent = Path(f"{begun}/").expanduser() if "/" in value else Path()
        try:
            names = sorted(one.name + "/" * one.is_dir() for one in islice(parent.iterdir(), _MANY))
        except OSError:
            return None
        found = next((name for name in names if name.startswith(part)), None) if part else None
        return f"{value}{found[len(part) :]}" if found else None


class AddDataset(Dialog[str | None]):
    """Dismissed with the name of the dataset that was added, or None."""

    AUTO_FOCUS = "#path"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "add", "Add", priority=True, tooltip="Read all of it, and add it"),
        Binding("escape", "back", "Stop, back", tooltip="Stop the reading, or go back"),
    ]

    def __init__(self, find: Callable[[], Home]) -> None:
        super().__init__()
        self._find = find
        self._stop: Event | None = None  # of the reading that goes on

    def compose(self) -> ComposeResult:
        kinds = [folder.NAME, *(kind for kind in KINDS if kind not in (folder.NAME, digits.NAME))]
        with VerticalScroll(classes="dialog form adding", can_focus=False):
            yield Static(
                "Add a dataset: it is read where it is, nothing is copied", classes="question"
            )
            yield line(("kind", chosen_in("kind", kinds, "", folder.NAME)))
            yield line(("path", entry("path", "", "its folder; → completes", Folders())))
            yield Static(id="seen", markup=False)
            yield line(("name", entry("name", "", "letters, digits, - and _")))
            yield line(("prompts", entry("prompts", "", "a CSV class,prompt", Folders())))
            yield line(("splits", entry("splits", "", "imagenet-lt's split files", Folders())))
            yield line(("unreadable", Box("refuse all for one file", id="strict", compact=True)))
            yield Static(id="told", markup=False)
            yield ProgressBar(id="progress", show_eta=True)
            with Horizontal(classes="buttons"):
                yield Button("Add", id="add", variant="primary", compact=True)
                yield Button("Back", id="back", compact=True)
        yield Footer()

    def _typed(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    def on_mount(self) -> None:
        self._fit()

    @on(Select.Changed)
    def _fit(self) -> None:
        """A kind that the paper names is the name of its dataset."""
        kind = str(self.query_one("#kind", Select).value)
        name = self.query_one("#name", Input)
        name.disabled = kind != folder.NAME
        name.value = "" if kind == folder.NAME and name.value in KINDS else name.value
        if kind != folder.NAME:
            name.value = kind
        self.query_one("#splits", Input).disabled = kind != imagenet_lt.NAME

    @on(Input.Changed, "#path")
    def _look(self, event: Input.Changed) -> None:
        work = partial(look, event.value.strip(), self.post_message)
        self.run_worker(work, thread=True, exclusive=True, group="look")

    @on(Looked)
    def _see(self, event: Looked) -> None:
        if event.path == self._typed("path"):
            seen = self.query_one("#seen", Static)
            seen.update(event.words)
            seen.set_class(not event.good, "-wrong")
            name = self.query_one("#name", Input)
            if event.good and not name.value and not name.disabled:
                name.placeholder = Path(event.path).name or name.placeholder

    @on(Button.Pressed, "#add")
    @on(Input.Submitted)
    def action_add(self) -> None:
        if self._stop:
            return
        try:
            source = self._source()
        except WnkdError as error:
            self._tell(str(error), wrong=True)
            return
        self._stop = Event()
        self._tell(f"reading {source.name}…")
        self.query_one("#progress", ProgressBar).update(total=None, progress=0)
        self.set_class(True, "-reading")
        strict = self.query_one("#strict", Checkbox).value
        work = partial(read, self._find, source, strict, self._stop, self.post_message)
        self.run_worker(work, thread=True, group="add")

    def _source(self) -> Source:
        """Raises SpecError or DataError for what is no name."""
        path, prompts, splits = (
            Path(self._typed(name)) if self._typed(name) else None
            for name in ("path", "prompts", "splits")
        )
        name = self._typed("name") or (path.name if path else "")
        return datasets.source_of(name, path, prompts, splits)

    @on(Read)
    def _read(self, event: Read) -> None:
        if event.added or event.wrong:
            self._stop = None
            self.set_class(False, "-reading")
            self._tell(event.wrong, wrong=True)
        if event.added:
            self.notify(f"added {event.added}", markup=False)
            self.dismiss(event.added)
        elif not event.wrong:
            self._tell(f"read {event.done:,} of {event.total:,} files; escape stops")
            bar = self.query_one("#progress", ProgressBar)
            bar.update(total=event.total, progress=event.done)

    def _tell(self, words: str, *, wrong: bool = False) -> None:
        told = self.query_one("#told", Static)
        told.update(f"✗ {words}" if wrong and words else words)
        told.set_class(wrong, "-wrong")

    @on(Button.Pressed, "#back")
    def action_back(self) -> None:
        if self._stop:
            self._stop.set()
        else:
            self.dismiss(None)

    def on_unmount(self) -> None:
        if self._stop:
            self._stop.set()


def look(path: str, post: Callable[[Message], object]) -> None:
    """Posts what stands at `path`, by a look at its first level alone."""
    words, good = "", False
    if path:
        try:
            words, good = _seen(Path(path).expanduser())
        except OSError as error:
            words = f"✗ {error.strerror or error}"
    post(Looked(path, words, good=good))


def read(
    find: Callable[[], Home],
    source: Source,
    strict: bool,
    stop: Event,
    post: Callable[[Message], object],
) -> None:
    """Reads the dataset and adds it, posting how far it is."""

    def report(done: int, total: int) -> None:
        if stop.is_set():
            raise Stopped("stopped: nothing was added")
        post(Read(done, total))

    try:
        info = datasets.add(find(), source, strict=strict, report=report)
    except (WnkdError, sqlite3.Error, OSError) as error:
        post(Read(0, 0, wrong=str(error)))
        return
    post(Read(0, 0, added=info.name))


def _seen(path: Path) -> tuple[str, bool]:
    if not path.exists():
        return "✗ there is no such folder", False
    if not path.is_dir():
        return "✗ this is a file: give its folder", False
    entries = list(islice(path.iterdir(), _MANY))
    inside = sorted(one.name for one in entries if one.is_dir() and not one.name.startswith("."))
    if folder.TRAIN in inside:
        return f"✓ {_listed(inside)}: split already{_classes(path / folder.TRAIN)}", True
    if not inside:
        return f"✓ a folder with {count(len(entries), 'file')} and no folders in it", True
    more = "or more " if len(entries) == _MANY else ""
    return f"✓ {more}{count(len(inside), 'folder')}: {_listed(inside)}", True


def _classes(train: Path) -> str:
    found = sum(one.is_dir() for one in islice(train.iterdir(), _MANY))
    return f", {count(found, 'class folder')}" if found else ""


def _listed(names: Iterable[str]) -> str:
    first = list(islice(names, _NAMED + 1))
    return ", ".join(first[:_NAMED]) + (", …" if len(first) > _NAMED else "")
