"""Jobs as processes of this host, each in its own group, so that all of it can be ended."""

import json
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from wnkd_tui.queue.executors.base import Alive, Gone
from wnkd_tui.queue.executors.launchers import Launcher
from wnkd_tui.queue.executors.processes import ProcessId
from wnkd_tui.queue.jobdir import PROCESS


class LocalExecutor:
    """A handle is `pid:start time`: a stranger that got the pid later is never signalled."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._deadlines: dict[str, float] = {}  # of handles that were asked to end

    def ready(self) -> bool:
        return self._launcher.ready()

    def submit(self, job_dir: Path, env: Mapping[str, str]) -> str:
        return str(ProcessId.of(self._launcher.start(job_dir, env)))

    def find(self, job_dir: Path) -> str | None:
        try:
            record = json.loads((job_dir / PROCESS).read_text(encoding="utf-8"))
            return str(ProcessId(int(record["pid"]), float(record["started"])))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def poll(self, handle: str) -> Alive | Gone:
        process = ProcessId.parse(handle)
        if process.runs():
            if time.monotonic() > self._deadlines.get(handle, float("inf")):
                process.signal_group(signal.SIGKILL)
            return Alive()
        if self._launcher.pending(process.pid):
            return Alive()
        if process.group():  # what the job started must not outlive it
            process.signal_group(signal.SIGKILL)
            return Alive()
        self._deadlines.pop(handle, None)
        return Gone(_reason(self._launcher.code(process.pid)))

    def cancel(self, handle: str, grace: float) -> None:
        if handle not in self._deadlines:
            self._deadlines[handle] = time.monotonic() + grace
            ProcessId.parse(handle).signal_group(signal.SIGTERM)

    def close(self) -> None:
        self._launcher.close()


def _reason(code: int | None) -> str | None:
    if code is None:
        return None
    if code >= 0:
        return f"its process ended with code {code} and said nothing"
    return f"killed by signal {-code} ({signal.Signals(-code).name})"
