"""A sound database in the place of a damaged one: what can be read of it and, where a row cannot,
the newest backup's. The damaged one is kept."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from filelock import FileLock

from wnkd_tui.home import Home
from wnkd_tui.store import backups, recovery
from wnkd_tui.store.connection import FAULTS, REVISIONS, StoreError, open_file, revision
from wnkd_tui.store.database import connect
from wnkd_tui.store.migrate import migrate
from wnkd_tui.store.soundness import check

# The bytes that SQLite's connections lock for as long as they are open (in WAL mode).
SHARED, LENGTH = 0x40000002, 510
LONGEST = 1 << 40  # bytes; a header that tells more is damaged


def salvage(home: Home) -> Path:
    """Puts a sound database in the place of a damaged one; under which path that is kept.

    What was saved is told beside it, in a file of its name and `.txt`. Where nothing can be read
    the newest sound backup takes its place. The caller has no connection open. Raises StoreError,
    with nothing changed, where another process has the database open, where there is neither
    anything to read nor a backup, and where there is no room.
    """
    if not home.db.exists():
        raise StoreError(f"there is no {home.db} to mend: the next command begins a new one")
    _check_room(home)
    with (
        FileLock(f"{home.db}.lock"),
        _alone(home) as content,
        TemporaryDirectory(dir=home.root, prefix="salvage-") as directory,
    ):
        spare = _spare(home, Path(directory))
        rebuilt = _rebuilt(home, content, spare, Path(directory)) if content else None
        saved = rebuilt or spare
        if saved is None:
            raise StoreError(
                f"nothing can be read of {home.db}, and it has no sound backup: move it away, and"
                " the next command begins a new one"
            )
        return _swap(home, *saved)


@contextmanager
def _alone(home: Home) -> Iterator[BinaryIO | None]:
    """The database's file, held so that nobody else opens it; None where it cannot be read.

    Closing another descriptor of the file would let go of it (POSIX): it is read through this one.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(home.db.open("r+b"))
        except OSError:
            yield None
            return
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, LENGTH, SHARED)
        except OSError:
            raise StoreError(
                f"{home.db} is open in another process: end run-queue and the app, then mend it"
            ) from None
        yield file


def _spare(home: Home, directory: Path) -> tuple[Path, str] | None:
    """A copy of the newest sound backup, brought up to date, and what to tell of it."""
    for number, backup in enumerate(home.backups):
        copy = Home(directory / f"backup-{number}")
        copy.root.mkdir()
        try:
            shutil.copyfile(backup, copy.db)
        except PermissionError:
            continue
        if check(copy) is None:
            return copy.db, f"nothing could be read of it: {backup.name} took its place\n"
    return None


def _rebuilt(
    home: Home, content: BinaryIO, spare: tuple[Path, str] | None, directory: Path
) -> tuple[Path, str] | None:
    """A new database with the rows that can be read, and what to tell of it; None where that
    cannot be had."""
    damaged, new = Home(directory / "damaged"), Home(directory / "new")
    damaged.root.mkdir()
    new.root.mkdir()
    try:
        with damaged.db.open("wb") as copy:
            shutil.copyfileobj(content, copy)
            _lengthen(copy, content)
        log, copied_log = home.database_files[1], damaged.database_files[1]
        if log.is_file():
            shutil.copyfile(log, copied_log)
        found = revision(damaged)
        if found not in REVISIONS:
            return None
        migrate(new, found)
        with ExitStack() as stack:
            source, target = (
                stack.enter_context(closing(open_file(one))) for one in (damaged, new)
            )
            filling = None
            if spare and found == REVISIONS[-1]:
                filling = stack.enter_context(closing(open_file(Home(spare[0].parent))))
            told = recovery.recover(source, filling, target)
        connect(new).close()
        return (new.db, told) if check(new) is None else None
    except (StoreError, PermissionError, *FAULTS):
        return None


def _lengthen(copy: BinaryIO, content: BinaryIO) -> None:
    """Gives a database that was cut short the length that its header tells: SQLite reads none of a
    shorter one."""
    content.seek(0)
    header = content.read(32)
    page = int.from_bytes(header[16:18], "big")
    length = (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
    if copy.tell() < length <= LONGEST:
        copy.truncate(length)


def _swap(home: Home, made: Path, told: str) -> Path:
    """Names change in an order that leaves, whoever is killed meanwhile, the damaged database or
    the new one, and neither with the other's log."""
    number = 1
    while (kept := home.root / f"wnkd.db.damaged-{number}").exists():
        number += 1
    Path(f"{kept}.txt").write_text(told, encoding="utf-8")
    if home.db.is_dir():
        home.db.rename(kept)
    else:
        os.link(home.db, kept)
    for path in home.database_files[1:]:
        if path.exists():
            path.rename(f"{kept}{path.name.removeprefix(home.db.name)}")
    backups.put(made, home.db)
    return kept


def _check_room(home: Home) -> None:
    files = [path for path in (*home.database_files, *home.backups[:1]) if path.is_file()]
    needed = 3 * sum(path.stat().st_size for path in files)
    free = shutil.disk_usage(home.root).free
    if free < needed:
        raise StoreError(
            f"mending {home.db} takes {needed >> 20} MiB, {free >> 20} MiB are free: make room"
        )
