"""A thread that talks with Slurm, which may take its time: run-queue sees only what it heard last.

All of our jobs are asked for at once. While Slurm does not answer, what is known stays as it is.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from wnkd_tui.queue.executors.base import ExecutorError, NotNowError
from wnkd_tui.queue.executors.slurm.commands import ClusterJob, Slurm

PLACES_EVERY = 60.0  # seconds between two looks at everybody's waiting jobs


@dataclass(frozen=True)
class View:
    """What Slurm said last: our jobs by name, as asked at `at` (time.monotonic; None: not yet).

    `past` are those of the accounting that it was asked for. `places`: number → place among all
    that wait for the same partition, from 1. `trouble`: why there is nothing newer.
    """

    at: float | None = None
    jobs: Mapping[str, ClusterJob] = field(default_factory=dict)
    past: Mapping[str, ClusterJob] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    trouble: str | None = None


class Watch:
    """Asks every so many seconds until `close`."""

    def __init__(self, slurm: Slurm, every: float) -> None:
        self._slurm = slurm
        self._every = every
        self._news = threading.Event()  # for who waits
        self._awake = threading.Event()  # for the thread
        self._over = False
        self._to_cancel: set[str] = set()
        self._to_find: set[str] = set()
        self._has_accounting = True
        self._places_at = float("-inf")
        self.view = View()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cancel(self, name: str) -> None:
        """Has the job cancelled, also where Slurm does not answer at once."""
        self._to_cancel.add(name)
        self._awake.set()

    def find(self, name: str) -> None:
        """Asks the accounting once for a job that squeue no longer tells."""
        self._to_find.add(name)

    def wait(self, seconds: float) -> None:
        """Sooner where something is new."""
        self._news.wait(seconds)
        self._news.clear()

    def close(self) -> None:
        self._over = True
        self._awake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over:
            self._awake.clear()
            try:
                self.view = self._look()
            except ExecutorError as error:
                self.view = replace(self.view, trouble=str(error))
            self._news.set()
            self._awake.wait(self._every)
        if self._to_cancel:
            with suppress(ExecutorError):
                self._look()

    def _look(self) -> View:
        wanted, now = self._to_cancel.copy(), time.monotonic()
        jobs = self._slurm.jobs()
        trouble = self._cancel([jobs[name] for name in wanted if name in jobs])
        if not trouble:
            self._to_cancel -= wanted
        return View(now, jobs, self._past(), self._places(now, jobs), trouble)

    def _cancel(self, jobs: Sequence[ClusterJob]) -> str | None:
        """Why it could not be done; then it is tried again, and what Slurm tells counts all the
        same."""
        left = [job for job in jobs if not job.ended]
        try:
            if left:
                self._slurm.cancel(left)
        except ExecutorError as error:
            return str(error)
        return None

    def _past(self) -> Mapping[str, ClusterJob]:
        past, wanted = self.view.past, self._to_find.copy() - self.view.past.keys()
        if not wanted or not self._has_accounting:
            return past
        self._to_find -= wanted
        try:
            told = self._slurm.past(wanted)
            # Of what squeue knows no more it may say for long, or for good, that it runs.
            return {**past, **{name: job for name, job in told.items() if job.ended}}
        except NotNowError:
            return past
        except ExecutorError:  # most clusters of one person have none, and say so
            self._has_accounting = False
            return past

    def _places(self, now: float, jobs: Mapping[str, ClusterJob]) -> Mapping[str, int]:
        wanted = {job.partition for job in jobs.values() if job.waits}
        if not wanted or now - self._places_at < PLACES_EVERY:
            return self.view.places
        self._places_at = now
        try:
            lists = [self._slurm.waiting(partition) for partition in wanted]
        except ExecutorError:  # a list of everybody's jobs may be long: nothing waits for it
            return {}
        return {id: place for ids in lists for place, id in enumerate(ids, start=1)}
