"""Opens the database: one file, write-ahead log, explicit transactions.

Reading goes through the standard library alone: SQLModel and alembic take a second or two to
import, which `wnkd queue list` must not pay.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wnkd_tui.home import Home
from wnkd_tui.store.connection import (
    FAULTS,
    REVISIONS,
    StoreError,
    damaged,
    explained,
    open_file,
    revision,
)

if TYPE_CHECKING:
    from sqlmodel import Session


def connect(home: Home) -> sqlite3.Connection:
    """A connection to the database of `home`, its schema made or brought up to date first.

    Autocommit: use `transaction` for what belongs together. Raises StoreError where the file is
    damaged, no database of wnkd, from a newer program, or held by another for too long.
    """
    try:
        found = revision(home)
        if found != REVISIONS[-1]:
            _check_known(home, found)
            # Late: alembic and SQLAlchemy take a second to import.
            from wnkd_tui.store.migrate import migrate

            migrate(home)
        return open_file(home)
    except FAULTS as error:
        raise explained(error, home) from error


@contextmanager
def session(home: Home) -> Iterator["Session"]:
    """A SQLModel session for writing; one IMMEDIATE transaction, committed at the end.

    Raises StoreError, with nothing changed, where the database cannot be written.
    """
    connect(home).close()
    # Late, as in `connect`.
    from sqlalchemy.exc import DBAPIError
    from sqlmodel import Session

    from wnkd_tui.store.migrate import engine

    try:
        with Session(engine(home)) as opened, opened.begin():
            yield opened
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise explained(error.orig, home) from error
        raise


def _check_known(home: Home, found: str | None) -> None:
    if found is None or found in REVISIONS:
        return
    if not found.isdigit():
        raise StoreError(damaged(home, f"its schema is called {found!r}"))
    raise StoreError(
        f"{home.db} was written by a newer wnkd (schema {found}, this one knows"
        f" {REVISIONS[-1]}): upgrade wnkd"
    )
