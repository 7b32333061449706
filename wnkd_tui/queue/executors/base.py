"""What runs a job: processes here, or a cluster's own queue. Nothing above knows of pids."""

import signal as signals
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from engine.errors import WnkdError


class ExecutorError(WnkdError):
    """Jobs cannot be run at all."""


class NotNowError(ExecutorError):
    """A job could not be started this time; the next try may do."""


class Cause(StrEnum):
    """Why a cluster ended a job, or never began it; what is not here tells the job's own end."""

    TIME_LIMIT = "time limit"
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"  # by a person, and not through wnkd
    MEMORY = "out of memory"
    NEVER_BEGUN = "never begun"


@dataclass(frozen=True)
class Alive:
    """The job runs, or waits in its executor's own queue: then `waits` says for what.

    `where` it is in the executor's words, and since when it runs, in UTC seconds; None where its
    slot and its claim say that.
    """

    where: str | None = None
    waits: str | None = None
    since: float | None = None


@dataclass(frozen=True)
class Gone:
    """Nothing of the job runs any more.

    `signal` killed its process, or it left with `code` (0 or more), or the host was restarted
    under it; none of them where the executor cannot know. `cause` is what a cluster says of it,
    `told` the executor's own words, `seconds` how long it ran where others cannot know, and `last`
    how it was before, where a cluster had it.
    """

    signal: int | None = None
    code: int | None = None
    restarted: bool = False
    cause: Cause | None = None
    told: str | None = None
    seconds: float | None = None
    last: Alive | None = None

    @property
    def reason(self) -> str | None:
        """The same as one line without a full stop; None where nothing is known."""
        if self.told:
            return self.told
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

    @property
    def note(self) -> str | None:
        """What keeps it from starting jobs, in one line for people; None where nothing does."""

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


@runtime_checkable
class Together(Protocol):
    """An executor that can have several students done side by side (engine.together)."""

    def submit_together(self, job_dirs: Sequence[Path], env: Mapping[str, str]) -> list[str]:
        """As `Executor.submit`, for jobs of one company; each has a handle of its own."""


def _name(number: int) -> str:
    try:
        return f" ({signals.Signals(number).name})"
    except ValueError:  # a real-time signal has no name
        return ""
