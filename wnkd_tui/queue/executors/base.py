"""What runs a job: processes here, or a cluster's own queue. Nothing above knows of pids."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.errors import WnkdError


class ExecutorError(WnkdError):
    """Jobs cannot be run at all."""


@dataclass(frozen=True)
class Alive:
    """The job runs, or waits in its executor's own queue."""


@dataclass(frozen=True)
class Gone:
    """Nothing of the job runs any more; `reason` is the executor's word on why, if it has one."""

    reason: str | None = None


class Executor(Protocol):
    """A handle is the executor's own text for a job; it stays good after a restart of wnkd.

    No method may block for longer than a second or two.
    """

    def ready(self) -> bool:
        """Whether `submit` would start a job now. Called when there is one; may begin to prepare.

        Raises ExecutorError where it never will.
        """

    def submit(self, job_dir: Path, env: Mapping[str, str]) -> str:
        """Starts the job of `job_dir` with `env` added to its environment; its handle."""

    def find(self, job_dir: Path) -> str | None:
        """The handle of a job whose submitter died before it could note it; None: not begun."""

    def poll(self, handle: str) -> Alive | Gone:
        """How the job is. Gone is said once nothing of it is left."""

    def cancel(self, handle: str, grace: float) -> None:
        """Asks the job to end, and ends it after `grace` seconds; returns at once.

        Asking again changes nothing. `poll` tells when it is gone.
        """

    def close(self) -> None:
        """Lets go of what the executor holds; jobs that run go on."""
