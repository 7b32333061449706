"""A connection to the database's file as it is, and what SQLite's faults mean to a person."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from engine.errors import WnkdError
from wnkd_tui.home import Home

# Every revision of the schema, oldest first; the last one is what this program works with.
REVISIONS = ("0001", "0002", "0003", "0004", "0005")
BUSY_TIMEOUT = 5.0  # seconds to wait for another writer
WRITABLE = os.R_OK | os.W_OK
# What reading a database may raise: SQLite's own words about damage may be no UTF-8.
FAULTS = (sqlite3.Error, UnicodeDecodeError)


class StoreError(WnkdError):
    """The database cannot be used, or does not hold what was asked for."""


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
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite rolls back by itself where the disk is full
            connection.execute("ROLLBACK")
        raise


def revision(home: Home) -> str | None:
    """The schema's revision, None for a file that is missing or was never written to.

    Raises StoreError for another program's database and for one that lost its content,
    one of FAULTS for a damaged one.
    """
    if not home.db.exists():
        return None
    if home.db.is_dir():
        raise StoreError(f"{home.db} is a folder, no database: move it away")
    _check_not_emptied(home)
    with closing(open_file(home)) as connection:
        try:
            if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                raise StoreError(f"{home.db} is no database of wnkd: move it away") from None
            raise
    if row is None:
        raise StoreError(damaged(home, "it has no schema's number"))
    return str(row[0])


def explained(error: Exception, home: Home) -> StoreError:
    """What one of FAULTS says of the database of `home`, in one line with what to do."""
    # What Python cannot read, such as a text that is no UTF-8, has no number.
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            says = f"{home.db} is being written by another process for long: try again in a moment"
        case sqlite3.SQLITE_FULL:
            says = f"the disk of {home.db} is full: make room (wnkd gc) and try again"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            says = f"cannot write to {home.db}: make it and its folder writable for you"
        case sqlite3.SQLITE_CANTOPEN:
            found = [path for path in home.database_files if path.exists()]
            shut = [path for path in found if path.is_dir() or not os.access(path, WRITABLE)]
            where = shut[0] if shut else home.db
            says = f"cannot open {where}: make it a file that you may write to, or move it away"
        # Our statements are the same for everybody: one that fails (ERROR) finds another schema.
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR:
            says = damaged(home, str(error))
        case _:
            says = f"cannot use {home.db} ({error}): is its disk full, or failing? See wnkd doctor"
    return StoreError(says)


def damaged(home: Home, fault: str) -> str:
    """One line: the `fault`, what to do, and the newest backup."""
    kept = home.backups
    newest = ""
    if kept:
        at = datetime.fromtimestamp(kept[0].stat().st_mtime)
        newest = f" (newest backup: {kept[0].name} of {at:%Y-%m-%d %H:%M})"
    fault = " ".join(fault.split())
    return f"{home.db} is damaged ({fault}): wnkd doctor --mend saves what can be read{newest}"


def _check_not_emptied(home: Home) -> None:
    """Raises StoreError for a file of no bytes (or one: SQLite takes that for none) where there
    was a database.

    SQLite would begin a new one in it, and throw away a log that still holds trials.
    """
    if home.db.stat().st_size > 1:
        return
    log = home.database_files[1]
    written = log.is_file() and log.stat().st_size > 0
    if written or home.backups or (home.jobs.is_dir() and any(home.jobs.iterdir())):
        raise StoreError(damaged(home, "it is empty, though it held trials"))
