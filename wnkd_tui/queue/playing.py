"""Plays the queue in advance: who starts when, by the rules of `store.claims`.

Of the jobs that are ready, higher priorities come first, then those of the trial with the fewest
running jobs, then they go by position; a slot takes the next one as soon as it is free. Plain data
in and out. Not looked at: the memory of GPUs.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush


@dataclass(frozen=True)
class Forecast:
    """`start`: job → UTC seconds, of those waiting jobs of which it is known. `finished`: when all
    is done that can be done; None where that is not known."""

    start: Mapping[int, float] = field(default_factory=dict)
    finished: float | None = None


@dataclass(frozen=True)
class Waiting:
    """`seconds` is how long it takes, None: not known. `inputs` are the jobs it needs that are not
    done; one that neither runs nor waits holds it up. It starts no earlier than `due`."""

    id: int
    priority: int
    position: int
    seconds: float | None
    inputs: tuple[int, ...] = ()
    trials: tuple[int, ...] = ()
    due: float = 0.0


@dataclass(frozen=True)
class Running:
    """`ends` in UTC seconds, None: not known."""

    id: int
    ends: float | None
    trials: tuple[int, ...] = ()


def play(
    waiting: Sequence[Waiting], running: Sequence[Running], slots: int, now: float
) -> Forecast:
    """What the queue will do from `now` on with so many slots, those of `running` among them.

    O(n log n) in jobs, their inputs and their trials.
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
    free = slots - len(running)
    # What happens next: a job ends, and its slot is free; or the time comes that one waits for.
    events = [(max(one.ends, now), one.id, one.trials) for one in running if one.ends is not None]
    heapify(events)
    due: list[tuple[float, int]] = []
    known = len(events) == len(running)
    finished = max([now, *(at for at, _, _ in events)])
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
        while free > 0 and (taken := line.take()) is not None:
            start[taken.id] = now
            free -= 1
            if taken.seconds is None:
                known = False
                continue
            ends = now + taken.seconds
            finished = max(finished, ends)
            heappush(events, (ends, taken.id, taken.trials))
        if not events and not (due and free > 0):
            break
        now = min([*(at for at, *_ in events[:1]), *(at for at, _ in due[:1])])
        while events and events[0][0] <= now:
            _, ended, trials = heappop(events)
            free += 1
            line.count(trials, -1)
            for id in needs[ended]:
                left[id] -= 1
                if not left[id]:
                    enter(jobs[id])
        while due and due[0][0] <= now:
            line.add(jobs[heappop(due)[1]])
    return Forecast(start, finished if known and len(start) == len(jobs) else None)


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

    def add(self, job: Waiting) -> None:
        self._jobs[job.id] = job
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
                job = self._jobs.pop(id)
                self.count(job.trials, 1)
                if not job.trials:
                    self._tell(trial)
                return job
        return None

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
