"""Jobs with a Slurm cluster: handed over by files, begun in allocations that sbatch asks for.

How a job ended is said by its own last word, then by its `Record`, then by squeue, then by sacct
where the cluster keeps accounts.
"""

import json
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from wnkd_tui.queue.executors.base import Alive, Cause, ExecutorError, Gone, NotNowError
from wnkd_tui.queue.executors.slurm import script
from wnkd_tui.queue.executors.slurm.allocation import Allocation
from wnkd_tui.queue.executors.slurm.commands import INSTALL, PREFIX, ClusterJob, Slurm
from wnkd_tui.queue.executors.slurm.profile import Profile
from wnkd_tui.queue.executors.slurm.record import Record, look_into
from wnkd_tui.queue.executors.slurm.verdict import Verdicts, running
from wnkd_tui.queue.executors.slurm.watch import Watch
from wnkd_tui.queue.jobdir import END, JOB
from wnkd_tui.queue.slots import Slot

SLOT = "Slurm"  # how a slot with the cluster is called: `Slurm 3`
AGAIN = 30.0  # seconds after a job that could not be submitted
OBEYS = 60.0  # seconds beyond the grace after which an allocation is cancelled whole


def slots_of(profile: Profile, count: int | None) -> list[Slot]:
    """As many as jobs may be with the cluster at a time: `count`, else what the profile says."""
    return [Slot(f"{SLOT} {n}") for n in range(count or profile.max_jobs)]


@dataclass(frozen=True)
class Handle:
    """As text `slurm CLUSTER ALLOCATION JOB`: JOB is the name of the job's directory."""

    cluster: str
    allocation: str
    job: str

    @classmethod
    def parse(cls, text: str) -> "Handle | None":
        match text.split(" "):
            case ["slurm", cluster, allocation, job]:
                return cls(cluster, allocation, job)
        return None

    def __str__(self) -> str:
        return f"slurm {self.cluster} {self.allocation} {self.job}"


