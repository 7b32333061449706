"""Importing this counts how often SQLite says to this process that the database is locked."""

import sqlite3
from functools import partial
from typing import Any

locked = 0


class Counting(sqlite3.Connection):
    """Sees the errors that the program behind it may wait out."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*arguments)
        except sqlite3.OperationalError as error:
            note(error)
            raise

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        try:
            return super().executemany(*arguments)
        except sqlite3.OperationalError as error:
            note(error)
            raise


def note(error: sqlite3.OperationalError) -> None:
    global locked
    locked += error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


sqlite3.connect = partial(sqlite3.connect, factory=Counting)
