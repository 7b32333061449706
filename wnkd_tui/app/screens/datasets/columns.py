"""The columns of the lists of datasets and of classes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rich.text import Text

from wnkd_tui.app.progress import bar
from wnkd_tui.app.screens.datasets.view import DatasetLine
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.store.datasets import DatasetRow

Inks = Mapping[str, str]
SIGNS = {  # a dataset's state → its sign and its colour
    "built in": ("✓", "state-done"),
    "ready": ("✓", "state-done"),
    "missing": ("✗", "state-failed"),
    "damaged": ("✗", "state-failed"),
    "looking": ("…", "faint"),
}


@dataclass(frozen=True)
class ClassLine:
    """A class; `most` are the images of the largest one, `group` is its shot group or ""."""

    label: int
    name: str
    train: int
    val: int
    most: int
    group: str


def dataset_columns(
    state: Callable[[DatasetLine], str], inks: Callable[[], Inks]
) -> list[Column[DatasetLine]]:
    """`state` tells whether a dataset's files are there."""

    def signed(line: DatasetLine, _: int) -> Text:
        sign, ink = SIGNS[state(line)]
        return Text(f"{sign} {state(line)}", style=inks()[ink])

    def count(of: Callable[[DatasetRow], int]) -> Callable[[DatasetLine, int], Text]:
        return lambda line, _: Text(f"{of(line.row):,}")

    return [
        Column("Name", lambda line, _: Text(line.row.name), width=15, wide=20),
        Column("State", signed, width=10),
        Column("Kind", lambda line, _: Text(line.row.kind), width=15, room=130),
        Column("Classes", count(lambda row: len(row.classes)), 7, right=True),
        Column("Train", count(lambda row: sum(row.train_per_class)), 9, right=True),
        Column("Val", count(lambda row: sum(row.val_per_class)), 7, right=True),
        Column("Size", lambda line, _: Text(_size(line.row)), 9, room=100, right=True),
        Column("Ratio", lambda line, _: Text(f"{line.imbalance:.1f}"), 6, right=True),
        Column("Trials", lambda line, _: Text(f"{line.trials:,}"), 6, room=100, right=True),
        Column("Path", _path, width=12, grow=1),
    ]


def class_columns(inks: Callable[[], Inks]) -> list[Column[ClassLine]]:
    def drawn(line: ClassLine, width: int) -> Text:
        return bar(line.train / line.most, width, inks()["teacher"], inks()["faint"])

    return [
        Column("Class", lambda line, _: Text(line.name), width=18, wide=24),
        Column("", drawn, width=10, grow=1),
        Column("Train", lambda line, _: Text(f"{line.train:,}"), 7, right=True),
        Column("Val", lambda line, _: Text(f"{line.val:,}", inks()["faint"]), 6, right=True),
        Column("Shots", lambda line, _: Text(line.group, inks()["faint"]), 6, room=60),
    ]


def _size(row: DatasetRow) -> str:
    return f"{row.size[1]}×{row.size[0]}" if row.size else ""


def _path(line: DatasetLine, width: int) -> Text:
    """The end of a path says more than its beginning."""
    path = str(line.row.path or "with wnkd")
    return Text(path if len(path) <= width else "…" + path[1 - width :])
