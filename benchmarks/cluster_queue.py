"""What run-queue itself costs where others do the jobs, and how that grows.

`python benchmarks/cluster_queue.py [--jobs 1000 10000] [--slots 200 2000] [--save]`. The cluster is
played: a job waits there at the first look at it, is done at the second, and tells ten epochs of
two numbers. Of a trial's 40 jobs all others need the first. CPU time is told, which other work on
the machine hardly changes. `--save` keeps what was measured beside what was kept of other sizes.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cluster_parts import at_a_time, in_line
from pages import about, load, save
from supervising import make_home

from engine.artifacts import ArtifactStore
from engine.events import EVENTS, EventWriter, write_exit
from wnkd_tui import config
from wnkd_tui.home import Home
from wnkd_tui.queue.attending import Attendant
from wnkd_tui.queue.executors.base import Alive, Gone
from wnkd_tui.queue.jobdir import JOB
from wnkd_tui.queue.slots import Slot
from wnkd_tui.queue.starting import Starter
from wnkd_tui.queue.supervisor import Supervisor
from wnkd_tui.store import queries, supervisors
from wnkd_tui.store.database import connect

NAME = "cluster_queue"
JOBS_A_TRIAL, EPOCHS = 40, 10
SLOTS = 200  # jobs at a time, of all of them
KEYS = {"jobs": "jobs", "at a time": "slots", "in line": "jobs"}
WAITS = Alive(where="Slurm job 1", waits="Priority, place 4 in the cluster's queue")


class Played:
    """A cluster and its nodes, with `artifacts` for what jobs read; `spent` is the CPU time in
    seconds that playing them took."""

    note = None

    def __init__(self, artifacts: ArtifactStore) -> None:
        self.spent = 0.0
        self._artifacts = artifacts
        self._looks: dict[str, int] = {}

    def ready(self) -> bool:
        return True

    def submit(self, job_dir: Path, env: Mapping[str, str]) -> str:
        self._looks[str(job_dir)] = 0
        return str(job_dir)

    def find(self, job_dir: Path) -> None:
        return None

    def poll(self, handle: str) -> Alive | Gone:
        self._looks[handle] += 1
        if self._looks[handle] == 1:
            return WAITS
        began = time.process_time()
        plan = json.loads((Path(handle) / JOB).read_text(encoding="utf-8"))
        if not plan["inputs"]:
            with self._artifacts.publish(plan["key"], {"key": plan["key"]}):
                pass
        with EventWriter(Path(handle)) as events:
            for epoch in range(1, EPOCHS + 1):
                events.metric(epoch, val_top1=50.0 + epoch, val_loss=1.0 / epoch)
        record = {"state": "done", "cause": None, "reason": None, "result": {"dim": 1}}
        write_exit(Path(handle), record)
        del self._looks[handle]
        self.spent += time.process_time() - began
        there = Alive(where="Slurm job 1 on node7", since=time.time())
        return Gone(code=0, seconds=1.0, last=there)

    def cancel(self, handle: str, grace: float) -> None:
        return

    def wait(self, seconds: float) -> None:
        return

    def close(self) -> None:
        return


def whole(root: Path, jobs: int) -> dict[str, Any]:
    """All jobs from the queue to their ends, SLOTS of them with the cluster at a time.

    RuntimeError where one is not done then.
    """
    began = time.process_time()
    home = make_home(
        root, trials=jobs // JOBS_A_TRIAL, jobs=JOBS_A_TRIAL, steps=1, values=1, needs=True
    )
    queueing = time.process_time() - began
    queued, before = _size(home), _peak()
    cluster, places = (
        Played(ArtifactStore(home.artifacts)),
        [Slot(f"Slurm {n}") for n in range(SLOTS)],
    )
    supervisor = Supervisor(home, cluster, places, config=config.load(home).queue)
    began = time.process_time()
    with (
        _timed(Starter, "start") as starting,
        _timed(Attendant, "attend") as attending,
        _timed(supervisors, "beat") as beats,
    ):
        supervisor.run(drain=True)
    spent = time.process_time() - began - cluster.spent
    with closing(connect(home)) as conn:
        found = queries.counts(conn)
    if found != {"done": jobs}:
        raise RuntimeError(f"not all are done: {found}")
    events = sum(one.stat().st_size for one in home.jobs.glob(f"*/{EVENTS}"))
    started = sum(seconds for _, seconds in starting)
    attended = sum(seconds for _, seconds in attending) - cluster.spent
    return {
        "jobs": jobs,
        "queueing_ms": 1000 * queueing / jobs,
        "cpu_ms": 1000 * spent / jobs,
        "starting_ms": 1000 * started / jobs,
        "attending_ms": 1000 * attended / jobs,
        "claims_s": jobs / started,
        "silent_s": max(b - a for (a, _), (b, _) in pairwise(beats)),
        "queued_kib": queued / jobs / 1024,
        "done_kib": _size(home) / jobs / 1024,
        "events_kib": events / jobs / 1024,
        "mib": _peak() - before,
        "mib_before": before,
    }


@contextmanager
def _timed(owner: Any, name: str) -> Iterator[list[tuple[float, float]]]:
    """When each call of a function began, and how long it took, in CPU seconds."""
    taken: list[tuple[float, float]] = []
    function = getattr(owner, name)

    def timed(*given: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return function(*given, **named)
        finally:
            taken.append((began, time.process_time() - began))

    setattr(owner, name, timed)
    try:
        yield taken
    finally:
        setattr(owner, name, function)


def _size(home: Home) -> int:
    with closing(connect(home)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return home.db.stat().st_size


def _peak() -> float:
    """MiB that this process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _alone(measured: Callable[..., dict[str, Any]], *sizes: int) -> dict[str, Any]:
    """In a process and a folder of its own."""
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, context) as process:
        found = process.submit(measured, Path(folder) / "home", *sizes).result()
    print("; ".join(f"{name} {value:,.4g}" for name, value in found.items()), flush=True)
    return found


def _beside(kept: list[dict[str, Any]], found: list[dict[str, Any]], key: str) -> Any:
    """What was found, and what was kept of other sizes, in their order."""
    rows = {row[key]: row for row in [*kept, *found]}
    return [rows[size] for size in sorted(rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--slots", type=int, nargs="*", default=[200, 2_000])
    parser.add_argument("--save", action="store_true", help=f"keep them in {NAME}.json")
    options = parser.parse_args()
    found = {
        "jobs": [_alone(whole, jobs) for jobs in options.jobs],
        "at a time": [_alone(at_a_time, slots) for slots in options.slots],
        "in line": [_alone(in_line, jobs) for jobs in options.jobs],
    }
    if options.save:
        kept = load(NAME)
        rows = {part: _beside(kept[part], found[part], KEYS[part]) for part in KEYS}
        save(NAME, about() | {"epochs a job": EPOCHS} | rows)


if __name__ == "__main__":
    main()
