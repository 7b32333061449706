"""Locks of artifacts, looked at and taken without waiting and without leaving new files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOCKS, END = "locks", ".lock"


def path_of(artifacts: Path, key: str) -> Path:
    return artifacts / LOCKS / f"{key}{END}"


def is_held(path: Path) -> bool:
    """Whether a process holds the lock file `path`; one that nobody made is not held."""
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True


@contextmanager
def holding(path: Path) -> Iterator[bool]:
    """Holds the lock file `path` inside; gives False where somebody else does.

    A file that had to be made for it is gone afterwards. Deleting it while it is held is safe: who
    waits for it finds out and begins anew.
    """
    made = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        if made:
            path.unlink(missing_ok=True)
        lock.release()
