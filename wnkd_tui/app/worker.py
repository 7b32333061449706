"""The `run-queue` that this app started: a process of its own, which outlives the app if wanted."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from wnkd_tui.home import VARIABLE, Home

RUN_QUEUE = (sys.executable, "-m", "wnkd_tui.cli", "run-queue")
LOG = "worker.log"
_ROOM = 1 << 20  # bytes of the disk that a worker needs to say a word
_TAIL = 64 * 1024  # bytes of the log that are read; more never fits on a screen


class Worker:
    """At most one at a time. Its output goes to `worker.log` in the home."""

    def __init__(self, command: Sequence[str] = RUN_QUEUE) -> None:
        self._command = command
        self.home: Home | None = None  # of the one started last
        self._said_before = 0  # bytes of the log when that was started
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None where it does not run."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def start(self, home: Home, slots: int | None = None) -> int:
        """Starts it in a session of its own, so that closing the terminal does not end it.

        `slots` jobs at a time; None: one a GPU, else one a core. Returns its pid. Raises OSError
        where it cannot be started.
        """
        self.home = home
        with (home.root / LOG).open("ab") as log:
            self._said_before = log.tell()
            self._process = subprocess.Popen(
                [*self._command, *([] if slots is None else ["--slots", str(slots)])],
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

    def last_words(self) -> str:
        """The last line that the one started last wrote; of none, that the disk is full."""
        if self.home is None:
            return ""
        with suppress(OSError):
            lines = said(self.home, self._said_before)
            if words := next((line.strip() for line in reversed(lines) if line.strip()), ""):
                return words
            if shutil.disk_usage(self.home.root).free < _ROOM:
                return f"the disk of {self.home.root} is full"
        return ""


def stop(pid: int, how: str) -> None:
    """Asks a `run-queue` to stop: "finish" lets running jobs end, "now" has them wait again.

    Raises ProcessLookupError or PermissionError where it is gone or another person's.
    """
    os.kill(pid, signal.SIGINT if how == "finish" else signal.SIGTERM)


def said(home: Home, since: int = 0) -> list[str]:
    """The last lines that workers of this home wrote, from byte `since` on; raises OSError."""
    try:
        with (home.root / LOG).open("rb") as file:
            start = max(since, file.seek(0, os.SEEK_END) - _TAIL)
            file.seek(start)
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return lines[1:] if start > since else lines  # the first one is cut
