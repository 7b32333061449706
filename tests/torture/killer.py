"""Who is killed, and when: drawn from a seed. What runs at that moment is not the seed's to say."""

import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from processes import Finder, Found

GAP = (0.02, 1.2)  # seconds of work between two shots, uniform, times the pace
PACE = (0.1, 64.0)
STEEP = 40
SPREAD = 0.8  # share of the work over which the shots are spread: the rest is for stragglers
AIM = 1.0  # seconds to wait for a job to write a file whole, before any job will do
NAPS = 0.06  # share of the shots after which a run-queue is stopped for a while
NAP = (1.0, 16.0)  # seconds, uniform: it wakes to find its jobs adopted, or not
IDLE = 0.15  # share of the gaps that count time in which no job runs as well
# What is shot at, and how often.
KINDS = {
    "job": 35,  # the process that leads it
    "job's group": 15,
    "job that writes": 15,  # checkpoint, artifact or last word, not yet renamed into place
    "run-queue": 15,
    "run-queue and job": 10,
    "server": 6,  # what jobs are forked from
    "everything": 4,  # as when the host goes down
}
# Without what takes long to recover from: a new server imports torch first.
QUICK = {"job": 4, "job's group": 3, "job that writes": 3, "run-queue and job": 1}
_UNFINISHED = re.compile(r"\.(\d+)(\.new)?$")  # named after the pid of its writer


class Killer:
    """`shots`: how many of each kind hit; `signals`: SIGKILLs sent, one to a group counts once;
    `naps`: how many run-queues were stopped for a while."""

    def __init__(self, seed: int, root: Path, finder: Finder, *, quick: bool) -> None:
        self._random = random.Random(seed)
        self._kinds = QUICK if quick else KINDS
        self._naps = 0.0 if quick else NAPS
        self._root = root
        self._finder = finder
        self._asleep: list[tuple[Found, float]] = []
        self.shots: Counter[str] = Counter()
        self.signals = 0
        self.naps = 0

    def gap(self) -> tuple[float, bool]:
        """Seconds until the next shot at an even pace, and whether only those count in which a job
        runs."""
        return self._random.uniform(*GAP), self._random.random() > IDLE

    def pace(self, fired: float, done: float) -> float:
        """How many times longer the gaps are now: it grows with the share of the shots that were
        fired, falls with the share of the work done, and so spreads the one over the other."""
        least, most = PACE
        return min(most, max(least, 2 ** (STEEP * (fired - done / SPREAD))))

    def shoot(self) -> str | None:
        """Kills what the next draw says; a line that tells it, None where none of it was there."""
        kind = self._random.choices(list(self._kinds), list(self._kinds.values()))[0]
        first, second = self._random.random(), self._random.random()
        found = self._finder.find()
        queues = [one for one in found if one.role == "run-queue"]
        jobs = [one for one in found if one.role == "job" and one.pid == one.session]
        match kind:
            case "run-queue":
                targets = _one(queues, first)
            case "server":
                targets = _one([one for one in found if one.role == "server"], first)
            case "run-queue and job":
                targets = _one(queues, first) + _one(jobs, second)
            case "everything":
                targets = list(found)
            case "job that writes":
                targets = self._writing()
                if not targets:
                    kind, targets = "job", _one(jobs, first)
            case _:
                targets = _one(jobs, first)
        whole = kind == "job's group"
        hit = [one for one in targets if _signal(one, signal.SIGKILL, group=whole)]
        if not hit:
            return None
        self.signals += len(hit)
        self.shots[kind] += 1
        return f"{kind}: " + ", ".join(
            f"{one.role} {one.pid}" + (f" ({one.job})" if one.job else "") for one in hit
        )

    def lull(self) -> str | None:
        """Stops a run-queue for a while, where the next draw says so; a line that tells it."""
        wanted, pick = self._random.random() < self._naps, self._random.random()
        seconds = self._random.uniform(*NAP)
        found = [one for one in self._finder.find() if one.role == "run-queue"] if wanted else []
        for one in _one(found, pick):
            if _signal(one, signal.SIGSTOP):
                self._asleep.append((one, time.monotonic() + seconds))
                self.naps += 1
                return f"run-queue {one.pid} sleeps for {seconds:.0f} s"
        return None

    def wake(self, *, all: bool = False) -> None:
        """Lets those go on whose time has come."""
        now = time.monotonic()
        for one, until in self._asleep[:]:
            if all or now >= until:
                self._asleep.remove((one, until))
                _signal(one, signal.SIGCONT)

    def _writing(self) -> list[Found]:
        """A job that is about to rename something into place; none where AIM passes without."""
        deadline = time.monotonic() + AIM
        while time.monotonic() < deadline:
            jobs = [one for one in self._finder.find() if one.role == "job"]
            for _ in range(30):
                pids = self._writers({one.job for one in jobs if one.job})
                if writing := [one for one in jobs if one.pid in pids]:
                    return writing[:1]
                time.sleep(0.001)
        return []

    def _writers(self, jobs: set[str]) -> set[int]:
        """Pids whose unfinished files are there; an artifact counts once it has its record."""
        homes = [self._root / "jobs" / job for job in jobs]
        names = [name for home in homes for name in _names(home) + _names(home / "checkpoints")]
        made = self._root / "artifacts/tmp"
        names += [name for name in _names(made) if (made / name / "meta.json").exists()]
        return {int(end[1]) for name in names if (end := _UNFINISHED.search(name))}


def _signal(one: Found, number: signal.Signals, *, group: bool = False) -> bool:
    if not one.runs():
        return False
    try:
        (os.killpg if group else os.kill)(one.pid, number)
    except ProcessLookupError:
        return False
    return True


def _one(found: Sequence[Found], pick: float) -> list[Found]:
    return [found[int(pick * len(found))]] if found else []


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
