"""What runs a job: processes here, or a cluster's own queue. Nothing above knows of pids."""

import signal as signals
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.errors import WnkdError


class ExecutorError(WnkdError):
    """Jobs cannot be run at all."""


class NotNowError(ExecutorError):
    """A job could not be started this time; the next try may do."""


@dataclass(frozen=True)
class Alive:
    """The job runs, or waits in its executor's own queue."""


@dataclass(frozen=True)
class Gone:
    """Nothing of the job runs any more.

    `signal` killed its process, or it left with `code` (0 or more), or the host was restarted
    under it; none of them where the executor cannot know.
    """

    signal: int | None = None
    code: int | None = None
    restarted: bool = False

    @property
    def reason(self) -> str | None:
        """The same as one line without a full stop; None where nothing is known."""
        if self.restarted:
            return "the host was restarted"
        if self.signal is not None:
            return f"killed by signal {self.signal}{_name(self.signal)}"
        if self.code is not None:
            return f"its process ended with code {self.code} and said nothing"
        return None


class Executor(Protocol):
    """A handle is the executor's own text for a job; it stays good after a restart of wnkd.

    No method but `wait` may block for longer than a second or two. A pause is no business of an
    executor: it is asked for by a file in the job's directory (`engine.events.PAUSE`).
    """

    def ready(self) -> bool:
        """Whether `submit` would start a job now. Called when there is one; may begin to prepare.

        Raises ExecutorError where it never will.
        """

    def submit(self, job_dir: Path, env: Mapping[str, str]) -> str:
        """Starts the job of `job_dir` with `env` added to its environment; its handle.

        Raises NotNowError, or ExecutorError where no job can be started.
        """

    def find(self, job_dir: Path) -> str | None:
        """The handle of a job whose submitter died before it could note it; None: not begun."""

    def poll(self, handle: str) -> Alive | Gone:
        """How the job is. Gone is said once nothing of it is left."""

    def cancel(self, handle: str, grace: float) -> None:
        """Asks the job to end, and ends it after `grace` seconds; returns at once.

        Asking again changes nothing. `poll` does the ending and tells when it is gone.
        """

    def wait(self, seconds: float) -> None:
        """Returns after that time, or sooner where a job may have ended or begun to be ready."""

    def close(self) -> None:
        """Lets go of what the executor holds; jobs that run go on."""


def _name(number: int) -> str:
    try:
        return f" ({signals.Signals(number).name})"
    except ValueError:  # a real-time signal has no name
        return ""
