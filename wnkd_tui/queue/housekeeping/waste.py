"""What lies in a home and might be in nobody's way: where it is, and whether it may go.

Something is needed as long as a job or trial in the database names it. What has no name that wnkd
gives is not wnkd's, and is not looked at.
"""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from wnkd_tui.home import Home
from wnkd_tui.queue.housekeeping import locks, trash
from wnkd_tui.queue.housekeeping.processes import works_in

# Files are taken into the home before the trial that names them is in the database.
YOUNG = 3600.0  # seconds
NEEDED = ""
MAKING = "tmp"  # of artifacts
_KEY = re.compile(r"[0-9a-f]{64}")
_FOLDER = re.compile(r"[0-9a-f]{16}")
_GIVEN = re.compile(r".*-[0-9a-f]{16}(\.\w+)*")
# Begun copies of given files, and the cache's WordNet while it is unpacked.
_COPIES = (".new-", ".wordnet-")
# What a job keeps to go on after a kill: checkpoints, tables that grow epoch by epoch.
_RESUME = ("checkpoint*", "*.npy")


class Sort(StrEnum):
    """Kinds of waste, in the order in which they are freed."""

    TRASH = "trash"
    ARTIFACT = "artifact"
    FOLDER = "job_folder"
    CHECKPOINT = "checkpoint"
    FILE = "file"
    HALF = "half_made"
    COPY = "copy"
    LOCK = "lock"


@dataclass(frozen=True)
class Waste:
    """`top` is the folder of the home that it lies in; `name` is what the database calls it: a
    job's key or the beginning of one, a given file's name. Who makes or deletes it holds `lock`."""

    sort: Sort
    path: Path
    top: Path
    name: str
    lock: Path | None = None


def tops(home: Home) -> tuple[Path, ...]:
    """The folders that are cleared: datasets, the database and all else are a person's own."""
    return home.artifacts, home.jobs, home.files, home.cache


def candidates(home: Home) -> Iterator[Waste]:
    """All that has a place in the home, needed or not. Links to folders are not followed."""
    for top in tops(home):
        for path in trash.entries(top, trash.TRASH):
            yield Waste(Sort.TRASH, path, top, path.name)
    yield from _artifacts(home.artifacts)
    for folder in trash.entries(home.jobs):
        if _FOLDER.fullmatch(folder.name):
            yield Waste(Sort.FOLDER, folder, home.jobs, folder.name)
            for path in trash.entries(home.jobs, folder.name):
                if any(path.match(pattern) for pattern in _RESUME):
                    yield Waste(Sort.CHECKPOINT, path, home.jobs, folder.name)
    for path in trash.entries(home.files):
        if _GIVEN.fullmatch(path.name):
            yield Waste(Sort.FILE, path, home.files, path.name)
    for top in (home.files, home.cache):
        for path in trash.entries(top):
            if path.name.startswith(_COPIES):
                yield Waste(Sort.COPY, path, top, path.name)


def _artifacts(top: Path) -> Iterator[Waste]:
    for shelf in trash.entries(top):
        sorts = {MAKING: Sort.HALF, locks.LOCKS: Sort.LOCK}
        for path in trash.entries(top, shelf.name):
            key = path.name.partition(".")[0]
            fits = shelf.name in sorts or (shelf.name == key[:2] and path.name == key)
            if fits and _KEY.fullmatch(key):
                sort = sorts.get(shelf.name, Sort.ARTIFACT)
                yield Waste(sort, path, top, key, locks.path_of(top, key))


def why_kept(conn: sqlite3.Connection, one: Waste, now: float) -> str | None:
    """None for what may go; NEEDED; or one line that says why it is left alone for now.

    Holds as long as the write lock of the database and `one.lock` are held. `now` in UTC seconds.
    """
    match one.sort:
        case Sort.ARTIFACT | Sort.FOLDER | Sort.LOCK:
            needed = _is_job(conn, one.name)
        case Sort.CHECKPOINT:
            needed = not _is_job(conn, one.name, "state = 'done'")
        case Sort.HALF:
            needed = _is_job(conn, one.name, "state = 'running'")
        case Sort.FILE:
            needed = _is_named(conn, one.name)
        case _:
            needed = False
    if needed:
        return NEEDED
    if one.sort is Sort.FOLDER and (process := works_in(one.path)):
        return f"process {process.pid} works in it (wnkd doctor --mend ends it)"
    if one.sort in (Sort.FILE, Sort.COPY) and now - one.path.lstat().st_mtime < YOUNG:
        return "younger than an hour"
    return None


def _is_job(conn: sqlite3.Connection, key: str, also: str = "true") -> bool:
    """Whether the database has a job whose key is `key` or begins so."""
    query = f"SELECT 1 FROM job WHERE key BETWEEN ? AND ? AND {also}"
    return conn.execute(query, [key, f"{key}~"]).fetchone() is not None


def _is_named(conn: sqlite3.Connection, name: str) -> bool:
    """Whether a job or a trial names the given file."""
    query = (
        "SELECT 1 FROM job WHERE instr(spec, :name)"
        " UNION ALL SELECT 1 FROM trial WHERE instr(spec, :name)"
    )
    return conn.execute(query, {"name": f"file:{name}"}).fetchone() is not None
