"""Copies of the database: one before each change of its schema, and two of it while it was sound.

A copy is one file, made beside its name and renamed when it is whole and on the disk.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from filelock import FileLock, Timeout

from engine.durable import NEW, sync
from wnkd_tui.home import Home
from wnkd_tui.store.connection import StoreError, explained, open_file

DAY = 86_400.0  # seconds


def backup(home: Home) -> Path | None:
    """Copies the database to `wnkd.db.backup`, and keeps one of another day as `wnkd.db.backup-2`.

    The copy of last time becomes the second one where that is a day old or missing. None where
    there is no room, or another process is at it. Raises StoreError, with the old copies
    untouched, where the database is damaged.
    """
    newest = home.root / "wnkd.db.backup"
    second = home.root / "wnkd.db.backup-2"
    try:
        with FileLock(f"{home.db}.lock", timeout=0):
            made = _copied(home, newest)
            if newest.exists() and not (second.exists() and 0 <= _age(second) < DAY):
                newest.replace(second)
            return put(made, newest)
    except (Timeout, OSError, sqlite3.OperationalError):
        return None
    except sqlite3.DatabaseError as error:
        raise explained(error, home) from error


def before(home: Home, revision: str) -> Path:
    """Copies the database before it is brought to `revision`, to a name that none had before.

    The caller holds the database's lock and its write lock. Raises StoreError, with nothing left
    behind, where there is no copy in the end.
    """
    target = home.root / f"wnkd.db.before-{revision}"
    number = 2
    while target.exists():
        target = home.root / f"wnkd.db.before-{revision}-{number}"
        number += 1
    try:
        return put(_copied(home, target), target)
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreError(
            f"no room for a copy of {home.db} before it is brought to schema {revision} ({error}):"
            " make room and try again; nothing was changed"
        ) from error


def _copied(home: Home, target: Path) -> Path:
    """A whole copy, under a name that `target` gets it from."""
    made = target.with_name(f"{target.name}{NEW}")
    made.unlink(missing_ok=True)
    try:
        with closing(open_file(home)) as source, closing(sqlite3.connect(made)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, with no log beside it
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    return made


def put(made: Path, target: Path) -> Path:
    """Renames a file once the disk has it: whoever is killed leaves the old one or the new."""
    sync(made)
    made.replace(target)
    sync(target.parent)
    return target


def _age(path: Path) -> float:
    """Seconds since it was written; negative where the clock was set back."""
    return time.time() - path.stat().st_mtime
