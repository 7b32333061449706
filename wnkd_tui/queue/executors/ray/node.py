"""What Ray runs on a node for one job: takes what the job reads, has it done, tells how it goes.

Its processes are those of a local job, and a `guard` ends them should this process be gone. What
the job writes lies in the folder of this run until it is fetched.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.artifacts import ArtifactStore
from engine.code import DIGEST
from engine.durable import NEW
from engine.events import EVENTS, EXIT
from engine.job import CHECKPOINTS
from engine.process import ProcessId
from wnkd_tui.queue.executors.base import ExecutorError, Gone
from wnkd_tui.queue.executors.launchers import Launcher, PlainLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.executors.processes import resident
from wnkd_tui.queue.executors.ray.cache import Cache, cache_of
from wnkd_tui.queue.executors.ray.inputs import artifact, received
from wnkd_tui.queue.executors.ray.pieces import PIECE, Piece, pieces, place
from wnkd_tui.queue.jobdir import JOB, OUTPUT, ask_to_pause

GUARD = (sys.executable, "-m", "wnkd_tui.queue.executors.ray.guard")


@dataclass(frozen=True)
class Place:
    """A node by its name, and the GPUs of it that the job has, by Ray's numbers."""

    node: str
    gpus: tuple[str, ...]


@dataclass(frozen=True)
class Greeting:
    """Where the job is, and which code would do it (engine.code.DIGEST)."""

    place: Place
    engine: str


@dataclass(frozen=True)
class Wish:
    """How far events and output are known at home, in bytes; and what is wanted of the job: a
    pause, an end within `grace` seconds, or to know what memory it takes (`weigh`)."""

    events: int = 0
    output: int = 0
    pause: bool = False
    grace: float | None = None
    weigh: bool = False


@dataclass(frozen=True)
class News:
    """What events and output have more, `PIECE` bytes of each at most; the newest checkpoint's
    name; how the job's process ended; and after how many seconds, or for how long it runs.
    `memory`: bytes of the host's that its processes take; 0 where that was not asked."""

    events: bytes
    output: bytes
    checkpoint: str | None
    gone: Gone | None
    seconds: float
    memory: int


class Worker:
    """`cache` as a profile names it. Of one job: either `seed` and `begin`, or `begin_in_place`."""

    def __init__(
        self, cache: str, where: Callable[[], Place], launcher: Launcher | None = None
    ) -> None:
        self._where = where
        self._cache = Cache(cache_of(cache))
        self._directory = self._cache.run / "job"
        self._directory.mkdir()
        self._in_place = False
        self._guard = subprocess.Popen(
            [*GUARD, str(self._cache.run)],
            stdin=subprocess.PIPE,
            text=True,
            pass_fds=[self._cache.held],
        )
        self._executor = LocalExecutor(launcher or PlainLauncher())
        self._handle, self._began = "", 0.0
        self._gone: tuple[Gone, float] | None = None
        self._outgoing: Iterator[list[Piece]] = iter(())

    def greet(self) -> Greeting:
        return Greeting(self._where(), DIGEST)

    def wants(self, target: str) -> bool:
        """As `Cache.wants`."""
        return self._cache.wants(target)

    def put(self, batch: Sequence[Piece]) -> None:
        """As `Cache.put`."""
        self._cache.put(batch)

    def keep(self) -> None:
        """As `Cache.keep`."""
        self._cache.keep()

    def seed(self, batch: Sequence[Piece]) -> None:
        """Takes pieces of the job's checkpoints, from where it goes on."""
        place(self._directory / CHECKPOINTS, batch)

    def begin(self, record: dict[str, Any]) -> None:
        """Begins the job of `record`, as `inputs.sent` made it."""
        own = received(record, self._cache.root)
        made = artifact(ArtifactStore(Path(own["run"]["artifacts"])), own["key"])
        self._cache.use(made).release()
        text = json.dumps(own, ensure_ascii=False, indent=1)
        (self._directory / JOB).write_text(text, encoding="utf-8")
        self._submit()

    def begin_in_place(self, directory: str) -> None:
        """Begins the job in its own directory. Raises FileNotFoundError where that is not seen from
        here."""
        self._directory, self._in_place = Path(directory), True
        if not (self._directory / JOB).is_file():
            raise FileNotFoundError(f"{directory} is not seen there: take it out of `seen`")
        self._submit()

    def look(self, wish: Wish) -> News:
        """How the job goes; `wish` is passed on to it."""
        if self._gone is None:
            if not self._in_place:
                ask_to_pause(self._directory, wish.pause)
            if wish.grace is not None:
                self._executor.cancel(self._handle, wish.grace)
            status = self._executor.poll(self._handle)
            if isinstance(status, Gone):
                self._gone = status, time.monotonic() - self._began
        gone, seconds = self._gone or (None, time.monotonic() - self._began)
        process = ProcessId.parse(self._handle)
        memory = resident(process) if wish.weigh and process and not gone else 0
        if self._in_place:
            return News(b"", b"", None, gone, seconds, memory)
        return News(  # read after the look: nothing is written behind the end
            events=_read(self._directory / EVENTS, wish.events),
            output=_read(self._directory / OUTPUT, wish.output),
            checkpoint=max(_names(self._directory / CHECKPOINTS), default=None),
            gone=gone,
            seconds=seconds,
            memory=memory,
        )

    def last_word(self) -> bytes:
        """What it left in `EXIT`; nothing where it left none."""
        return _read(self._directory / EXIT, 0)

    def checkpoint(self, name: str) -> list[Piece]:
        """The first pieces of a checkpoint; none where it is there no more."""
        self._outgoing = pieces(self._directory / CHECKPOINTS / name)
        try:
            return self.more()
        except FileNotFoundError:
            return []

    def artifact(self) -> list[Piece]:
        """The first pieces of what the job has made."""
        record = json.loads((self._directory / JOB).read_text(encoding="utf-8"))
        self._outgoing = pieces(ArtifactStore(Path(record["run"]["artifacts"])).path(record["key"]))
        return self.more()

    def more(self) -> list[Piece]:
        """The next pieces; none behind the last."""
        return next(self._outgoing, [])

    def _submit(self) -> None:
        if self._guard.wait():  # it is no child from here on
            raise ExecutorError("the job's guard did not start")
        self._began = time.monotonic()
        self._handle = self._executor.submit(self._directory, {})
        assert self._guard.stdin is not None
        self._guard.stdin.write(self._handle)
        self._guard.stdin.flush()


def _read(path: Path, offset: int) -> bytes:
    """`PIECE` bytes at most; nothing where there is no file."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(PIECE)
    except FileNotFoundError:
        return b""


def _names(folder: Path) -> list[str]:
    """Of whole files."""
    try:
        return [path.name for path in folder.iterdir() if path.suffix != NEW]
    except FileNotFoundError:
        return []
