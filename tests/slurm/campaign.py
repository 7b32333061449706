"""A real Slurm of two nodes, and what must not go wrong on it: `make test-slurm`.

See docs/slurm.md. The demo's sweep and one long job are done in `calm` by run-queue itself, and in
`cluster` through Slurm, where the controller is killed, run-queue is killed, and the long job is
preempted, put back into the cluster's queue by hand, and loses its node. Both homes must hold the
same bits. Others reach their time limit and are cancelled. In `team` a student is trained by four
processes on two nodes, of which one is killed, and then by two on one node; `alone` has what one
process makes of it.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "torture")]

from checks import Check, Outcome, compare, show  # noqa: E402
from daemons import CPUS, Daemons, missing  # noqa: E402
from place import Place  # noqa: E402
from through import PATIENCE, Cluster, control, homes, told, until  # noqa: E402

from wnkd_tui.store import queries  # noqa: E402

DIGITS = ("--dataset", "digits", "--recipe", "demo")
SWEEP = (*DIGITS, "--wn", "0,50,100", "--noise", "50,100")  # the demo's
STUDENT = (*DIGITS, "--teachers", "none")
LONG = (*STUDENT, "--set", "student.optimiser.epochs=100")
ENDLESS = (*STUDENT, "--set", "student.optimiser.epochs=100000")
# At a rate at which rounding does not grow: docs/reproducibility.md.
TEAM = (*STUDENT, "--set", "student.optimiser.epochs=6", "--set", "student.optimiser.lr=0.001")
SAME = 1e-3  # of a loss
# Of the demo all but the image teachers take seconds, so students are among what shares.
SHARING = (
    'together = ["wordnet", "nouns", "embed", "relax", "logits", "attribution", "T_x", "student"]'
)
NEAR_IN_A_MINUTE = 'time = "2"\nwarning = 60'


def sweep(cluster: Cluster, slurm: Daemons) -> list[Check]:
    """While the controller and run-queue are killed."""
    cluster.add(*SWEEP)
    cluster.start(SHARING)
    until(lambda: len(cluster.jobs("done")) >= 4, "four jobs done")
    told("SIGKILL to slurmctld")
    slurm.kill_controller()
    time.sleep(10)
    slurm.start_controller()
    told("slurmctld is there again")
    until(lambda: slurm.resume() or len(cluster.jobs("done")) >= 9, "nine jobs done")
    until(lambda: any(row.started_at for row in cluster.jobs("running")), "a job runs")
    held = {row.id: row.attempt for row in cluster.jobs("running")}
    told(f"SIGKILL to run-queue, which has {len(held)} jobs with Slurm")
    cluster.stop(signal.SIGKILL)
    cluster.start(SHARING)
    until(lambda: not cluster.jobs("waiting", "running"), "the sweep")
    told("the sweep is done")
    again = [
        f"job {id} was begun again"
        for id, number in held.items()
        if len(cluster.attempts(id)) > number
    ]
    runs = [(row, one) for row in cluster.jobs() for one in cluster.attempts(row.id)]
    bad = [
        f"job {row.id}: {one.ending} ({one.reason})"
        for row, one in runs
        if one.ending not in ("done", "preempted")  # what it forgot was begun anew
    ]
    nodes = {(one.place or "").partition(" on ")[2] for _, one in runs} - {""}
    one_only = [] if len(nodes) > 1 else [f"all jobs were on {nodes}"]
    return [
        Check("jobs are spread over the nodes", len(runs), one_only),
        Check("a killed slurmctld loses nothing", len(cluster.jobs()), bad),
        Check("run-queue adopts what is queued and running", len(held), again),
    ]


def endings(cluster: Cluster, slurm: Daemons) -> Check:
    """What ends the runs of one long job, which goes on each time."""
    cluster.stop()
    (job,) = cluster.add(*LONG, "--seeds", "7,")
    cluster.start()
    cluster.trains(job, 1)
    told("a job of a higher partition preempts it")
    there = (f"--nodelist={cluster.where(job)[1]}", "--nodes=1", f"--ntasks={CPUS}")
    wrap = ("--output=/dev/null", "--wrap=sleep 5")
    control("sbatch", "--quiet", "--partition=high", *there, *wrap)
    cluster.trains(job, 2)
    told("scontrol requeue, as an administrator can")
    number, _ = cluster.where(job)
    control("scontrol", "update", f"JobId={number}", "Requeue=1")
    control("scontrol", "requeue", number)
    cluster.trains(job, 3)
    _, node = cluster.where(job)
    told(f"SIGKILL to all of {node}")
    slurm.kill_node(node)
    cluster.trains(job, 4)
    _, other = cluster.where(job)
    slurm.start_node(node)
    told(f"it goes on on {other}")
    until(lambda: queries.job(cluster.conn, job).state == "done", "the long job")
    told("the long job is done")
    wanted = [("preempted", "took"), ("preempted", "took"), ("lost", "NODE_FAIL"), ("done", "")]
    faults = cluster.endings(job, wanted)
    if node == other:
        faults.append(f"it went on on {node}, which was lost")
    return Check("preemption, requeue and a lost node are told apart", 4, faults)


def cancelled(cluster: Cluster) -> list[Check]:
    """Jobs that go on after their time limit until they are cancelled: scancel by a person is no
    preemption, and wnkd's own cancel reaches Slurm."""
    cluster.stop()
    by_person, by_wnkd = both = cluster.add(*ENDLESS, "--seeds", "8,9")
    told("two jobs have a minute until their time limit is near")
    cluster.start(NEAR_IN_A_MINUTE)
    for job in both:
        cluster.trains(job, 2)
    told("they go on: scancel by hand, and wnkd queue cancel")
    control("scancel", cluster.where(by_person)[0])
    cluster.place.start("queue", "cancel", str(by_wnkd))
    until(lambda: not cluster.jobs("running"), "the end of both")
    limits = [
        f"job {job}: {fault}"
        for job in both
        for fault in cluster.endings(job, [("preempted", "time limit"), ("cancelled", "")])
    ]
    hands = []
    for job, outside in ((by_person, True), (by_wnkd, False)):
        row = queries.job(cluster.conn, job)
        if row.state != "cancelled" or ("scancel" in (row.reason or "")) != outside:
            hands.append(f"job {job}: {row.state} ({row.reason})")
    return [
        Check("at a time limit a job goes, and goes on", 2, limits),
        Check("scancel by hand is told from wnkd's own", 2, hands),
    ]


