"""Frees what no trial needs. What is asked for meanwhile, by anybody, is kept.

Each thing is looked at once more and renamed into the trash under the database's write lock: no
trial can be queued and no job claimed in that moment. Only then is it deleted.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import WnkdError
from wnkd_tui.home import Home
from wnkd_tui.queue.housekeeping import locks, trash
from wnkd_tui.queue.housekeeping.waste import NEEDED, Sort, Waste, candidates, tops, why_kept
from wnkd_tui.store.connection import transaction

LOCK = "housekeeping.lock"
BUSY = "it is being made"
LINK = "a link: what lies elsewhere is left alone"


class HousekeepingError(WnkdError):
    """Nothing can be freed or mended."""


@dataclass(frozen=True)
class Freed:
    """Something that went, or would go; `size` in bytes."""

    sort: Sort
    path: Path
    size: int


@dataclass
class Sweep:
    """What was freed, or could be, and what was left alone with the reason."""

    freed: list[Freed] = field(default_factory=list)
    left: list[tuple[Path, str]] = field(default_factory=list)

    def of(self, sort: str) -> tuple[int, int]:
        """How many of a sort, and their bytes."""
        sizes = [one.size for one in self.freed if one.sort == sort]
        return len(sizes), sum(sizes)


def look(home: Home, conn: sqlite3.Connection) -> Sweep:
    """What `sweep` would do; nothing is changed."""

    def weigh(one: Waste) -> int | str:
        if one.lock and locks.is_held(one.lock):
            return BUSY
        why = why_kept(conn, one, time.time())
        return trash.size(one.path) if why is None else why

    return _each(home, weigh)


def sweep(home: Home, conn: sqlite3.Connection) -> Sweep:
    """Frees all that no trial needs.

    Raises HousekeepingError, with nothing freed, where another process is at it, and where the
    database never held a job although artifacts are there: it is not the one that they belong to.
    """
    with alone(home):
        _check_database(home, conn)
        return _each(home, lambda one: _free(conn, one))


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """One process at a time puts the home in order. Raises HousekeepingError for a second one."""
    try:
        with FileLock(home.root / LOCK, timeout=0):
            yield
    except Timeout:
        raise HousekeepingError(
            f"another wnkd gc or wnkd doctor --mend is at work in {home.root}: wait for its end"
        ) from None


def _each(home: Home, free: Callable[[Waste], int | str]) -> Sweep:
    """`free` gives the bytes of what goes, or why it does not."""
    done = Sweep()
    done.left += [(top, LINK) for top in tops(home) if top.is_symlink()]
    order = {sort: place for place, sort in enumerate(Sort)}
    for one in sorted(candidates(home), key=lambda one: order[one.sort]):
        try:
            found = free(one)
        except FileNotFoundError:  # its maker was done with it just now
            continue
        except OSError as error:
            found = f"cannot be freed: {error.strerror}"
        if isinstance(found, int):
            done.freed.append(Freed(one.sort, one.path, found))
        elif found != NEEDED:
            done.left.append((one.path, found))
    return done


def _free(conn: sqlite3.Connection, one: Waste) -> int | str:
    place = one.path
    if one.sort is not Sort.TRASH:
        lock = locks.holding(one.lock) if one.lock else nullcontext(True)
        with transaction(conn), lock as is_ours:
            if not is_ours:
                return BUSY
            if (why := why_kept(conn, one, time.time())) is not None:
                return why
            if one.sort is Sort.LOCK:  # not by way of the trash: who waits for it sees it go
                size = trash.size(one.path)
                one.path.unlink()
                return size
            place = trash.put(one.path, one.top)
    size = trash.size(place)
    trash.delete(place)
    return size


def _check_database(home: Home, conn: sqlite3.Connection) -> None:
    """A database that was lost and made anew knows nothing: all would look as if it were waste."""
    used = conn.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'job'").fetchone()
    if used is None and any(one.sort is Sort.ARTIFACT for one in candidates(home)):
        raise HousekeepingError(
            f"{home.db} never held a job, so the artifacts beside it are another database's: put"
            " that one back, or queue their trials again"
        )
