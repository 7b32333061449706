"""Plays the queue in advance: who starts when, by the rules of `store.claims`.

Of the jobs that are ready, higher priorities come first, then those of the trial with the fewest
running jobs, then they go by position; a slot takes the next one as soon as it is free, and with
it the next ones that may share its process. Plain data in and out. Not looked at: the memory of
GPUs.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import NamedTuple


@dataclass(frozen=True)
class Forecast:
    """`start`: job → UTC seconds, of those waiting jobs of which it is known. `finished`: when all
    is done that can be done; None where that is not known."""

    start: Mapping[int, float] = field(default_factory=dict)
    finished: float | None = None


@dataclass(frozen=True)
class Waiting:
    """`seconds` is how long it takes, None: not known. `inputs` are the jobs it needs that are not
    done; one that neither runs nor waits holds it up. It starts no earlier than `due`. Jobs of one
    `company` may share a process, which takes for each of n what that one's `shares` say of n, else
    its `seconds`, and all of them end with it."""

    id: int
    priority: int
    position: int
    seconds: float | None
    inputs: tuple[int, ...] = ()
    trials: tuple[int, ...] = ()
    due: float = 0.0
    company: Hashable = None
    shares: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Running:
    """`ends` in UTC seconds, None: not known. Those of one `slot` share it; None: its own."""

    id: int
    ends: float | None
    trials: tuple[int, ...] = ()
    slot: Hashable = None


def play(
    waiting: Sequence[Waiting], running: Sequence[Running], slots: int, now: float, fuse: int = 1
) -> Forecast:
    """What the queue will do from `now` on with so many slots, those of `running` among them, and
    at most `fuse` jobs of one company in a process.

    O(n log n) in jobs, their inputs and their trials, times the size of a company.
    """
    held = _held_up(waiting, running)
    jobs = {job.id: job for job in waiting if job.id not in held}
    left = {job.id: len(set(job.inputs)) for job in jobs.values()}
    needs: dict[int, list[int]] = defaultdict(list)
    for job in jobs.values():
        for input_id in set(job.inputs):
            needs[input_id].append(job.id)
    line = _Line()
    for one in running:
        line.count(one.trials, 1)
    # Processes by what they are called: a running job's slot, or the first job's number.
    inside = Counter((one.slot or one.id) for one in running)
    free = slots - len(inside)
    # What happens next: a job ends, and with the last one of its process the slot is free; or the
    # time comes that one waits for.
    events = [
        _End(max(one.ends, now), one.id, one.trials, one.slot or one.id)
        for one in running
        if one.ends is not None
    ]
    heapify(events)
    due: list[tuple[float, int]] = []
    known = len(events) == len(running)
    finished = max([now, *(end.at for end in events)])
    start: dict[int, float] = {}

    def enter(job: Waiting) -> None:
        if job.due > now:
            heappush(due, (job.due, job.id))
        else:
            line.add(job)

    for job in jobs.values():
        if not left[job.id]:
            enter(job)
    while True:
        while free > 0 and (first := line.take()) is not None:
            group = [first, *line.take_beside(first, fuse - 1)]
            start |= {job.id: now for job in group}
            free -= 1
            takes = [job.shares.get(len(group), job.seconds) for job in group]
            if None in takes:
                known = False
                continue
            ends = now + sum(seconds or 0.0 for seconds in takes)
            finished = max(finished, ends)
            inside[first.id] = len(group)
            for job in group:
                heappush(events, _End(ends, job.id, job.trials, first.id))
        if not events and not (due and free > 0):
            break
        now = min([*(end.at for end in events[:1]), *(at for at, _ in due[:1])])
        while events and events[0].at <= now:
            _, ended, trials, process = heappop(events)
            inside[process] -= 1
            free += not inside[process]
            line.count(trials, -1)
            for id in needs[ended]:
                left[id] -= 1
                if not left[id]:
                    enter(jobs[id])
        while due and due[0][0] <= now:
            line.add(jobs[heappop(due)[1]])
    return Forecast(start, finished if known and len(start) == len(jobs) else None)


class _End(NamedTuple):
    """A job that ends, its trials and its process."""

    at: float
    id: int
    trials: tuple[int, ...]
    process: Hashable


class _Line:
    """The jobs that are ready, in the order of claims, as trials' numbers of running jobs change.

    A heap for each trial, and one of the trials by their first job. An entry of that heap which is
    out of date is passed over: a newer one is there.
    """

    def __init__(self) -> None:
        self._busy: dict[int, int] = defaultdict(int)
        self._of: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        self._first: list[tuple[int, int, int, int, int]] = []
        self._jobs: dict[int, Waiting] = {}
        self._companies: dict[Hashable, dict[int, Waiting]] = defaultdict(dict)

    def add(self, job: Waiting) -> None:
        self._jobs[job.id] = job
        if job.company is not None:
            self._companies[job.company][job.id] = job
        for trial in job.trials or (0,):  # 0 stands for none: nothing of it ever runs
            heappush(self._of[trial], (-job.priority, job.position, job.id))
            self._tell(trial)

    def count(self, trials: Iterable[int], by: int) -> None:
        """So many more jobs of these trials run."""
        for trial in trials:
            self._busy[trial] += by
            self._tell(trial)

    def take(self) -> Waiting | None:
        """The first one, which leaves the line and runs."""
        while self._first:
            priority, busy, position, id, trial = heappop(self._first)
            fresh = self._top(trial)
            if fresh == (priority, busy, position, id):
                return self._begun(self._jobs[id])
        return None

    def take_beside(self, first: Waiting, most: int) -> Iterator[Waiting]:
        """The next ones of its company, at most so many, which leave the line and run."""
        others = self._companies[first.company]
        while most > 0 and others:
            yield self._begun(min(others.values(), key=self._turn))
            most -= 1

    def _turn(self, job: Waiting) -> tuple[int, int, int, int]:
        return (
            -job.priority,
            min(self._busy[trial] for trial in job.trials or (0,)),
            job.position,
            job.id,
        )

    def _begun(self, job: Waiting) -> Waiting:
        del self._jobs[job.id]
        self._companies[job.company].pop(job.id, None)
        self.count(job.trials, 1)
        if not job.trials:
            self._tell(0)
        return job

    def _top(self, trial: int) -> tuple[int, int, int, int] | None:
        heap = self._of[trial]
        while heap and heap[0][2] not in self._jobs:
            heappop(heap)
        if not heap:
            return None
        priority, position, id = heap[0]
        return priority, self._busy[trial], position, id

    def _tell(self, trial: int) -> None:
        top = self._top(trial)
        if top is not None:
            heappush(self._first, (*top, trial))


def _held_up(waiting: Sequence[Waiting], running: Sequence[Running]) -> set[int]:
    """Those that need, over however many others, what neither waits nor runs."""
    there = {job.id for job in waiting} | {job.id for job in running}
    users: dict[int, list[int]] = defaultdict(list)
    for job in waiting:
        for input_id in job.inputs:
            users[input_id].append(job.id)
    held: set[int] = set()
    left = [id for input_id in users if input_id not in there for id in users[input_id]]
    while left:
        id = left.pop()
        if id not in held:
            held.add(id)
            left += users[id]
    return held
