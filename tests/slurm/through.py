"""Homes whose jobs are done through Slurm, and waiting for what happens to them."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from place import Place

from wnkd_tui.store import queries
from wnkd_tui.store.database import connect
from wnkd_tui.store.rows import AttemptRow, JobRow

PATIENCE = 900.0  # seconds for anything to happen, on a busy machine
SLURM = ("run-queue", "--executor", "slurm")
PROFILE = 'partition = "low"\nevery = 1.0\nlinger = 10.0\n'


class Cluster:
    """A home whose jobs are done through Slurm; `conn` reads its database."""

    def __init__(self, root: Path, name: str) -> None:
        self.place = Place(root / name, root / "logs")
        shared = root / f"{name}-shared"
        shared.mkdir()
        self.place.home.shared_link.symlink_to(shared)
        self.conn: sqlite3.Connection = connect(self.place.home)
        self.owner: subprocess.Popen[bytes] | None = None

    def start(self, profile: str = "", *words: str) -> None:
        """run-queue, with more lines in its profile."""
        path = self.place.home.root / "slurm.toml"
        path.write_text(PROFILE + profile, encoding="utf-8")
        self.owner = self.place.start(*SLURM, *words)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        assert self.owner is not None
        self.owner.send_signal(number)
        self.owner.wait(PATIENCE)

    def add(self, *words: str) -> list[int]:
        """The new jobs."""
        before = {row.id for row in self.jobs()}
        self.place.read("queue", "add", *words)
        return [row.id for row in self.jobs() if row.id not in before]

    def jobs(self, *states: str) -> list[JobRow]:
        """In one of those states, or all."""
        return queries.jobs(self.conn, states=states or None)

    def attempts(self, job: int) -> list[AttemptRow]:
        return queries.attempts(self.conn, job)

    def where(self, job: int) -> tuple[str, str]:
        """The cluster's number of the job's allocation, and its nodes."""
        words = (self.attempts(job)[-1].place or "").removeprefix("Slurm job ")
        number, _, nodes = words.partition(" on ")
        return number, nodes.partition(",")[0]

    def trains(self, job: int, run: int) -> None:
        """Waits until that run of the job has got further."""

        def has_begun() -> bool:
            row = queries.job(self.conn, job)
            last = self.attempts(job)[-1] if row.attempt else None
            if last is None or row.attempt < run or last.ending:
                return False
            return row.state == "running" and row.done > (last.done_before or 0)

        until(has_begun, f"run {run} of job {job} trains")

    def endings(self, job: int, wanted: list[tuple[str, str]]) -> list[str]:
        """Faults: runs that did not end so, for a reason with that word. Ours to stop are none."""
        runs = [one for one in self.attempts(job) if one.ending != "stopped"]
        if len(runs) != len(wanted):
            return [f"{len(runs)} runs, not {len(wanted)}: {[one.ending for one in runs]}"]
        return [
            f"run {one.number} ended {one.ending} ({one.reason}), not {ending}"
            for one, (ending, word) in zip(runs, wanted, strict=True)
            if one.ending != ending or word not in (one.reason or "")
        ]


@contextmanager
def homes(root: Path, *names: str) -> Iterator[list[Cluster]]:
    """Of those names; no run-queue of theirs is left."""
    with ExitStack() as held:
        made = [Cluster(root, name) for name in names]
        for one in made:
            held.enter_context(closing(one.conn))
        try:
            yield made
        finally:
            for one in made:
                if one.owner:
                    one.owner.kill()


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            sys.exit(f"waited in vain: {what}")
        time.sleep(0.2)


def told(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def control(*command: str) -> None:
    subprocess.run(command, check=True, timeout=60)
