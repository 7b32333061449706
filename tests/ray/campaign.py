"""A Ray cluster of three nodes, and what must not go wrong on it: `make test-ray`. See docs/ray.md.

The demo's sweep and one long job are done in `calm` by run-queue itself, and in `cluster` through
Ray, where the node of the long job is killed, then run-queue. Nodes share no folder with the home.
Both homes must hold the same bits, and nothing may be left running.
"""

import argparse
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
from nodes import FOLDER, NODES, Nodes  # noqa: E402
from place import Place  # noqa: E402

from wnkd_tui.store import queries  # noqa: E402
from wnkd_tui.store.database import connect  # noqa: E402
from wnkd_tui.store.rows import AttemptRow, JobRow  # noqa: E402

PATIENCE = 1800.0  # seconds for anything to happen, on a busy machine
ENDS = 60.0  # seconds in which nothing of a job is left
DIGITS = ("--dataset", "digits", "--recipe", "demo")
SWEEP = (*DIGITS, "--wn", "0,50,100", "--noise", "50,100")
EPOCHS = ("--set", "student.optimiser.epochs=200")
LONG = (*DIGITS, "--teachers", "none", "--seeds", "7,", *EPOCHS)
ANOTHER = (*DIGITS, "--teachers", "none", "--seeds", "8,", *EPOCHS)
PROFILE = f"""
num_gpus = {{gpus}}
cache = "${FOLDER}"
every = 0.5
"""


class Queue:
    """A home whose jobs are done through Ray; `conn` reads its database."""

    def __init__(self, root: Path, nodes: Nodes) -> None:
        self.place = Place(root / "cluster", root / "logs")
        self.conn: sqlite3.Connection = connect(self.place.home)
        self.owner: subprocess.Popen[bytes] | None = None
        self._nodes = nodes

    def start(self, gpus: int = 1) -> None:
        path = self.place.home.root / "ray.toml"
        path.write_text(PROFILE.format(gpus=gpus), encoding="utf-8")
        self.owner = self.place.start(
            "run-queue", "--executor", "ray", "--address", self._nodes.address
        )

    def stop(self, number: signal.Signals) -> None:
        assert self.owner is not None
        self.owner.send_signal(number)
        self.owner.wait(PATIENCE)

    def add(self, words: tuple[str, ...]) -> JobRow:
        """The last of the new jobs."""
        self.place.read("queue", "add", *words)
        return max(queries.jobs(self.conn), key=lambda row: row.id)

    def job(self, id: int) -> JobRow:
        return queries.job(self.conn, id)

    def jobs(self, *states: str) -> list[JobRow]:
        return queries.jobs(self.conn, states=states)

    def attempts(self, job: int) -> list[AttemptRow]:
        return queries.attempts(self.conn, job)

    def trains(self, job: int, run: int) -> None:
        """Waits until it is in that run and has got further in it."""

        def does() -> bool:
            row = self.job(job)
            last = self.attempts(job)[-1] if row.attempt else None
            if last is None or row.attempt < run or last.ending:
                return False
            return row.state == "running" and row.done > last.done_before + 1

        until(does, f"run {run} of job {job} trains")


