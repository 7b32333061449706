"""run-queue's allocations: asked of sbatch, filled while they work, removed once they are over."""

import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.leading import ranks_of
from wnkd_tui.queue.executors.base import Cause, ExecutorError, NotNowError
from wnkd_tui.queue.executors.slurm import script
from wnkd_tui.queue.executors.slurm.allocation import Allocation
from wnkd_tui.queue.executors.slurm.commands import PREFIX, ClusterJob, Slurm
from wnkd_tui.queue.executors.slurm.profile import Profile
from wnkd_tui.queue.executors.slurm.record import Record
from wnkd_tui.queue.executors.slurm.watch import Watch

AGAIN = 30.0  # seconds after a job that could not be submitted
TIDY_EVERY = 60.0  # seconds between two looks at all allocations for those that are over


class Allocations:
    """Their folders are in `folder`, their jobs' directories in `jobs`; nodes see both."""

    def __init__(
        self,
        profile: Profile,
        folder: Path,
        jobs: Path,
        *,
        cluster: str,
        slurm: Slurm,
        watch: Watch,
    ) -> None:
        self._profile = profile
        self._folder = folder
        self._jobs = jobs
        self._cluster = cluster
        self._slurm = slurm
        self._watch = watch
        self._open: dict[str, Allocation] = {}  # that take more jobs
        self._submitted: dict[str, float] = {}  # allocation → when, on time.monotonic
        self._not_before, self._refused = 0.0, ""
        self._tidied = float("-inf")  # on time.monotonic

    def __getitem__(self, name: str) -> Allocation:
        return Allocation(self._folder / name)

    @property
    def refused(self) -> str | None:
        """Why sbatch took none just now; None where it may be asked."""
        return self._refused if time.monotonic() < self._not_before else None

    def hand(self, job_dir: Path, plan: dict[str, Any]) -> Allocation:
        """The allocation that has the job now, one that works or a new one. `plan` is its
        `job.json`.

        Raises NotNowError, or ExecutorError where sbatch never will take it.
        """
        ranks = ranks_of(plan)
        shares = ranks == 1 and plan["kind"] in self._profile.together
        for allocation in [*self._open.values()] if shares else []:
            if self._has_room(allocation) and self._put(allocation, job_dir):
                return allocation
        if time.monotonic() - self._tidied > TIDY_EVERY:
            self.tidy()
        allocation = self[f"{PREFIX}{uuid.uuid4().hex[:12]}"]
        allocation.make()
        self._put(allocation, job_dir)
        linger = self._profile.linger if shares else 0.0
        path = script.write(self._profile, allocation, self._jobs, linger=linger)
        options = script.options(self._profile, allocation, plan["name"], ranks)
        self._submit(allocation, options, path, job_dir.name)
        if shares:
            self._open[allocation.name] = allocation
        return allocation

    def job(self, allocation: Allocation) -> ClusterJob | None:
        """As Slurm told it last; None where it does not know it."""
        view = self._watch.view
        return view.jobs.get(allocation.name) or view.past.get(allocation.name)

    def is_told(self, allocation: Allocation) -> bool:
        """Whether Slurm would have told of it by now."""
        at = self._watch.view.at
        return at is not None and at > self._submitted.get(allocation.name, float("-inf"))

    def is_over(self, allocation: Allocation) -> bool:
        job = self.job(allocation)
        return self.is_told(allocation) and (job is None or job.ended)

    def leave(self, allocation: Allocation, job: str) -> None:
        """Cancels it where none but this job is left in it."""
        if not self._unfinished(allocation) - {job}:
            self._open.pop(allocation.name, None)
            self._watch.cancel(allocation.name)

    def withdraw(self, allocation: Allocation, job: str) -> bool:
        """Whether the job was in the list still; then it was never begun there."""
        if not allocation.withdraw(job):
            return False
        record = Record.read(self._jobs / job)
        if record and record.allocation == allocation.name:
            never = replace(record, ended=time.time(), cause=Cause.NEVER_BEGUN)
            never.write(self._jobs / job)
        return True

    def end(self, allocation: Allocation) -> None:
        """Cancels it for the job at work in it. What waits there goes elsewhere: nobody cancelled
        that."""
        self._open.pop(allocation.name, None)
        allocation.close()
        for job in allocation.jobs():
            self.withdraw(allocation, job)
        self._watch.cancel(allocation.name)

    def close(self) -> None:
        """No node waits for more."""
        for allocation in self._open.values():
            allocation.close()

    def tidy(self) -> None:
        """Removes the folders of those that are over."""
        self._tidied = time.monotonic()
        with suppress(FileNotFoundError):
            for allocation in map(Allocation, [*self._folder.iterdir()]):
                if self.is_over(allocation) and not self._unfinished(allocation):
                    allocation.remove()

    def _has_room(self, allocation: Allocation) -> bool:
        if allocation.closed or self.is_over(allocation):
            del self._open[allocation.name]
            return False
        return len(self._unfinished(allocation)) < self._profile.together_jobs

    def _submit(self, allocation: Allocation, options: Sequence[str], path: Path, job: str) -> None:
        """Has sbatch accept it; where that does not work, nobody will do the job in its list."""
        try:
            self._slurm.submit(options, path)
        except NotNowError as error:
            # Slurm may have taken it all the same: then its list is empty, and it is cancelled.
            allocation.close()
            allocation.withdraw(job)
            self._watch.cancel(allocation.name)
            self._not_before, self._refused = time.monotonic() + AGAIN, str(error)
            raise
        except ExecutorError:
            allocation.remove()
            raise
        self._submitted[allocation.name] = time.monotonic()

    def _put(self, allocation: Allocation, job_dir: Path) -> bool:
        Record(self._cluster, allocation.name).write(job_dir)
        return allocation.put(job_dir.name)

    def _unfinished(self, allocation: Allocation) -> set[str]:
        """The jobs of the list that have not ended there."""
        left = set()
        for job in allocation.jobs():
            record = Record.read(self._jobs / job)
            if record and record.allocation == allocation.name and record.ended is None:
                left.add(job)
        return left
