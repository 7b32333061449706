"""What a node keeps: what it was sent and what was made there, laid out as a home, for all jobs of
all run-queues; and a folder for each run, for as long as somebody holds it.

Where the node's disk is almost full, what no run uses is removed, the longest unused first.
"""

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
from filelock import FileLock, Timeout

from engine.artifacts import ArtifactStore
from wnkd_tui.queue.executors.ray.inputs import ARTIFACTS, CACHE, DATASETS, FILES
from wnkd_tui.queue.executors.ray.pieces import Piece, place
from wnkd_tui.queue.executors.ray.profile import GIB

RUNS, LOCKS = "runs", "locks"
INCOMING, OUTGOING = "incoming", "outgoing"  # in a run's folder: what is not whole yet, or no more
USES, HELD = "uses", "held"  # there too: what it uses of the cache, a line each; what it is held by
STALE = 60.0  # seconds after which somebody holds a run's folder, if it is to stay
KEPT = (f"{ARTIFACTS}/[0-9a-f][0-9a-f]/*", f"{DATASETS}/*/*", f"{FILES}/*")
FREE, FREE_GIB = 0.1, 20.0  # of a disk, and at most: with less than that it is almost full


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
        if _is_almost_full(root):
            self._make_room()

    def use(self, target: str) -> FileLock:
        """Has `target` stay as long as this run. Its lock, taken: waits for others that put the
        same there."""
        lock = self._lock(target)
        lock.acquire()
        with (self.run / USES).open("a", encoding="utf-8") as file:
            file.write(f"{target}\n")
        return lock

    def wants(self, target: str) -> bool:
        """Whether `target`, which this run uses, is not there: then it is to be put there, and
        kept."""
        path, lock = self.root / target, self.use(target)
        if self._is_whole(path):
            os.utime(path)  # its last use
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

    def _lock(self, target: str) -> FileLock:
        name = hashlib.sha256(target.encode()).hexdigest()
        return FileLock(self.root / LOCKS / name, thread_local=False)

    def _make_room(self) -> None:
        kept = [path for pattern in KEPT for path in self.root.glob(pattern)]
        for path in sorted(kept, key=_last_use):
            target = path.relative_to(self.root).as_posix()
            with suppress(Timeout, OSError), self._lock(target).acquire(timeout=0):
                if not self._is_used(target):
                    self._remove(target)
            if not _is_almost_full(self.root):
                return

    def _is_used(self, target: str) -> bool:
        """By a run whose folder is there. To be asked under the target's lock, which a user has
        when it says so."""
        for path in (self.root / RUNS).glob(f"*/{USES}"):
            with suppress(FileNotFoundError):  # that one has just ended
                if target in path.read_text(encoding="utf-8").splitlines():
                    return True
        return False

    def _remove(self, target: str) -> None:
        """At once: half of a dataset would be taken for all of it."""
        outgoing = self.run / OUTGOING
        (self.root / target).rename(outgoing)
        if outgoing.is_dir():
            shutil.rmtree(outgoing)
        else:
            outgoing.unlink()

    def _remove_stale(self) -> None:
        """Folders that nobody holds: worker and guard ended with their host, mostly."""
        for run in (self.root / RUNS).iterdir():
            with suppress(OSError):  # it is held, or was removed meanwhile
                if time.time() - run.stat().st_mtime > STALE:
                    os.close(_hold(run))
                    shutil.rmtree(run)


def _is_almost_full(root: Path) -> bool:
    disk = shutil.disk_usage(root)
    return disk.free < min(FREE * disk.total, FREE_GIB * GIB)


def _last_use(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another one has just removed it
        return 0.0


def _hold(run: Path) -> int:
    """Raises BlockingIOError where others hold it. A folder itself cannot be held on NFS, where the
    caches of many nodes are, in one home directory."""
    descriptor = os.open(run / HELD, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    return descriptor
