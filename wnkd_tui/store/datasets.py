"""The datasets that trials can name: the built-in ones, and those that people added."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wnkd_tui.store.connection import StoreError

if TYPE_CHECKING:
    from engine.data.registry import DatasetInfo, Skipped, Source


@dataclass(frozen=True)
class DatasetRow:
    """A dataset that trials can name. `path` and `added_at` are None for a built-in one.

    `prompts` is a CSV of class,prompt, `splits` the folder of imagenet-lt's split files. `size` is
    (H, W, channels), None for one that an older wnkd registered. `skipped` are files that could
    not be read.
    """

    name: str
    kind: str
    path: Path | None
    key: str
    classes: tuple[str, ...]
    train_per_class: tuple[int, ...]
    val_per_class: tuple[int, ...]
    added_at: float | None
    prompts: Path | None = None
    splits: Path | None = None
    skipped: "tuple[Skipped, ...]" = ()
    size: tuple[int, int, int] | None = None

    @property
    def builtin(self) -> bool:
        return self.path is None

    @property
    def source(self) -> "Source":
        """Where it is on this host, as the engine reads it."""
        # Late: it imports what reads images, for which lists of jobs need not wait.
        from engine.data.registry import Source

        skipped = tuple(one.file for one in self.skipped)
        return Source(self.name, self.kind, self.path, self.prompts, self.splits, skipped)

    @property
    def location(self) -> dict[str, Any]:
        """The same for a job's file: JSON-ready."""
        paths = {"path": self.path, "prompts": self.prompts, "splits": self.splits}
        return {
            "name": self.name,
            "kind": self.kind,
            **{name: str(path) if path else None for name, path in paths.items()},
            "skipped": [one.file for one in self.skipped],
        }


def row_of(info: "DatasetInfo") -> DatasetRow:
    """A checked dataset as it would be registered."""
    return DatasetRow(**vars(info), added_at=None)


def datasets(conn: sqlite3.Connection) -> list[DatasetRow]:
    """Built-in datasets, then those that were added, by name."""
    from engine.data import registry  # late, as in `DatasetRow.source`

    builtin = [row_of(info) for info in registry.builtin()]
    return builtin + [_dataset(row) for row in conn.execute("SELECT * FROM dataset ORDER BY name")]


def dataset(conn: sqlite3.Connection, name: str) -> DatasetRow:
    """Raises StoreError, which lists the known ones, where `name` is none of them."""
    known = {row.name: row for row in datasets(conn)}
    if name not in known:
        raise StoreError(
            f"unknown dataset {name!r}; known: {', '.join(known)} (wnkd dataset add adds one)"
        )
    return known[name]


def _dataset(row: sqlite3.Row) -> DatasetRow:
    from engine.data.registry import Skipped  # late, as in `DatasetRow.source`

    fields = dict(row)
    for name in ("classes", "train_per_class", "val_per_class", "size"):
        fields[name] = None if row[name] is None else tuple(json.loads(row[name]))
    for name in ("path", "prompts", "splits"):
        fields[name] = None if row[name] is None else Path(row[name])
    fields["skipped"] = tuple(Skipped(**one) for one in json.loads(row["skipped"]))
    return DatasetRow(**fields)
