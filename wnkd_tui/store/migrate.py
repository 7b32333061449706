"""Makes the schema, or brings an older one up to date. Imported only where that is needed."""

import sqlite3
from contextlib import closing
from importlib import resources

from alembic import command
from alembic.config import Config
from filelock import FileLock
from sqlalchemy import Engine, create_engine, event, pool

from wnkd_tui.home import Home
from wnkd_tui.store.database import REVISIONS, open_file, revision

SCRIPTS = str(resources.files("wnkd_tui.store").joinpath("migrations"))


def migrate(home: Home) -> None:
    """Runs what is missing, in one transaction, after a copy of a database that holds something.

    Safe to call from several processes at a time: one does it, the others find it done.
    """
    with FileLock(f"{home.db}.lock"):
        if revision(home) == REVISIONS[-1]:
            return
        _keep_copy(home)
        config = Config()
        config.set_main_option("script_location", SCRIPTS.replace("%", "%%"))
        with engine(home).begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def engine(home: Home) -> Engine:
    """SQLAlchemy's way to the database, every transaction IMMEDIATE."""
    made = create_engine("sqlite://", creator=lambda: open_file(home), poolclass=pool.NullPool)

    @event.listens_for(made, "begin")
    def _begin(connection):  # type: ignore[no-untyped-def]
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return made


def _keep_copy(home: Home) -> None:
    """The way back from a migration that went wrong: the database as it was."""
    if not home.db.exists():
        return
    with closing(open_file(home)) as source:
        if source.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            with closing(sqlite3.connect(f"{home.db}.before-migration")) as copy:
                source.backup(copy)