def together(team: Cluster, alone: Place) -> list[Check]:
    """One student on several processes and nodes, and by one process."""
    alone.read("queue", "add", *TEAM)
    reference = alone.start("run-queue", "--drain", "--slots", "1")
    (job,) = team.add(*TEAM)
    told("a student on four processes on two nodes")
    team.start("nodes = 2", "--gpus-per-job", "4")
    team.trains(job, 1)
    _, nodes = team.where(job)
    told(f"SIGKILL to one of them, of {nodes}")
    kill_rank(3, team.place.home.jobs)
    team.trains(job, 2)
    told("it goes on; run-queue is stopped and started with two processes on one node")
    team.stop()
    team.start("", "--gpus-per-job", "2")
    until(lambda: queries.job(team.conn, job).state == "done", "the student")
    if reference.wait(PATIENCE):
        sys.exit(f"the undisturbed run went wrong: {alone.last_log}")
    faults = team.endings(job, [("lost", "SIGKILL"), ("done", "")])
    if nodes != "n[1-2]":
        faults.append(f"it was on {nodes}")
    key = queries.job(team.conn, job).key
    found, expected = (history(place, key) for place in (team.place, alone))
    differ = [
        f"epoch {epoch} {name}: {one[name]}, not {value}"
        for epoch, (one, other) in enumerate(zip(found, expected, strict=True), 1)
        for name, value in other.items()
        if name.endswith("loss") and abs(one[name] - value) > SAME * abs(value)
    ]
    return [
        Check("a killed process of four on two nodes: the job goes on", 2, faults),
        Check("four and two processes are as one, but for rounding", len(expected), differ),
    ]


def kill_rank(number: int, jobs: Path) -> None:
    """Of the job that is at work in `jobs`."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            ours = any(word.startswith(str(jobs.resolve())) for word in process.cmdline())
            if ours and process.environ().get("RANK") == str(number):
                process.kill()


def history(place: Place, key: str) -> list[dict[str, Any]]:
    path = place.home.artifacts / key[:2] / key / "history.json"
    made: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return made


def left() -> Check:
    def there() -> list[str]:
        command = ("squeue", "--noheader", "--format=%j %T")
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return said.split()

    until(lambda: not there(), "no job is left with Slurm")
    return Check("no job is left with Slurm", 1, [])


def campaign(root: Path) -> list[Check]:
    calm = Place(root / "calm", root / "logs")
    for words in ((*LONG, "--seeds", "7,"), SWEEP):
        calm.read("queue", "add", *words)
    told("undisturbed, by run-queue itself")
    if calm.start("run-queue", "--drain").wait():
        sys.exit(f"the undisturbed run went wrong: {calm.last_log}")
    (root / "slurm").mkdir()
    told("through Slurm")
    with Daemons(root / "slurm") as slurm, homes(root, "cluster", "team") as (cluster, team):
        checks = [*sweep(cluster, slurm), endings(cluster, slurm)]
        checks += compare(Outcome(calm.home), Outcome(cluster.place.home))
        checks += cancelled(cluster)
        cluster.stop()
        checks += together(team, Place(root / "alone", root / "logs"))
        team.stop()
        return [*checks, left()]


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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # no daemon is left
    began = time.monotonic()
    good = show(campaign(root))
    print(f"{time.monotonic() - began:.0f} s; {'all is well' if good else f'NOT well: see {root}'}")
    return not good


if __name__ == "__main__":
    sys.exit(main())