def until(true: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not true():
        if time.monotonic() > deadline:
            sys.exit(f"waited in vain: {what}")
        time.sleep(0.2)


def told(what: str) -> None:
    print(f"  {what}", flush=True)


def nothing_left(nodes: Nodes, when: str) -> Check:
    """Neither processes nor folders of runs, after a while."""
    deadline = time.monotonic() + ENDS
    while (left := [*nodes.processes().values(), *nodes.runs()]) and time.monotonic() < deadline:
        time.sleep(0.2)
    return Check(f"nothing is left on the nodes after {when}", len(NODES), left)


def waiting(queue: Queue, job: int) -> Check:
    """A job that no node has GPUs for says so."""
    queue.start(gpus=4)
    until(lambda: "GPU" in (queue.job(job).reason or ""), "it tells what it waits for")
    reason = queue.job(job).reason or ""
    told(f"job {job}: {reason}")
    queue.stop(signal.SIGTERM)
    faults = [] if "no node of the cluster has 4 GPU" in reason else [reason]
    return Check("what a job waits for is told", 1, faults)


def killed(queue: Queue, nodes: Nodes, job: int) -> list[Check]:
    """The long job's node is killed, and then run-queue."""
    queue.start()
    before = len(queue.attempts(job))
    queue.trains(job, before + 1)
    checkpoints = queue.place.home.job(queue.job(job).key) / "checkpoints"
    until(lambda: list(checkpoints.glob("*.pt")), f"a checkpoint of job {job} is home")
    place = queue.attempts(job)[-1].place or ""
    told(f"job {job} is on {place}: SIGKILL to all of Ray there")
    name = next(name for name in NODES if name in place)
    nodes.kill(name)
    queue.trains(job, before + 2)
    told(f"SIGKILL to run-queue, which has {len(queue.jobs('running'))} jobs with Ray")
    queue.stop(signal.SIGKILL)
    left = nothing_left(nodes, "SIGKILL to run-queue")
    nodes.add(name)
    again = len(queue.attempts(job)) + 1
    queue.start()
    queue.trains(job, again)
    runs = queue.attempts(job)[before:]
    lost = runs[: again - before - 1]  # one may have begun on the node that died
    told("; ".join(f"run {one.number}: {one.reason}" for one in lost))
    faults = [f"run {one.number} ended {one.ending}" for one in lost if one.ending != "lost"]
    faults += [f"run {one.number} began anew" for one in runs[1:] if not one.done_before]
    return [Check("lost twice, it goes on from its checkpoint", len(runs), faults), left]


def ended(queue: Queue) -> Check:
    until(lambda: not queue.jobs("waiting", "running"), "the sweep")
    rows = queries.jobs(queue.conn)
    faults = [
        f"job {row.id}: {one.ending} ({one.reason})"
        for row in rows
        for one in queue.attempts(row.id)
        if one.ending not in ("done", "lost", "stopped")
    ]
    where = {one.place for row in rows for one in queue.attempts(row.id)}
    told(f"the sweep is done, on {', '.join(sorted(filter(None, where)))}")
    if not all(any(name in (place or "") for place in where) for name in NODES):
        faults.append(f"only on {where}")
    return Check("runs are done, or were lost", len(rows), faults)


def cancelled(queue: Queue) -> Check:
    job = queue.add(ANOTHER).id
    queue.trains(job, 1)
    queue.place.start("queue", "cancel", str(job)).wait()
    until(lambda: queue.job(job).state != "running", f"the end of job {job}")
    row = queue.job(job)
    told(f"job {job}: {row.state}")
    return Check("a cancelled job is cancelled", 1, [] if row.state == "cancelled" else [row.state])


def examined(queue: Queue, nodes: Nodes) -> Check:
    """`wnkd doctor` finds the same wnkd on all nodes."""
    process = queue.place.start("doctor", "--executor", "ray", "--address", nodes.address)
    process.wait(PATIENCE)
    said = queue.place.last_log.read_text(encoding="utf-8").splitlines()
    wrong = [line for line in said if line.startswith("WRONG")]
    known = [line for line in said if "the same wnkd" in line]
    told(f"wnkd doctor: {len(known)} nodes with the same wnkd")
    if len(known) != len(NODES) + 1:
        wrong.append(f"only {len(known)} nodes")
    return Check("doctor finds nothing wrong", len(said), wrong)


def campaign(root: Path) -> list[Check]:
    calm = Place(root / "calm", root / "logs")
    for words in (LONG, SWEEP):
        calm.read("queue", "add", *words)
    told("undisturbed, by run-queue itself")
    began = time.monotonic()
    if calm.start("run-queue", "--drain").wait():
        sys.exit(f"the undisturbed run went wrong: {calm.last_log}")
    told(f"{time.monotonic() - began:.0f} s; now through Ray")
    with Nodes(root / "nodes") as nodes, closing((queue := Queue(root, nodes)).conn):
        try:
            job = queue.add(LONG).id
            checks = [examined(queue, nodes), waiting(queue, job)]
            queue.add(SWEEP)
            checks += killed(queue, nodes, job)
            checks.append(ended(queue))
            checks += compare(Outcome(calm.home), Outcome(queue.place.home))
            checks.append(cancelled(queue))
            checks.append(nothing_left(nodes, "a cancel"))
            queue.stop(signal.SIGTERM)
            return checks
        finally:
            if queue.owner:
                queue.owner.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, help="an empty directory; default: a temporary one")
    options = parser.parse_args()
    root = (options.root or Path(tempfile.mkdtemp(prefix="wnkd-test-ray-"))).absolute()
    root.mkdir(parents=True, exist_ok=True)
    print(f"in {root}", flush=True)
    began = time.monotonic()
    good = show(campaign(root))
    print(f"{time.monotonic() - began:.0f} s; {'all is well' if good else f'NOT well: see {root}'}")
    return not good


if __name__ == "__main__":
    sys.exit(main())
