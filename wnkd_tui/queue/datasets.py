"""Datasets that people bring: added, checked again, forgotten; the same for the command line and
the app."""

import json
import re
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.data import imagenet_lt, registry
from engine.data.examine import Report
from engine.data.registry import DatasetInfo, Source
from engine.errors import DataError, SpecError
from wnkd_tui.home import Home
from wnkd_tui.queue.wording import count
from wnkd_tui.store import commands, queries
from wnkd_tui.store.connection import StoreError, transaction
from wnkd_tui.store.database import connect
from wnkd_tui.store.datasets import DatasetRow

OWN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_CHECKED = "checked dataset "  # how the facts begin that `remember` keeps, before the name


@dataclass(frozen=True)
class Checked:
    """What reading a whole dataset found: `wrong` in a line, None where it is as it was added.

    `key` is of the content that was added: another one was not checked. `at` in UTC seconds.
    """

    key: str
    wrong: str | None
    at: float


def source_of(
    name: str,
    path: Path | None,
    prompts: Path | None = None,
    splits: Path | None = None,
) -> Source:
    """Where the dataset `name` is. Raises SpecError for what is no name, and for splits of a kind
    that has none; DataError for one that is built in."""
    if not OWN_NAME.fullmatch(name):
        raise SpecError(f"{name!r} is no name: letters, digits, - and _, at most 64")
    if name in {info.name for info in registry.builtin()}:
        raise DataError(f"{name} is built in: it needs no adding")
    kind = registry.kind_of(name)
    if splits and kind != imagenet_lt.NAME:
        raise SpecError(f"--splits is for {imagenet_lt.NAME}: {name} has no split files")
    at, own, files = (one.expanduser() if one else None for one in (path, prompts, splits))
    return Source(name, kind, at, own, files)


def add(
    home: Home, source: Source, *, strict: bool = False, report: Report | None = None
) -> DatasetInfo:
    """Reads the whole dataset and registers it; nothing is copied. One of the same name is
    replaced. Raises DataError where it cannot be used."""
    info = registry.check(source, strict=strict, report=report)
    commands.add_dataset(home, info)
    return info


def check(
    home: Home, row: DatasetRow, *, strict: bool = False, report: Report | None = None
) -> Checked:
    """Reads the whole dataset and keeps what was found, for `checked`."""
    try:
        info = registry.check(row.source, strict=strict, report=report)
        same = info.key == row.key
        wrong = None if same else "its content is not what was added"
    except DataError as error:
        wrong = str(error)
    found = Checked(row.key, wrong, time.time())
    conn = connect(home)
    try:
        commands.remember(conn, _CHECKED + row.name, json.dumps(asdict(found)))
    finally:
        conn.close()
    return found


def checked(conn: sqlite3.Connection) -> Mapping[str, Checked]:
    """By a dataset's name what the last check of it found."""
    rows = conn.execute("SELECT name, value FROM setting WHERE name GLOB ?", [_CHECKED + "*"])
    return {row["name"].removeprefix(_CHECKED): Checked(**json.loads(row["value"])) for row in rows}


def missing(of: DatasetRow | Source) -> Path | None:
    """What of its files is gone: the folder, the prompts or the split files."""
    parts = (of.path, of.prompts, of.splits)
    return next((part for part in parts if part and not part.exists()), None)


def remove(conn: sqlite3.Connection, name: str) -> DatasetRow:
    """Forgets a dataset; its files stay where they are.

    Raises StoreError, with nothing changed, for a built-in one and one that trials are of.
    """
    row = queries.dataset(conn, name)
    if row.builtin:
        raise StoreError(f"dataset {name} is built in: it cannot be removed")
    with transaction(conn):
        select = "SELECT count(*) FROM trial WHERE dataset = ?"
        trials = conn.execute(select, [name]).fetchone()[0]
        if trials:
            raise StoreError(
                f"dataset {name} has {count(trials, 'trial')}: remove them first"
                f" (wnkd trial list dataset:{name})"
            )
        conn.execute("DELETE FROM dataset WHERE name = ?", [name])
        conn.execute("DELETE FROM setting WHERE name = ?", [_CHECKED + name])
    return row
