"""What a node keeps: what it was sent and what was made there, laid out as a home, for all jobs of
all run-queues; and a folder for each run, for as long as somebody holds it."""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import platformdirs
from filelock import FileLock

from engine.artifacts import ArtifactStore
from wnkd_tui.queue.executors.ray.inputs import ARTIFACTS, CACHE, FILES
from wnkd_tui.queue.executors.ray.pieces import Piece, place

RUNS, LOCKS = "runs", "locks"
INCOMING = "incoming"  # in a run's folder: what is not whole yet
STALE = 60.0  # seconds after which somebody holds a run's folder, if it is to stay


def cache_of(named: str) -> Path:
    """The folder on this node that a profile names; "": the user's own."""
    if not named:
        return Path(platformdirs.user_cache_dir("wnkd", appauthor=False))
    return Path(os.path.expandvars(named)).expanduser()


class Cache:
    """The cache at `root`, and the folder `run` of one run in it; whoever inherits the descriptor
    `held` holds that folder too."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in (RUNS, LOCKS, ARTIFACTS, CACHE, FILES):
            (root / name).mkdir(parents=True, exist_ok=True)
        self._remove_stale()
        self.run = Path(tempfile.mkdtemp(dir=root / RUNS))
        self.held = _hold(self.run)
        self._wanted: tuple[Path, FileLock] | None = None

    def wants(self, target: str) -> bool:
        """Whether `target` is not there: then it is to be put there, and kept. Waits for others
        that put the same there."""
        path = self.root / target
        name = hashlib.sha256(target.encode()).hexdigest()
        lock = FileLock(self.root / LOCKS / name, thread_local=False)
        lock.acquire()
        if self._is_whole(path):
            lock.release()
            return False
        self._wanted = path, lock
        return True

    def put(self, batch: Iterable[Piece]) -> None:
        """Takes pieces of what is wanted."""
        place(self.run / INCOMING, batch)

    def keep(self) -> None:
        """What was wanted has come whole."""
        assert self._wanted is not None
        path, lock = self._wanted
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():  # an artifact that is not whole
            shutil.rmtree(path)
        (self.run / INCOMING).rename(path)
        lock.release()

    def _is_whole(self, path: Path) -> bool:
        """An artifact tells; all else was renamed there whole."""
        artifacts = self.root / ARTIFACTS
        if path.is_relative_to(artifacts):
            return ArtifactStore(artifacts).fault(path.name) is None
        return path.exists()

    def _remove_stale(self) -> None:
        """Folders that nobody holds: worker and guard ended with their host, mostly."""
        for run in (self.root / RUNS).iterdir():
            with suppress(OSError):  # it is held, or was removed meanwhile
                if time.time() - run.stat().st_mtime > STALE:
                    os.close(_hold(run))
                    shutil.rmtree(run)


def _hold(run: Path) -> int:
    """Raises BlockingIOError where others hold it."""
    descriptor = os.open(run, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    return descriptor
