"""Jobs as processes of this host, each leading a session, so that all of it can be ended."""

import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine.events import CANCEL
from engine.process import ProcessId
from wnkd_tui.queue.executors.base import Alive, Gone
from wnkd_tui.queue.executors.handles import Handle
from wnkd_tui.queue.executors.launchers import Launcher
from wnkd_tui.queue.executors.processes import family, send
from wnkd_tui.store.liveness import rebooted

KILL_ROUNDS = 10  # of killing what is left, for what was forked meanwhile
KILL_PAUSE = 0.005  # seconds between two of them


@dataclass
class Ending:
    """A job that was asked to end: when it has to, and what belongs to it."""

    deadline: float  # on time.monotonic
    family: set[ProcessId] = field(default_factory=set)


class LocalExecutor:
    """A handle is the text of a `Handle`, whose process leads the job's session.

    Every process is signalled by pid and start, so that a stranger never is. `processes.family`
    says what belongs to a job and what cannot be known to. A handle of another boot is gone, and so
    is one of another container: its processes cannot be seen from here, and it is polled only when
    the supervisor over there has fallen silent, mostly with its container. Should the job run on
    there, its next run waits for the lock on its artifact, which the kernel holds for all
    containers.

    A job that shares its process is gone with its last word while the process goes on. It is asked
    to end by a file, and the whole process is where all others were asked too, or the grace is
    over.
    """

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._pids: dict[str, int] = {}  # handle → pid of what was started here
        self._endings: dict[str, Ending] = {}

    @property
    def note(self) -> None:
        return None

    def ready(self) -> bool:
        return self._launcher.ready()

    def submit(self, job_dir: Path, env: Mapping[str, str]) -> str:
        return self.submit_together([job_dir], env)[0]

    def submit_together(self, job_dirs: Sequence[Path], env: Mapping[str, str]) -> list[str]:
        pid = self._launcher.start(job_dirs, env)
        process, alone = ProcessId.of(pid), len(job_dirs) == 1
        handles = [str(Handle(process, None if alone else one.absolute())) for one in job_dirs]
        self._pids |= dict.fromkeys(handles, pid)
        return handles

    def find(self, job_dir: Path) -> str | None:
        handle = Handle.recorded(job_dir)
        return str(handle) if handle else None

    def poll(self, handle: str) -> Alive | Gone:
        known = Handle.parse(handle)
        if known is None or not known.process.here:
            return Gone(restarted=known is not None and rebooted(known.process))
        process, ending = known.process, self._endings.get(handle)
        if process.runs():
            if known.left:
                self._endings.pop(handle, None)
                return Gone()
            if ending:
                ending.family |= family(process, ending.family)
                if time.monotonic() > ending.deadline:
                    self._kill(process, ending.family)
            return Alive()
        if handle in self._pids and self._launcher.pending(self._pids[handle]):
            return Alive()
        # What the job started must not outlive it.
        if self._kill(process, ending.family if ending else set()):
            return Alive()
        self._endings.pop(handle, None)
        return self._ended(handle)

    def cancel(self, handle: str, grace: float) -> None:
        known = Handle.parse(handle)
        if handle in self._endings or known is None or not known.process.here:
            return
        ending = self._endings[handle] = Ending(time.monotonic() + grace)
        if known.directory:
            with suppress(OSError):  # a full disk: it ends when the grace is over
                (known.directory / CANCEL).touch()
            begun = Handle.recorded(known.directory) == known
            if not begun or not all((one / CANCEL).exists() for one in known.others):
                return
        ending.family = family(known.process)
        for member in ending.family:
            send(member, signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Sooner for jobs that were started here; the end of an adopted one is seen by polling."""
        self._launcher.wait(seconds)

    def close(self) -> None:
        self._launcher.close()

    def _kill(self, process: ProcessId, known: set[ProcessId]) -> bool:
        """Whether something of the job is left after some rounds of SIGKILL."""
        for _ in range(KILL_ROUNDS):
            members = family(process, known)
            if not members:
                return False
            known |= members
            for member in members:
                send(member, signal.SIGKILL)
            time.sleep(KILL_PAUSE)
        return True

    def _ended(self, handle: str) -> Gone:
        code = self._launcher.code(self._pids[handle]) if handle in self._pids else None
        if code is None:
            return Gone()
        return Gone(signal=-code) if code < 0 else Gone(code=code)
