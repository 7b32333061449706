"""The `run-queue` that this app started: a process of its own, which outlives the app if wanted."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from wnkd_tui.home import VARIABLE, Home

RUN_QUEUE = (sys.executable, "-m", "wnkd_tui.cli", "run-queue")
LOG = "worker.log"


class Worker:
    """At most one at a time. Its output goes to `worker.log` in the home."""

    def __init__(self, command: Sequence[str] = RUN_QUEUE) -> None:
        self._command = command
        self.home: Home | None = None  # of the one started last
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None where it does not run."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def start(self, home: Home) -> int:
        """Starts it in a session of its own, so that closing the terminal does not end it.

        Returns its pid. Raises OSError where it cannot be started.
        """
        self.home = home
        with (home.root / LOG).open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, VARIABLE: str(home.root)},
            )
        return self._process.pid

    def ended(self) -> int | None:
        """Its exit code, told once after it ended."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._process = None
        return code


def stop(pid: int, how: str) -> None:
    """Asks a `run-queue` to stop: "finish" lets running jobs end, "now" has them wait again.

    Raises ProcessLookupError or PermissionError where it is gone or another person's.
    """
    os.kill(pid, signal.SIGINT if how == "finish" else signal.SIGTERM)


def last_words(home: Home) -> str:
    """The last line that a worker wrote."""
    try:
        lines = (home.root / LOG).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
