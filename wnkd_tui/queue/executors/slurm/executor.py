"""Jobs with a Slurm cluster: handed over by files, begun in allocations that sbatch asks for.

How a job ended is said by its own last word, then by its `Record`, then by squeue, then by sacct
where the cluster keeps accounts.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import SpecError
from engine.events import EXIT
from wnkd_tui.queue.executors.base import Alive, Cause, ExecutorError, Gone
from wnkd_tui.queue.executors.slurm.allocation import Allocation
from wnkd_tui.queue.executors.slurm.allocations import Allocations
from wnkd_tui.queue.executors.slurm.commands import INSTALL, Slurm
from wnkd_tui.queue.executors.slurm.profile import Profile
from wnkd_tui.queue.executors.slurm.record import Record, look_into
from wnkd_tui.queue.executors.slurm.verdict import FORGOTTEN, Verdicts, running
from wnkd_tui.queue.executors.slurm.watch import Watch
from wnkd_tui.queue.jobdir import END, JOB
from wnkd_tui.queue.slots import Slot

SLOT = "Slurm"  # how a slot with the cluster is called: `Slurm 3`
OBEYS = 60.0  # seconds beyond the grace after which an allocation is cancelled whole


def slots_of(profile: Profile, count: int | None, ranks: int) -> list[Slot]:
    """As many as jobs may be with the cluster at a time: `count`, else what the profile says. So
    many `ranks` share a teacher or a student there.

    Raises SpecError where the profile's nodes cannot have equally many of them.
    """
    if ranks % profile.nodes:
        nodes = f"the profile's nodes = {profile.nodes}"
        raise SpecError(f"gpus-per-job {ranks} is not shared out evenly by {nodes}")
    return [Slot(f"{SLOT} {n}", ranks=ranks) for n in range(count or profile.max_jobs)]


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
        slurm = slurm or Slurm()
        if missing := slurm.missing():
            raise ExecutorError(f"{', '.join(missing)}: not there: {INSTALL}")
        self._jobs = jobs
        self._cluster = slurm.cluster()
        self._verdicts = Verdicts()
        self._begun: dict[Path, tuple[Record, float]] = {}  # seen first when, on time.monotonic
        self._asked: dict[str, float] = {}  # handle → when its allocation is cancelled, if need be
        self._missed: dict[str, float] = {}  # handle → since when something of it is not to be seen
        self._watch = Watch(slurm, profile.every)
        self._allocations = Allocations(
            profile, allocations, jobs, cluster=self._cluster, slurm=slurm, watch=self._watch
        )

    @property
    def note(self) -> str | None:
        trouble = self._watch.view.trouble or self._allocations.refused
        return f"waits for Slurm: {trouble}" if trouble else None

    def ready(self) -> bool:
        return self._watch.view.at is not None and self.note is None

    def submit(self, job_dir: Path, env: Mapping[str, str]) -> str:
        """`env` is empty: what a job gets of a node is the cluster's to say."""
        plan = json.loads((job_dir / JOB).read_text(encoding="utf-8"))
        allocation = self._allocations.hand(job_dir, plan)
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
        directory, allocation = self._jobs / known.job, self._allocations[known.allocation]
        record = Record.read(directory)
        if record is None and self._may_come(handle):
            return Alive(waits="its record cannot be read just now")
        if record is None or record.allocation != known.allocation:
            return Gone(told=f"its record is gone from {directory}")
        found = self._found(record, allocation, directory)
        if isinstance(found, Gone):
            return self._ended(handle, found, record, directory)
        self._missed.pop(handle, None)
        if time.monotonic() > self._asked.get(handle, float("inf")):
            self._allocations.end(allocation)
        return found

    def cancel(self, handle: str, grace: float) -> None:
        """The whole allocation where this is the last job in it, else the job alone."""
        known = Handle.parse(handle)
        if known is None or handle in self._asked:
            return
        directory, allocation = self._jobs / known.job, self._allocations[known.allocation]
        record = Record.read(directory)
        if record is None or record.ended is not None:
            return
        self._asked[handle] = time.monotonic() + grace + OBEYS
        if not self._allocations.withdraw(allocation, known.job):
            (directory / END).write_text(str(grace), encoding="ascii")
        self._allocations.leave(allocation, known.job)

    def wait(self, seconds: float) -> None:
        self._watch.wait(seconds)

    def close(self) -> None:
        self._allocations.close()
        self._watch.close()
        self._allocations.tidy()

    def _ended(self, handle: str, found: Gone, record: Record, directory: Path) -> Alive | Gone:
        """With what its directory has of it: one that left by itself says why there, mostly."""
        look_into(directory)
        if found.code is not None and not (directory / EXIT).exists():
            if self._may_come(handle):
                return running(record)
            if found.code == 0:  # it has done all, which the next run finds
                found = Gone(told=f"{running(record).where}: its last word never came")
        self._asked.pop(handle, None)
        self._missed.pop(handle, None)
        if found.cause is Cause.CANCELLED and (directory / END).exists():
            found = Gone()  # by wnkd itself
        last = running(record) if record.began else Alive()
        return replace(found, seconds=record.seconds, last=last)

    def _found(self, record: Record, allocation: Allocation, directory: Path) -> Alive | Gone:
        if record.ended is None and not self._allocations.is_told(allocation):
            return running(record)
        job = self._allocations.job(allocation)
        if job and job.waits and self._is_old_news(record, directory):
            # The cluster wants to run it once more: that is our business, when it is its turn.
            ended = record.ended or time.time()
            record = replace(record, ended=ended, cause=Cause.PREEMPTED)
            record.write(directory)
            self._allocations.end(allocation)
        if record.cause is Cause.PREEMPTED and job and not job.ended:
            return running(record)  # the next run does not begin beside it
        found = self._verdicts.of(record, allocation, job, self._watch.view)
        if job is None and isinstance(found, Alive):
            self._watch.find(allocation.name)
        return found

    def _may_come(self, handle: str) -> bool:
        """Whether what must be there is waited for: a network's disk may hide it for a while."""
        since = self._missed.setdefault(handle, time.monotonic())
        return time.monotonic() - since < FORGOTTEN

    def _is_old_news(self, record: Record, directory: Path) -> bool:
        """Whether the job had begun, and not ended by itself, before Slurm was asked last: what
        Slurm tells is newer, then."""
        stays = record.ended is None or (record.stopped and record.cause is None)
        if record.began is None or not stays:
            self._begun.pop(directory, None)
            return False
        known, seen = self._begun.get(directory, (None, 0.0))
        if known != record:
            self._begun[directory] = record, time.monotonic()
            return False
        return (self._watch.view.at or 0.0) > seen
