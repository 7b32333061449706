"""What is read from a dataset's own files, in threads that post it."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from textual.message import Message

from engine.data import prompts
from engine.errors import WnkdError
from wnkd_tui.home import Home
from wnkd_tui.queue import datasets
from wnkd_tui.store.datasets import DatasetRow

if TYPE_CHECKING:
    from wnkd_tui.app.screens.datasets.about import Prompts
    from wnkd_tui.pictures import Sample

MOST = 30  # images; more do not fit on a screen
Post = Callable[[Message], object]


class Sampled(Message):
    """Images of the dataset with `key`, from the class `first` on, or in a line why not."""

    def __init__(self, key: str, first: int, samples: "Sequence[Sample] | str") -> None:
        super().__init__()
        self.key, self.first, self.samples = key, first, samples


class Looked(Message):
    """By a dataset's name what of its files is gone, None where nothing is."""

    def __init__(self, gone: Mapping[str, Path | None]) -> None:
        super().__init__()
        self.gone = gone


class Prompted(Message):
    """The person's own prompts of the dataset with `key`, or in a line why not."""

    def __init__(self, key: str, prompts: "Prompts | str") -> None:
        super().__init__()
        self.key, self.prompts = key, prompts


class Checking(Message):
    """How many files of the dataset `name` are read; `done` None once all is said."""

    def __init__(self, name: str, done: int | None, total: int, words: str = "") -> None:
        super().__init__()
        self.name, self.done, self.total, self.words = name, done, total, words


class Stopped(WnkdError):
    """A person stopped the reading."""


def sample(row: DatasetRow, first: int, side: int, post: Post) -> None:
    """Posts an image of each class from `first` on, as many as fit, `side` pixels wide and high."""
    from wnkd_tui import pictures  # late: Pillow is not needed before a dataset is looked at

    try:
        found: Sequence[Sample] | str = pictures.samples(row.source, MOST, first, side)
    except (WnkdError, OSError) as error:
        found = str(error)
    post(Sampled(row.key, first, found))


def look(rows: Sequence[DatasetRow], post: Post) -> None:
    """Posts which datasets have lost files: on a slow disk that takes its time."""
    post(Looked({row.name: datasets.missing(row) for row in rows}))


def read_prompts(row: DatasetRow, path: Path, post: Post) -> None:
    """Posts a dataset's own prompts."""
    try:
        found: Prompts | str = prompts.read(path, row.classes)
    except (WnkdError, OSError) as error:
        found = str(error)
    post(Prompted(row.key, found))


def check(find: Callable[[], Home], row: DatasetRow, stop: Event, post: Post) -> None:
    """Reads the whole dataset, posting how far it is and what came of it."""

    def report(done: int, total: int) -> None:
        if stop.is_set():
            raise Stopped(f"the check of {row.name} is stopped")
        post(Checking(row.name, done, total))

    try:
        wrong = datasets.check(find(), row, report=report).wrong
        words = f"{row.name}: {wrong}" if wrong else f"{row.name} is as it should be"
    except (WnkdError, sqlite3.Error, OSError) as error:
        words = str(error)
    post(Checking(row.name, None, 0, words))
