"""Opens the database: one file, write-ahead log, explicit transactions.

Reading goes through the standard library alone: SQLModel and alembic take a second or two to
import, which `wnkd queue list` must not pay.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import WnkdError
from wnkd_tui.home import Home

if TYPE_CHECKING:
    from sqlmodel import Session

# Every revision of the schema, oldest first; the last one is what this program works with.
REVISIONS = ("0001", "0002", "0003")
BUSY_TIMEOUT = 5.0  # seconds to wait for another writer


class StoreError(WnkdError):
    """The database cannot be used, or does not hold what was asked for."""


def connect(home: Home) -> sqlite3.Connection:
    """A connection to the database of `home`, its schema made or brought up to date first.

    Autocommit: use `transaction` for what belongs together. Raises StoreError where the file is
    damaged, no database of wnkd, or from a newer program.
    """
    try:
        found = revision(home)
        if found != REVISIONS[-1]:
            _check_known(home, found)
            from wnkd_tui.store.migrate import migrate

            migrate(home)
        return open_file(home)
    except sqlite3.OperationalError as error:
        raise StoreError(f"cannot open {home.db}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{home.db} is damaged ({error}): move it away or put a copy of it back"
        ) from error


def open_file(home: Home) -> sqlite3.Connection:
    """A connection to the file as it is, whatever its schema."""
    connection = sqlite3.connect(
        home.db, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        # With WAL a power cut may lose the last moments, which the jobs' files still have.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """What is inside happens as a whole or not at all; the write lock is taken at the start."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def session(home: Home) -> Iterator["Session"]:
    """A SQLModel session for writing; one IMMEDIATE transaction, committed at the end."""
    connect(home).close()
    from sqlmodel import Session

    from wnkd_tui.store.migrate import engine

    with Session(engine(home)) as opened, opened.begin():
        yield opened


def revision(home: Home) -> str | None:
    """The schema's revision, None for a file that is missing or empty.

    Raises StoreError for another program's database, sqlite3.Error for a damaged one.
    """
    if not home.db.exists():
        return None
    connection = open_file(home)
    try:
        if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise StoreError(f"{home.db} is no database of wnkd: move it away") from None
        raise
    finally:
        connection.close()


def _check_known(home: Home, found: str | None) -> None:
    if found is not None and found not in REVISIONS:
        raise StoreError(
            f"{home.db} was written by a newer wnkd (schema {found}, this one knows"
            f" {REVISIONS[-1]}): upgrade wnkd"
        )
