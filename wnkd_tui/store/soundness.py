"""What must hold in every row, and whether it does. SQLite itself tells damaged pages and indices;
a bit that changed inside of a value is found here, where it makes the value senseless."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from engine.errors import WnkdError
from engine.spec import TrialSpec
from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.connection import FAULTS, StoreError, damaged, explained
from wnkd_tui.store.database import connect

STATES = ("waiting", "running", "paused", "done", "failed", "cancelled", "lost")
JSON_COLUMNS = {
    "dataset": ("classes", "train_per_class", "val_per_class", "skipped", "size"),
    "trial": ("spec", "changes"),
    "job": ("spec", "data", "result"),
    "capture": ("packages",),
}
# Names of SQLite's types by how a column's type begins. What is declared as a float may be stored
# as an integer.
TYPES: Mapping[str, tuple[type, ...]] = {
    "INTEGER": (int,),
    "FLOAT": (int, float),
    "VARCHAR": (str,),
    "TEXT": (str,),
}
ANY = (int, float, str)
STORED = {int: "integer", float: "real", str: "text"}
MANY_ROWS = "metric"  # looked at by SQLite alone

Columns = Sequence[tuple[str, tuple[type, ...], bool]]  # name, types, whether it may be NULL


def check(home: Home) -> str | None:
    """What is wrong with the database, in one line with what to do; None where it is sound.

    Reads the whole of it: a gigabyte takes about 10 s.
    """
    try:
        with closing(connect(home)) as connection:
            found = fault(connection)
    except StoreError as error:
        return str(error)
    except FAULTS as error:
        return str(explained(error, home))
    return damaged(home, found) if found else None


def fault_behind(error: Exception, home: Home) -> str | None:
    """Whether it is the database that an unexpected error comes from: what is wrong with it, in
    one line; None where it is sound. Makes no database where there is none."""
    if isinstance(error, FAULTS):
        return str(explained(error, home))
    return check(home) if home.db.exists() else None


def fault(connection: sqlite3.Connection) -> str | None:
    """The first thing that is wrong in a database of the newest schema, in a few words.

    Raises sqlite3.Error where SQLite stumbles over it itself.
    """
    found: str = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        return found
    for row in connection.execute("PRAGMA foreign_key_check"):
        return f"a row of {row[0]} belongs to no {row[2]}"
    for table in tables(connection):
        if table == MANY_ROWS:
            where = " OR ".join(map(_senseless, columns(connection, table)))
            if connection.execute(f"SELECT 1 FROM {table} WHERE {where} LIMIT 1").fetchone():
                return f"a row of {table} holds what cannot be"
            continue
        shape = columns(connection, table)
        for row in connection.execute(f"SELECT * FROM {table}"):
            if wrong := row_fault(table, shape, tuple(row)):
                return wrong
    queries.jobs(connection, ids=())  # statements that name columns: a damaged schema has others
    queries.trials(connection, ids=())
    return None


def tables(connection: sqlite3.Connection) -> list[str]:
    """The schema's own tables, those first that others refer to."""
    rows = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name != 'alembic_version'"
        " AND name NOT LIKE 'sqlite%' ORDER BY sql LIKE '%REFERENCES%', name"
    )
    return [row[0] for row in rows]


def columns(connection: sqlite3.Connection, table: str) -> Columns:
    """What each column of `table` may hold."""
    return [
        (row[1], TYPES.get(row[2].partition("(")[0], ANY), not (row[3] or row[5]))
        for row in connection.execute(f"PRAGMA table_info({table})")
    ]


def row_fault(table: str, shape: Columns, values: Sequence[Any]) -> str | None:
    """What is wrong with a row, in a few words; None where nothing is."""
    row = {name: value for (name, _, _), value in zip(shape, values, strict=True)}
    for (name, types, nullable), value in zip(shape, values, strict=True):
        if not (isinstance(value, types) or (value is None and nullable)):
            return f"{name} of a row of {table} holds {str(value)[:40]!r}"
    try:
        for name in JSON_COLUMNS.get(table, ()):
            if row.get(name) is not None:
                json.loads(row[name])
        if table == "trial":
            TrialSpec.from_dict(json.loads(row["spec"]))
    except (ValueError, AttributeError, RecursionError, WnkdError) as error:
        return f"{table} {row.get('id', row.get('name'))} cannot be read: {error}"
    if table == "job" and row["state"] not in STATES:
        return f"job {row['id']} is {row['state'][:40]!r}, which is no state"
    return None


def _senseless(column: tuple[str, tuple[type, ...], bool]) -> str:
    name, types, nullable = column
    allowed = [STORED[one] for one in types] + (["null"] if nullable else [])
    return f"typeof({name}) NOT IN ({', '.join(map(repr, allowed))})"
