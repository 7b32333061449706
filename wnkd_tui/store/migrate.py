"""Makes the schema, or brings an older one up to date. Imported only where that is needed."""

import sqlite3
from importlib import resources

from alembic import command
from alembic.config import Config
from filelock import FileLock, Timeout
from sqlalchemy import Engine, create_engine, event, pool

from wnkd_tui.home import Home
from wnkd_tui.store import backups
from wnkd_tui.store.connection import REVISIONS, StoreError, open_file, revision

SCRIPTS = str(resources.files("wnkd_tui.store").joinpath("migrations"))
PATIENCE = 60.0  # seconds to wait for another process that brings the database up to date


def migrate(home: Home, to: str | None = None) -> None:
    """Runs what is missing up to the revision `to` (None: the last one) in one transaction, after
    a copy of a database that holds something.

    Safe to call from several processes at a time: one does it, the others find it done. Raises
    StoreError, with nothing changed, where it cannot be done.
    """
    to = to or REVISIONS[-1]
    try:
        with FileLock(f"{home.db}.lock", timeout=PATIENCE):
            found = revision(home)
            if found != to:
                _upgrade(home, found, to)
    except Timeout:
        raise StoreError(
            f"another process has been bringing {home.db} up to date for {PATIENCE:.0f} s:"
            " try again when it is done"
        ) from None


def engine(home: Home) -> Engine:
    """SQLAlchemy's way to the database, every transaction IMMEDIATE."""
    made = create_engine("sqlite://", creator=lambda: open_file(home), poolclass=pool.NullPool)

    @event.listens_for(made, "begin")
    def _begin(connection):  # type: ignore[no-untyped-def]
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return made


def _upgrade(home: Home, found: str | None, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", SCRIPTS.replace("%", "%%"))
    try:
        # The copy is taken while nobody else can write: it holds all that is brought up to date.
        with engine(home).begin() as connection:
            if found is not None:
                backups.before(home, to)
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    except (StoreError, sqlite3.Error):
        raise
    except Exception as error:  # whatever a migration stumbles over
        said = getattr(error, "orig", error)
        what = f"bring {home.db} from schema {found}" if found else f"make {home.db}"
        raise StoreError(f"cannot {what} to {to} ({said}): nothing was changed") from error