class SlurmExecutor:
    """Jobs of the directory `jobs`, allocations' folders in `allocations`; nodes see both.

    Raises ExecutorError where the commands are not there or Slurm does not answer.
    """

    def __init__(
        self, profile: Profile, jobs: Path, allocations: Path, slurm: Slurm | None = None
    ) -> None:
        self._slurm = slurm or Slurm()
        if missing := self._slurm.missing():
            raise ExecutorError(f"{', '.join(missing)}: not there: {INSTALL}")
        self._profile = profile
        self._jobs = jobs
        self._allocations = allocations
        self._cluster = self._slurm.cluster()
        self._open: dict[str, Allocation] = {}  # that take more jobs
        self._submitted: dict[str, float] = {}  # allocation → when, on time.monotonic
        self._begun: dict[Path, tuple[Record, float]] = {}  # seen first when, on time.monotonic
        self._asked: dict[str, float] = {}  # handle → when its allocation is cancelled, if need be
        self._not_before, self._refused = 0.0, ""
        self._verdicts = Verdicts()
        self._watch = Watch(self._slurm, profile.every)

    @property
    def note(self) -> str | None:
        if self._watch.view.trouble:
            return f"waits for Slurm: {self._watch.view.trouble}"
        if time.monotonic() < self._not_before:
            return f"waits for Slurm: {self._refused}"
        return None

    def ready(self) -> bool:
        view = self._watch.view
        return not view.trouble and view.at is not None and time.monotonic() >= self._not_before

    def submit(self, job_dir: Path, env: Mapping[str, str]) -> str:
        """`env` is empty: what a job gets of a node is the cluster's to say."""
        plan = json.loads((job_dir / JOB).read_text(encoding="utf-8"))
        shares = plan["kind"] in self._profile.together
        for allocation in [*self._open.values()] if shares else []:
            if self._has_room(allocation) and self._put(allocation, job_dir):
                return str(Handle(self._cluster, allocation.name, job_dir.name))
        allocation = self._allocated(job_dir, plan["name"], shares)
        return str(Handle(self._cluster, allocation.name, job_dir.name))

    def find(self, job_dir: Path) -> str | None:
        record = Record.read(job_dir)
        return str(Handle(record.cluster, record.allocation, job_dir.name)) if record else None

    def poll(self, handle: str) -> Alive | Gone:
        known = Handle.parse(handle)
        if known is None:
            return Gone()
        if known.cluster != self._cluster:
            return Alive(waits=f"is with cluster {known.cluster}, and this is {self._cluster}")
        directory, allocation = self._jobs / known.job, self._allocation(known.allocation)
        record = Record.read(directory)
        if record is None or record.allocation != known.allocation:
            return Gone(told=f"its record is gone from {directory}")
        found = self._found(record, allocation, directory)
        if isinstance(found, Gone):
            look_into(directory)  # for its last word
            self._asked.pop(handle, None)
            if found.cause is Cause.CANCELLED and (directory / END).exists():
                found = Gone()  # by wnkd itself
            last = running(record) if record.began else Alive()
            return replace(found, seconds=record.seconds, last=last)
        if time.monotonic() > self._asked.get(handle, float("inf")):
            self._watch.cancel(known.allocation)
        return found

    def cancel(self, handle: str, grace: float) -> None:
        """The whole allocation where this is the last job in it, else the job alone."""
        known = Handle.parse(handle)
        if known is None or handle in self._asked:
            return
        directory, allocation = self._jobs / known.job, self._allocation(known.allocation)
        record = Record.read(directory)
        if record is None or record.ended is not None:
            return
        self._asked[handle] = time.monotonic() + grace + OBEYS
        if allocation.withdraw(known.job):
            replace(record, ended=time.time(), cause=Cause.NEVER_BEGUN).write(directory)
        else:
            (directory / END).write_text(str(grace), encoding="ascii")
        if not self._unfinished(allocation) - {known.job}:
            self._open.pop(allocation.name, None)
            self._watch.cancel(allocation.name)

    def wait(self, seconds: float) -> None:
        self._watch.wait(seconds)

    def close(self) -> None:
        for allocation in self._open.values():
            allocation.close()  # no node waits for more
        self._watch.close()
        self._tidy()

    def _has_room(self, allocation: Allocation) -> bool:
        if allocation.closed or self._is_over(allocation):
            del self._open[allocation.name]
            return False
        return len(self._unfinished(allocation)) < self._profile.together_jobs

    def _put(self, allocation: Allocation, job_dir: Path) -> bool:
        Record(self._cluster, allocation.name).write(job_dir)
        return allocation.put(job_dir.name)

    def _allocated(self, job_dir: Path, name: str, shares: bool) -> Allocation:
        """An allocation that sbatch has accepted, with the job in its list."""
        self._tidy()
        allocation = self._allocation(f"{PREFIX}{uuid.uuid4().hex[:12]}")
        allocation.make()
        self._put(allocation, job_dir)
        linger = self._profile.linger if shares else 0.0
        path = script.write(self._profile, allocation, self._jobs, linger=linger)
        try:
            self._slurm.submit(script.options(self._profile, allocation, name), path)
        except NotNowError as error:
            # Slurm may have taken it all the same: then its list is empty, and it is cancelled.
            allocation.close()
            allocation.withdraw(job_dir.name)
            self._watch.cancel(allocation.name)
            self._not_before, self._refused = time.monotonic() + AGAIN, str(error)
            raise
        except ExecutorError:
            allocation.remove()
            raise
        self._submitted[allocation.name] = time.monotonic()
        if shares:
            self._open[allocation.name] = allocation
        return allocation

    def _found(self, record: Record, allocation: Allocation, directory: Path) -> Alive | Gone:
        if record.ended is None and not self._is_told(allocation):
            return running(record)
        job = self._job(allocation)
        if job and job.waits and self._is_old_news(record, directory):
            # The cluster wants to run it once more: that is our business, when it is its turn.
            ended = record.ended or time.time()
            record = replace(record, ended=ended, cause=Cause.PREEMPTED)
            record.write(directory)
            self._watch.cancel(allocation.name)
        if record.cause is Cause.PREEMPTED and job and not job.ended:
            return running(record)  # the next run does not begin beside it
        if job is None and record.ended is None:
            self._watch.find(allocation.name)
        return self._verdicts.of(record, allocation, job, self._watch.view)

    def _allocation(self, name: str) -> Allocation:
        return Allocation(self._allocations / name)

    def _job(self, allocation: Allocation) -> ClusterJob | None:
        view = self._watch.view
        return view.jobs.get(allocation.name) or view.past.get(allocation.name)

    def _is_told(self, allocation: Allocation) -> bool:
        """Whether Slurm would have told of it by now."""
        at = self._watch.view.at
        return at is not None and at > self._submitted.get(allocation.name, float("-inf"))

    def _is_old_news(self, record: Record, directory: Path) -> bool:
        """Whether it was begun by its node's word, and did not end by itself; and that was seen
        before Slurm was asked last."""
        stays = record.ended is None or (record.stopped and record.cause is None)
        if record.began is None or not stays:
            self._begun.pop(directory, None)
            return False
        known, seen = self._begun.get(directory, (None, 0.0))
        if known != record:
            self._begun[directory] = record, time.monotonic()
            return False
        return (self._watch.view.at or 0.0) > seen

    def _is_over(self, allocation: Allocation) -> bool:
        job = self._job(allocation)
        return self._is_told(allocation) and (job is None or job.ended)

    def _unfinished(self, allocation: Allocation) -> set[str]:
        """The jobs of the list that have not ended there."""
        left = set()
        for job in allocation.jobs():
            record = Record.read(self._jobs / job)
            if record and record.allocation == allocation.name and record.ended is None:
                left.add(job)
        return left

    def _tidy(self) -> None:
        """Removes the folders of allocations that are over."""
        with suppress(FileNotFoundError):
            for allocation in map(Allocation, [*self._allocations.iterdir()]):
                if self._is_over(allocation) and not self._unfinished(allocation):
                    allocation.remove()
