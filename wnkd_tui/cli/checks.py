"""What `wnkd doctor` looks at. torch is asked for its version alone, never imported."""

import os
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import PackageNotFoundError, version

from engine.errors import WnkdError
from wnkd_tui.config import CONFIG, load
from wnkd_tui.home import Home
from wnkd_tui.queue import datasets, disk, gpus, wording
from wnkd_tui.queue.housekeeping import artifacts, events, jobs, missing, processes, runqueues
from wnkd_tui.queue.housekeeping.faults import Find
from wnkd_tui.store import connection, database, queries, soundness

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "scikit-learn",
    "captum",
    "nltk",
    "open_clip_torch",
    "sqlmodel",
    "alembic",
    "textual",
    "plotext",
    "typer",
)
OLDEST_PYTHON = (3, 11)
# A check, what it says where all is well, and who finds what is not. What is mended first may show
# what is to be mended next: a job is put back before its events are read on.
KINDS: tuple[tuple[str, str, Find], ...] = (
    ("processes", "all belong to running jobs", processes.orphans),
    ("running jobs", "each has its process, or a run-queue", jobs.deserted),
    ("clock", "no run-queue was heard of in the future", runqueues.of_the_future),
    ("events", "all that jobs told is in the database", events.unread),
    ("half-made", "no artifact was left half made", artifacts.half_made),
    ("artifacts", "those of done jobs are there and whole", artifacts.faulty),
    ("given files", "all that jobs need are there", missing.given_files),
)


@dataclass(frozen=True)
class Check:
    """What was looked at, whether it is well, and what was found or is to be done.

    `mend` does that and gives one line on what it did.
    """

    name: str
    ok: bool
    says: str
    mend: Callable[[], str] | None = None


def all_checks() -> Iterator[Check]:
    """Every check; each looks when it is asked for, so that what was mended before it counts."""
    yield _python()
    yield from _packages()
    yield _gpu()
    yield _wordnet()
    try:
        home = Home.find()
    except WnkdError as error:
        yield Check("home", False, str(error))
        return
    yield from _home(home)
    yield from _config(home)
    yield from _database(home)


def _python() -> Check:
    ok = sys.version_info >= OLDEST_PYTHON
    text = f"{sys.version.split()[0]} at {sys.executable}"
    return Check("python", ok, text if ok else f"{text}: install Python 3.11 or newer")


def _packages() -> Iterator[Check]:
    for name in PACKAGES:
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            yield Check(name, False, f"is not installed: pip install {name}")


def _gpu() -> Check:
    """No GPU is no fault: small recipes run on the CPU."""
    found = gpus.look()
    names = [f"GPU {gpu.number} ({gpu.name}, {gpu.uuid})" for gpu in found.gpus]
    return Check("gpu", True, ", ".join(names) or f"none: jobs run on the CPU ({found.why})")


def _wordnet() -> Check:
    archive = resources.files("engine.wordnet").joinpath("wordnet-nouns.tar.xz")
    if archive.is_file():
        return Check("wordnet", True, "WordNet 3.0 nouns come with the package")
    return Check("wordnet", False, "package data is missing: install wnkd-tui again")


def _home(home: Home) -> Iterator[Check]:
    folders = (home.jobs, home.artifacts, home.datasets, home.files, home.cache)
    files = [path for path in home.database_files if path.is_file()]
    shut = [path for path in folders if not os.access(path, connection.WRITABLE | os.X_OK)]
    shut += [path for path in files if not os.access(path, connection.WRITABLE)]
    if shut:
        yield Check("home", False, f"{shut[0]} cannot be written: make it yours (chown, chmod)")
    elif home.root.stat().st_mode & stat.S_IWOTH:
        says = f"{home.root} can be written by anybody on this machine: chmod o-w {home.root}"
        yield Check("home", False, says, lambda: _close(home))
    else:
        yield Check("home", True, f"{home.root} can be written and is on a local disk")


def _close(home: Home) -> str:
    home.root.chmod(home.root.stat().st_mode & ~stat.S_IWOTH)
    return f"{home.root} can no longer be written by others"


def _config(home: Home) -> Iterator[Check]:
    """The config, and the disk by what it asks for."""
    try:
        config = load(home)
    except WnkdError as error:
        yield Check("config", False, str(error))
        return
    is_own = (home.root / CONFIG).exists()
    yield Check("config", True, f"{home.root / CONFIG}{'' if is_own else ': none, all as usual'}")
    free, least = disk.free(home), config.queue.free_disk
    text = f"{wording.size(free)} free at {home.root}"
    if free < least * disk.MIB:
        text += f", and no job starts below {least} MiB: make room (wnkd gc shows what can go)"
    yield Check("disk", free >= least * disk.MIB, text)


def _database(home: Home) -> Iterator[Check]:
    """The database, and what it says against what is on the disk."""
    if not home.db.exists():
        yield Check("database", True, f"{home.db}: none yet, the first command makes it")
        return
    older = _older_schema(home)
    if older:
        says = f"{home.db}: schema {older}, the next command brings it up to date after a copy"
        yield Check("database", True, says)
        return
    if fault := soundness.check(home):
        # What cannot be mended, such as a newer schema, says itself what to do.
        is_damaged = "--mend" in fault
        yield Check("database", False, fault, (lambda: _salvage(home)) if is_damaged else None)
        if soundness.check(home):
            return
    with closing(database.connect(home)) as conn:
        yield Check("database", True, _about(home, conn))
        yield Check("run-queue", True, runqueues.summary(conn))
        for name, well, find in KINDS:
            yield from _kind(home, conn, name, well, find)
        yield from _datasets(conn)


def _older_schema(home: Home) -> str | None:
    try:
        found = connection.revision(home)
    except (WnkdError, *connection.FAULTS):
        return None
    return found if found in connection.REVISIONS[:-1] else None


def _about(home: Home, conn: sqlite3.Connection) -> str:
    count = sum(queries.counts(conn).values())
    size = sum(path.stat().st_size for path in home.database_files if path.exists())
    kept = f"newest backup {home.backups[0].name}" if home.backups else "no backup yet"
    schema = connection.REVISIONS[-1]
    return f"{home.db}: sound, schema {schema}, {count} jobs, {wording.size(size)}, {kept}"


def _salvage(home: Home) -> str:
    from wnkd_tui.store.salvage import salvage

    kept = salvage(home)
    return f"saved what could be read; the damaged one is {kept}"


def _kind(
    home: Home, conn: sqlite3.Connection, name: str, well: str, find: Find
) -> Iterator[Check]:
    is_well = True
    for fault in find(home, conn):
        is_well = False
        yield Check(name, False, fault.says, fault.mend)
    if is_well:
        yield Check(name, True, well)


def _datasets(conn: sqlite3.Connection) -> Iterator[Check]:
    for row in queries.datasets(conn):
        size = f"{sum(row.train_per_class)} train, {sum(row.val_per_class)} val"
        if gone := datasets.missing(row):
            says = (
                f"{row.name}: {gone} is gone: bring it back, or say where it is now with"
                f" wnkd dataset add {row.name} PATH"
            )
            yield Check("dataset", False, says)
        else:
            yield Check("dataset", True, f"{row.name}: {row.path or 'built in'}, {size}")
