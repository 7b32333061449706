"""How a job with the cluster is, by what its node has noted and what Slurm says of its allocation.

Slurm's word counts where the node could leave none. A controller that does not answer says nothing.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from signal import SIGKILL

from wnkd_tui.queue.executors.base import Alive, Cause, Gone
from wnkd_tui.queue.executors.slurm.allocation import Allocation
from wnkd_tui.queue.executors.slurm.commands import ClusterJob
from wnkd_tui.queue.executors.slurm.record import Record
from wnkd_tui.queue.executors.slurm.watch import View

SETTLES = 15.0  # seconds in which what a node wrote last is seen from here
FORGOTTEN = 60.0  # seconds after which what is not known, or not to be seen, is gone
AS_EVER = ("RUNNING", "COMPLETING")  # states of an allocation that say nothing of its jobs

CAUSES: Mapping[str, Cause] = {  # of Slurm's states that say why
    "TIMEOUT": Cause.TIME_LIMIT,
    "DEADLINE": Cause.TIME_LIMIT,
    "PREEMPTED": Cause.PREEMPTED,
    "CANCELLED": Cause.CANCELLED,
    "OUT_OF_MEMORY": Cause.MEMORY,
}
TOLD: Mapping[Cause, str] = {
    Cause.TIME_LIMIT: "the time limit of Slurm job {}",
    Cause.PREEMPTED: "the cluster took Slurm job {} back",
    Cause.CANCELLED: "Slurm job {} was cancelled by hand (scancel)",
    Cause.MEMORY: "Slurm job {} ran out of memory: give it more (--mem in the profile)",
    Cause.NEVER_BEGUN: "Slurm job {} ended without it",
}


class Verdicts:
    """Remembers since when what it was told has been so."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}  # what, of which allocation

    def of(
        self, record: Record, allocation: Allocation, job: ClusterJob | None, view: View
    ) -> Alive | Gone:
        """`job` is the allocation as `view`, which is newer than it, tells it."""
        if job is not None:
            self._since.pop(("not known", allocation.name), None)
        if record.ended is not None:
            return self._ended(record, job)
        if job is None:
            return self._unknown(record, view)
        if job.ended:
            return self._left(record, allocation, job)
        if record.began is not None:
            return running(record, job.state)
        if job.waits:
            place = view.places.get(job.id)
            told = job.reason or "no reason told"  # first: a line in a list is cut behind it
            told += f", place {place}" if place else ""
            told += " in the cluster's queue"
            return Alive(where=f"Slurm job {job.id}", waits=told)
        waits = "its turn there" if job.state in AS_EVER else f"the node ({job.state})"
        return Alive(where=f"Slurm job {job.id} on {job.node}", waits=f"waits for {waits}")

    def _ended(self, record: Record, job: ClusterJob | None) -> Alive | Gone:
        """By the node's word; why it was told to end the job, or what killed that, Slurm knows
        once the allocation has ended as well."""
        if record.cause is not None:
            return _gone(record.cause, record.job)
        gone = Gone(signal=record.signal, code=record.code)
        if not record.stopped and gone.signal != SIGKILL:
            return gone
        if job is not None and job.ended:
            cause = CAUSES.get(job.state)
            return replace(_gone(cause, job.id), signal=gone.signal) if cause else gone
        return gone if self._for(FORGOTTEN, "stopped", record) else running(record)

    def _unknown(self, record: Record, view: View) -> Alive | Gone:
        """Time in which Slurm does not answer does not count, nor what was before it: a controller
        that comes back may need a while to know its jobs."""
        if view.trouble is not None:
            self._since.pop(("not known", record.allocation), None)
        elif self._for(FORGOTTEN, "not known", record):
            return Gone(told="Slurm knows its job no more, which left no word")
        return running(record)

    def _left(self, record: Record, allocation: Allocation, job: ClusterJob) -> Alive | Gone:
        """The allocation has ended, and the node did not note the job's end: not yet, or it was
        killed before it could."""
        if not self._for(SETTLES, "left", record):
            return running(record)
        if cause := CAUSES.get(job.state):
            return _gone(cause, job.id)
        if record.began is not None:
            return Gone(told=f"Slurm job {job.id} ended ({job.state}) on {record.node}")
        if job.state == "COMPLETED" and allocation.closed:  # just when the job was put in
            return _gone(Cause.NEVER_BEGUN, job.id)
        # It may be that node alone, or all of them: it is tried again, a few times.
        where = f"Slurm job {job.id} ({job.state}) on {job.node or 'no node'}"
        return Gone(told=f"{where} could not begin it: {allocation.last_line()}")

    def _for(self, seconds: float, what: str, record: Record) -> bool:
        """Whether that has been so for a while."""
        first = self._since.setdefault((what, record.allocation), time.monotonic())
        return time.monotonic() - first > seconds


def running(record: Record, state: str = AS_EVER[0]) -> Alive:
    """As its node has noted it; of one that was not begun nothing is known. `state` is what Slurm
    says of the allocation: it may have suspended it."""
    if record.began is None:
        return Alive(waits="waits for word of the cluster")
    told = "" if state in AS_EVER else f", {state}"
    return Alive(where=f"Slurm job {record.job} on {record.node}{told}", since=record.began)


def _gone(cause: Cause, job: str) -> Gone:
    return Gone(cause=cause, told=TOLD[cause].format(job))
