"""Two ways to start a job's process: forked from a server that is warm, or a fresh Python."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from wnkd_tui.queue.executors.base import ExecutorError, NotNowError
from wnkd_tui.queue.jobdir import OUTPUT

WARM = (sys.executable, "-m", "engine.warm")
PLAIN = (sys.executable, "-m", "engine")


class Launcher(Protocol):
    """Starts processes, each leading a session and group of its own."""

    def ready(self) -> bool:
        """Whether `start` would start at once. Raises ExecutorError where it never will."""

    def start(self, job_dirs: Sequence[Path], env: Mapping[str, str]) -> int:
        """The pid of one that does these jobs; it writes to the `OUTPUT` of the first.

        Raises ExecutorError, NotNowError among them, where no process was started.
        """

    def pending(self, pid: int) -> bool:
        """Whether `pid` was started here and `code` will still learn how it ended."""

    def code(self, pid: int) -> int | None:
        """How `pid` ended, negative for a signal; None where that is not known."""

    def wait(self, seconds: float) -> None:
        """Returns after that time, or sooner where one that was started here has ended, or
        `ready` has something new to say."""

    def close(self) -> None:
        """Stops what helps to start; what was started goes on."""


class News:
    """Wakes one waiter, be it now or when it comes to wait."""

    def __init__(self) -> None:
        self._there = threading.Event()

    def tell(self) -> None:
        self._there.set()

    def wait(self, seconds: float) -> None:
        """Forgets the news before it returns: what they are about can be seen by then."""
        self._there.wait(seconds)
        self._there.clear()


class PlainLauncher:
    """`python -m engine JOB_DIR …` for jobs that are done together."""

    def __init__(self, command: Sequence[str] = PLAIN) -> None:
        self._command = command
        self._started: dict[int, subprocess.Popen[bytes]] = {}
        self._news = News()

    def ready(self) -> bool:
        return True

    def start(self, job_dirs: Sequence[Path], env: Mapping[str, str]) -> int:
        try:
            with (job_dirs[0] / OUTPUT).open("ab") as log:
                process = subprocess.Popen(
                    [*self._command, *map(str, job_dirs)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **env},
                    start_new_session=True,
                )
        except OSError as error:
            raise ExecutorError(f"cannot start {self._command[0]}: {error.strerror}") from error
        self._started[process.pid] = process
        threading.Thread(target=self._reap, args=(process,), daemon=True).start()
        return process.pid

    def pending(self, pid: int) -> bool:
        return pid in self._started and self._started[pid].poll() is None

    def code(self, pid: int) -> int | None:
        process = self._started.get(pid)
        return process.poll() if process else None

    def wait(self, seconds: float) -> None:
        self._news.wait(seconds)

    def close(self) -> None:
        return

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._news.tell()


class WarmLauncher:
    """Forks jobs from `engine.warm`, which is started when the first job is there.

    What the server itself says, such as a failed import, is kept in `log`.
    """

    def __init__(self, log: Path, command: Sequence[str] = WARM) -> None:
        self._log = log
        self._command = command
        self._news = News()
        self._codes: dict[int, int | None] = {}  # of every job started, None while it runs
        self._server: _Server | None = None

    def ready(self) -> bool:
        if self._server is None or (self._server.dead and self._server.worth_another):
            self._server = _Server(self._command, self._log, self._codes, self._news)
        if self._server.dead:
            raise ExecutorError(f"the job server did not start: {_last_line(self._log)}")
        return self._server.ready

    def start(self, job_dirs: Sequence[Path], env: Mapping[str, str]) -> int:
        if self._server is None:
            raise ExecutorError("the job server is not running")
        return self._server.start(job_dirs, env)

    def pending(self, pid: int) -> bool:
        return self._codes.get(pid, 0) is None

    def code(self, pid: int) -> int | None:
        return self._codes.get(pid)

    def wait(self, seconds: float) -> None:
        self._news.wait(seconds)

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None


class _Server:
    """One run of the server; a thread reads what it replies, keeps `codes` and tells the news."""

    def __init__(
        self, command: Sequence[str], log: Path, codes: dict[int, int | None], news: News
    ) -> None:
        self.ready = False
        self.dead = False
        self._codes = codes
        self._news = news
        self._pids: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C is for the supervisor alone
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def worth_another(self) -> bool:
        """Whether what ended it was no fault of its own: it came up, or something killed it."""
        return self.ready or (self._process.poll() or 0) < 0

    def start(self, job_dirs: Sequence[Path], env: Mapping[str, str]) -> int:
        request = json.dumps({"jobs": list(map(str, job_dirs)), "env": dict(env)})
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise NotNowError("the job server is gone") from None
        pid = self._pids.get()
        if pid is None:
            raise NotNowError("the job server ended instead of starting a job")
        return pid

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.kill()  # it has nothing to tidy up, and may be stopped
        self._process.wait()
        self._reader.join()
        with suppress(BrokenPipeError):  # a request that it did not live to read
            self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as replies:
            for line in replies:
                match json.loads(line):
                    case {"ready": True}:
                        self.ready = True
                        self._news.tell()
                    case {"pid": pid}:
                        self._codes[pid] = None
                        self._pids.put(pid)
                    case {"exit": pid, "code": code}:
                        self._codes[pid] = code
                        self._news.tell()
        self._process.wait()
        self.dead = True
        for pid in [pid for pid, code in self._codes.items() if code is None]:
            del self._codes[pid]  # how these end will not be known
        self._pids.put(None)
        self._news.tell()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
