"""A real Slurm of one node, and what must not go wrong on it: `make test-slurm`. See docs/slurm.md.

The demo's sweep and one long job are done in `calm` by run-queue itself, and in `cluster` through
Slurm, where the controller is killed, run-queue is killed, and the long job is preempted, put back
into the cluster's queue by hand and stopped by its time limit. Both homes must hold the same bits.
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "torture")]

from checks import Check, Outcome, compare, show  # noqa: E402
from node import Node, missing  # noqa: E402
from place import Place  # noqa: E402

from wnkd_tui.store import queries  # noqa: E402
from wnkd_tui.store.database import connect  # noqa: E402
from wnkd_tui.store.rows import AttemptRow, JobRow  # noqa: E402

PATIENCE = 900.0  # seconds for anything to happen, on a busy machine
SLURM = ("run-queue", "--executor", "slurm")
SWEEP = ("--dataset", "digits", "--recipe", "demo", "--wn", "0,50,100", "--noise", "50,100")
LONG = ("--dataset", "digits", "--recipe", "demo", "--teachers", "none", "--seeds", "7,")
EPOCHS = ("--set", "student.optimiser.epochs=200")
# Of the demo all but the image teachers take seconds, so students are among what shares.
PROFILE = """
partition = "low"
every = 1.0
linger = 10.0
together = ["wordnet", "nouns", "embed", "relax", "logits", "attribution", "T_x", "student"]
{more}
"""
IN_A_MINUTE = 'time = "1"\nwarning = 25'


class Cluster:
    """A home whose jobs are done through Slurm; `conn` reads its database."""

    def __init__(self, root: Path) -> None:
        self.place = Place(root / "cluster", root / "logs")
        shared = root / "shared"
        shared.mkdir()
        self.place.home.shared_link.symlink_to(shared)
        self.conn: sqlite3.Connection = connect(self.place.home)
        self.owner: subprocess.Popen[bytes] | None = None

    def profile(self, more: str = "") -> None:
        path = self.place.home.root / "slurm.toml"
        path.write_text(PROFILE.format(more=more), encoding="utf-8")

    def start(self) -> None:
        self.owner = self.place.start(*SLURM)

    def stop(self, number: signal.Signals) -> None:
        assert self.owner is not None
        self.owner.send_signal(number)
        self.owner.wait(PATIENCE)

    def jobs(self, *states: str) -> list[JobRow]:
        return queries.jobs(self.conn, states=states)

    def attempts(self, job: int) -> list[AttemptRow]:
        return queries.attempts(self.conn, job)

    def newest(self) -> JobRow:
        return max(queries.jobs(self.conn), key=lambda row: row.id)

    def number(self, job: int) -> str:
        """The cluster's number of the job's allocation."""
        place = self.attempts(job)[-1].place or ""
        return place.removeprefix("Slurm job ").partition(" ")[0]


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


def sweep(cluster: Cluster, node: Node) -> list[Check]:
    """The demo's sweep, while the controller and run-queue are killed."""
    cluster.profile()
    cluster.place.read("queue", "add", *SWEEP)
    cluster.start()
    until(lambda: len(cluster.jobs("done")) >= 5, "five jobs done")
    told("SIGKILL to slurmctld")
    node.kill_controller()
    time.sleep(15)
    node.start_controller()
    told("slurmctld is there again")
    until(lambda: node.resume() or len(cluster.jobs("done")) >= 12, "twelve jobs done")
    until(lambda: any(row.started_at for row in cluster.jobs("running")), "a job runs")
    held = {row.id: row.attempt for row in cluster.jobs("running")}
    told(f"SIGKILL to run-queue, which has {len(held)} jobs with Slurm")
    cluster.stop(signal.SIGKILL)
    time.sleep(2)
    cluster.start()
    until(lambda: not cluster.jobs("waiting", "running"), "the sweep")
    told("the sweep is done")
    tries = {id: len(cluster.attempts(id)) for id in held}
    again = [f"job {id} was begun again" for id, number in held.items() if tries[id] > number]
    bad = [
        f"job {row.id}: {one.ending} ({one.reason})"
        for row in queries.jobs(cluster.conn)
        for one in cluster.attempts(row.id)
        if one.ending not in ("done", "preempted")  # what it forgot was begun anew
    ]
    return [
        Check("a killed slurmctld loses nothing", len(queries.jobs(cluster.conn)), bad),
        Check("run-queue adopts what is queued and running", len(held), again),
    ]


