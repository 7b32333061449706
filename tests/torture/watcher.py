"""Looks twenty times a second whether two runs of one job are alive at the same time."""

import threading
from collections import defaultdict

from processes import Finder, Found

EVERY = 0.05  # seconds


class Watcher(threading.Thread):
    """`doubles`: one line for each pair of runs of a job that were seen alive at once; `runs`: how
    many processes each job directory has had that were seen; `looks`: how often it looked; `busy`:
    whether it has just seen a job at work."""

    def __init__(self, finder: Finder) -> None:
        super().__init__(daemon=True)
        self._finder = finder
        self._over = threading.Event()
        self.doubles: dict[tuple[str, int, int], str] = {}
        self.runs: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
        self.looks = 0
        self.busy = False

    def run(self) -> None:
        while not self._over.wait(EVERY):
            self.looks += 1
            leaders: defaultdict[str, list[Found]] = defaultdict(list)
            for one in self._finder.find():
                if one.job:
                    leaders[one.job].append(one)
                    if one.pid == one.session:
                        self.runs[one.job].add((one.pid, one.started))
            self.busy = bool(leaders)
            for job, found in leaders.items():
                self._compare(job, found)

    def end(self) -> None:
        self._over.set()
        self.join()

    def _compare(self, job: str, found: list[Found]) -> None:
        """The first of a pair is looked at again after the second one: so both were alive."""
        for one in found:
            for other in found:
                if one.session != other.session and other.runs() and one.runs():
                    pair = (job, *sorted((one.session, other.session)))
                    self.doubles.setdefault(
                        pair, f"job {job}: {one.session} and {other.session} at the same time"
                    )
