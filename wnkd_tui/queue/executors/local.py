"""Jobs as processes of this host, each leading a session, so that all of it can be ended."""

import json
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.process import ProcessId
from wnkd_tui.queue.executors.base import Alive, Gone
from wnkd_tui.queue.executors.launchers import Launcher
from wnkd_tui.queue.executors.processes import family, send
from wnkd_tui.queue.jobdir import PROCESS
from wnkd_tui.store.liveness import rebooted

KILL_ROUNDS = 10  # of killing what is left, for what was forked meanwhile
KILL_PAUSE = 0.005  # seconds between two of them


@dataclass
class Ending:
    """A job that was asked to end: when it has to, and what belongs to it."""

    deadline: float  # on time.monotonic
    family: set[ProcessId] = field(default_factory=set)


class LocalExecutor:
    """A handle is the text of the `ProcessId` that leads the job's session.

    Every process is signalled by pid and start, so that a stranger never is. `processes.family`
    says what belongs to a job and what cannot be known to. A handle of another boot is gone, and so
    is one of another container: its processes cannot be seen from here, and it is polled only when
    the supervisor over there has fallen silent, mostly with its container. Should the job run on
    there, its next run waits for the lock on its artifact, which the kernel holds for all
    containers.
    """

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._pids: dict[str, int] = {}  # handle → pid of what was started here
        self._endings: dict[str, Ending] = {}

    def ready(self) -> bool:
        return self._launcher.ready()

    def submit(self, job_dir: Path, env: Mapping[str, str]) -> str:
        pid = self._launcher.start(job_dir, env)
        handle = str(ProcessId.of(pid))
        self._pids[handle] = pid
        return handle

    def find(self, job_dir: Path) -> str | None:
        try:
            record = json.loads((job_dir / PROCESS).read_text(encoding="utf-8"))
            if "process" in record:
                process = ProcessId.parse(record["process"])
            else:  # of an older wnkd
                process = ProcessId(int(record["pid"]), float(record["started"]), "")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return str(process) if process else None

    def poll(self, handle: str) -> Alive | Gone:
        process = ProcessId.parse(handle)
        if process is None or not process.here:
            return Gone(restarted=process is not None and rebooted(process))
        ending = self._endings.get(handle)
        if process.runs():
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
        process = ProcessId.parse(handle)
        if handle in self._endings or process is None or not process.here:
            return
        members = family(process)
        self._endings[handle] = Ending(time.monotonic() + grace, members)
        for member in members:
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