def endings(cluster: Cluster) -> list[Check]:
    """One long job: preempted, put back by hand, at its time limit; another one cancelled."""
    cluster.stop(signal.SIGTERM)
    cluster.profile()
    cluster.place.read("queue", "add", *LONG, *EPOCHS)
    cluster.start()
    job = cluster.newest().id

    def trains(run: int) -> None:
        def has_begun() -> bool:
            row = queries.job(cluster.conn, job)
            last = cluster.attempts(job)[-1] if row.attempt else None
            if last is None or row.attempt < run or last.ending:
                return False
            return row.state == "running" and row.done > last.done_before + 1

        until(has_begun, f"run {run} of job {job} trains")

    trains(1)
    told("a job of a higher partition preempts it")
    wrap = ("--wrap=sleep 5", "--output=/dev/null")
    control("sbatch", "--quiet", "--partition=high", f"--ntasks={os.cpu_count()}", *wrap)
    trains(2)
    told("scontrol requeue, as an administrator can")
    number = cluster.number(job)
    control("scontrol", "update", f"JobId={number}", "Requeue=1")
    control("scontrol", "requeue", number)
    trains(3)
    told("run-queue is stopped and started with a time limit of a minute")
    cluster.stop(signal.SIGTERM)
    cluster.profile(IN_A_MINUTE)
    cluster.start()
    trains(4)
    until(lambda: len(cluster.attempts(job)) > 4, "the time limit")
    cluster.stop(signal.SIGTERM)
    cluster.profile()
    cluster.start()
    until(lambda: queries.job(cluster.conn, job).state == "done", "the long job")
    told("the long job is done; scancel by hand for the next one")
    runs = [one for one in cluster.attempts(job) if one.ending != "stopped"]  # by us
    found = [(one.ending, one.reason or "") for one in runs]
    wanted = (("preempted", "took"), ("preempted", "took"), ("preempted", "time limit"))
    faults = [
        f"run {n} ended {name} ({reason}), not {ending}"
        for n, ((name, reason), (ending, word)) in enumerate(zip(found, wanted, strict=False), 1)
        if name != ending or word not in reason
    ]
    return [Check("preemption, requeue and time limit are told apart", len(found), faults)]


def by_hand(cluster: Cluster) -> list[Check]:
    """scancel by a person is no preemption, and wnkd's own cancel reaches Slurm."""
    by_person = _cancelled(cluster, 8, lambda job: control("scancel", cluster.number(job)))
    by_wnkd = _cancelled(cluster, 9, lambda job: cluster.place.start("queue", "cancel", str(job)))
    faults = [
        f"job {row.id}: {row.state} ({row.reason})"
        for row, outside in ((by_person, True), (by_wnkd, False))
        if row.state != "cancelled" or ("scancel" in (row.reason or "")) != outside
    ]
    return [Check("scancel by hand is told from wnkd's own", 2, faults)]


def _cancelled(cluster: Cluster, seed: int, cancel: Callable[[int], object]) -> JobRow:
    """Another long job, once it trains and was cancelled."""
    cluster.place.read("queue", "add", *LONG[:-1], f"{seed},", *EPOCHS)
    job = cluster.newest().id
    until(lambda: queries.job(cluster.conn, job).done > 1, f"job {job} trains")
    cancel(job)
    until(lambda: queries.job(cluster.conn, job).state != "running", f"the end of job {job}")
    row = queries.job(cluster.conn, job)
    told(f"job {job}: {row.state} ({row.reason})")
    return row


def left(cluster: Cluster) -> Check:
    cluster.stop(signal.SIGTERM)

    def there() -> list[str]:
        command = ("squeue", "--noheader", "--format=%j %T")
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return said.split()

    until(lambda: not there(), "no job is left with Slurm")
    return Check("no job is left with Slurm", 1, [])


def campaign(root: Path) -> list[Check]:
    calm = Place(root / "calm", root / "logs")
    for words in (SWEEP, (*LONG, *EPOCHS)):
        calm.read("queue", "add", *words)
    told("undisturbed, by run-queue itself")
    if calm.start("run-queue", "--drain").wait():
        sys.exit(f"the undisturbed run went wrong: {calm.last_log}")
    (root / "slurm").mkdir()
    cluster = Cluster(root)
    told("through Slurm")
    with closing(cluster.conn), Node(root / "slurm") as node:
        try:
            checks = [*sweep(cluster, node), *endings(cluster)]
            checks += compare(Outcome(calm.home), Outcome(cluster.place.home))
            return [*checks, *by_hand(cluster), left(cluster)]
        finally:
            if cluster.owner:
                cluster.owner.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, help="an empty directory; default: a temporary one")
    options = parser.parse_args()
    if gone := missing():
        print(f"{', '.join(gone)}: not there; Debian, Ubuntu: apt install slurm-wlm munge")
        return 2
    root = (options.root or Path(tempfile.mkdtemp(prefix="wnkd-slurm-"))).absolute()
    root.mkdir(parents=True, exist_ok=True)
    print(f"in {root}", flush=True)
    began = time.monotonic()
    good = show(campaign(root))
    print(f"{time.monotonic() - began:.0f} s; {'all is well' if good else f'NOT well: see {root}'}")
    return not good


if __name__ == "__main__":
    sys.exit(main())
