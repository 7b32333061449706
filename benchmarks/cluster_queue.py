"""What run-queue itself costs where others do the jobs: 10,000 jobs with a cluster that is played.

`python benchmarks/cluster_queue.py [--jobs 10000] [--slots 200] [--save]`. A job is begun at the
first look at it and done at the second; each tells ten epochs of two numbers.
"""

import argparse
import json
import platform
import resource
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from supervising import HERE, make_home

from engine.events import EventWriter, write_exit
from wnkd_tui import config
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import Alive, Gone
from wnkd_tui.queue.slots import Slot
from wnkd_tui.queue.supervisor import Supervisor
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

RESULTS = HERE / "results" / "cluster_queue.json"
JOBS_A_TRIAL, EPOCHS = 40, 10


class Played:
    """A cluster and its nodes; `spent` is the CPU time in seconds that playing them took."""

    note = None

    def __init__(self) -> None:
        self.spent = 0.0
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
            return Alive(where="Slurm job 1", waits="in the cluster's queue: Priority, place 4")
        began = time.process_time()
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


def measure(root: Path, jobs: int, slots: int) -> dict[str, object]:
    home: Home = make_home(root, trials=jobs // JOBS_A_TRIAL, jobs=JOBS_A_TRIAL, steps=1, values=1)
    empty, before = _size(home), _peak()
    cluster, places = Played(), [Slot(f"Slurm {n}") for n in range(slots)]
    supervisor = Supervisor(home, cluster, places, config=config.load(home).queue)
    began = time.process_time()
    code = supervisor.run(drain=True)
    spent = time.process_time() - began - cluster.spent
    with closing(connect(home)) as conn:
        done = queries.counts(conn)
    return {
        "jobs": jobs,
        "slots": slots,
        "code": code,
        "states": done,
        "CPU ms a job": round(1000 * spent / jobs, 2),
        "database KiB a job, queued": round(empty / jobs / 1024, 2),
        "database KiB a job, done": round(_size(home) / jobs / 1024, 2),
        "peak MiB before": round(before),
        "peak MiB after": round(_peak()),
    }


def _size(home: Home) -> int:
    with closing(connect(home)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return home.db.stat().st_size


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--slots", type=int, default=200)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    found = []
    for jobs in options.jobs:
        with tempfile.TemporaryDirectory() as folder:
            found.append(measure(Path(folder) / "home", jobs, options.slots))
        print("; ".join(f"{name} {value}" for name, value in found[-1].items()), flush=True)
    if options.save:
        record = {"python": platform.python_version(), "epochs a job": EPOCHS, "runs": found}
        RESULTS.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
