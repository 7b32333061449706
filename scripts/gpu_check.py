"""Tries on a real GPU what the tests can only pretend: python scripts/gpu_check.py.

Works on the first GPU, in a home of its own that is removed afterwards. Prints a line per check;
exit code 1 where one went wrong, 0 where there is no GPU to check.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from socket import gethostname

from engine.artifacts import ArtifactStore
from engine.process import ProcessId
from wnkd_tui.home import VARIABLE, Home
from wnkd_tui.queue.gpus import Gpu, free_memory, look
from wnkd_tui.store import queries
from wnkd_tui.store.claims import claim
from wnkd_tui.store.database import connect
from wnkd_tui.store.rows import AttemptRow, JobRow
from wnkd_tui.store.work import Candidate

WNKD = (sys.executable, "-m", "wnkd_tui.cli")
# An activation of 4 GiB at each of some fifty layers: more than any GPU has.
HUGE = ("student.arch=resnet56", "image_size=512", "student.optimiser.batch=256")
MIB, GIB = 2**20, 2**30


class Bench:
    """A home with a queue, and `wnkd` in it."""

    def __init__(self, root: Path, gpu: Gpu) -> None:
        self.home = Home(root)
        self.gpu = gpu
        self.env = os.environ | {VARIABLE: str(root)}
        self.run_queue = ("run-queue", "--gpus", gpu.uuid)

    def wnkd(self, *words: str) -> str:
        done = subprocess.run([*WNKD, *words], env=self.env, capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    def add(self, *changes: str, seeds: int = 1) -> list[JobRow]:
        """Students that nobody teaches: one job a seed."""
        sets = [word for change in changes for word in ("--set", change)]
        self.wnkd("queue", "add", "--teachers", "none", "--seeds", str(seeds), *sets)
        with closing(connect(self.home)) as conn:
            return queries.jobs(conn)[-seeds:]

    def row(self, job: JobRow) -> JobRow:
        with closing(connect(self.home)) as conn:
            return queries.job(conn, job.id)

    def run(self, job: JobRow) -> AttemptRow:
        with closing(connect(self.home)) as conn:
            return queries.attempts(conn, job.id)[-1]


def seconds_until(true: Callable[[], object], limit: float = 180) -> float:
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < limit, f"waited {limit:.0f} s in vain"
        time.sleep(0.05)
    return time.monotonic() - start


def listing(bench: Bench) -> str:
    free = free_memory(bench.gpu.uuid)
    assert free, "no figure for its free memory"
    return f"{bench.gpu.name}, {bench.gpu.uuid}, {free / GIB:.1f} GiB free"


def side_by_side(bench: Bench) -> str:
    jobs = bench.add("student.optimiser.epochs=60", seeds=2)
    bench.wnkd(*bench.run_queue, "--drain", "--slots-per-gpu", "2")
    runs = [bench.run(job) for job in jobs]
    assert [run.ending for run in runs] == ["done", "done"], f"{runs}"
    assert len({run.slot for run in runs}) == 2, f"both on {runs[0].slot}"
    assert "CPU" not in f"{runs[0].device}", f"it computed on {runs[0].device}"
    both = min(run.ended_at or 0 for run in runs) - max(run.started_at for run in runs)
    assert both > 0, "one ran after the other"
    return f"{both:.1f} s at the same time, {runs[0].seconds or 0:.1f} s each"


def declared(bench: Bench) -> str:
    """After `side_by_side`, which was measured."""
    (job,) = bench.add()
    seen: list[Candidate] = []
    with closing(connect(bench.home)) as conn:  # nothing is claimed: no slot is given
        claim(conn, "", gethostname(), 0.0, lambda one, _: seen.append(one), print, has=bool)
    bench.wnkd("queue", "cancel", str(job.id))
    assert seen[0].memory, f"job {job.id} declares none"
    return f"the next student declares {seen[0].memory / MIB:.0f} MiB"


def cancelled(bench: Bench) -> str:
    (job,) = bench.add("student.optimiser.epochs=5000")
    before = free_memory(bench.gpu.uuid) or 0
    queue = subprocess.Popen([*WNKD, *bench.run_queue], env=bench.env, stderr=subprocess.DEVNULL)
    try:
        seconds_until(lambda: bench.row(job).done > 5)
        process = ProcessId.parse(bench.row(job).handle or "")
        bench.wnkd("queue", "cancel", str(job.id))
        seconds = seconds_until(lambda: bench.row(job).state == "cancelled", 15)
        assert process and not process.exists(), "its process is still there"  # noqa: PT018
        left = before - (free_memory(bench.gpu.uuid) or 0)
        assert left < 64 * MIB, f"{left / MIB:.0f} MiB of the GPU are still taken"
    finally:
        queue.terminate()
        queue.wait()
    return f"gone after {seconds:.1f} s, and its memory is free again"


def out_of_memory(bench: Bench) -> str:
    (job,) = bench.add(*HUGE)
    bench.wnkd(*bench.run_queue, "--drain")
    told = f"{bench.row(job).state}: {bench.row(job).reason}"
    assert told.startswith("failed: CUDA out of memory"), told
    return told[:60]


def two_gpus(bench: Bench) -> str:
    """A short training on one GPU and on two, each in a home of its own."""
    uuids = [gpu.uuid for gpu in look().gpus]
    if len(uuids) < 2:
        return "not checked: there is one GPU"
    losses, seconds = [], []
    for size in (1, 2):
        with tempfile.TemporaryDirectory() as root:
            own = Bench(Path(root), bench.gpu)
            (job,) = own.add("student.optimiser.epochs=6", "student.optimiser.lr=0.01")
            these = ("--gpus", ",".join(uuids[:size]), "--gpus-per-job", str(size))
            own.wnkd("run-queue", "--drain", *these)
            run = own.run(job)
            assert run.ending == "done", f"on {size}: {run.ending}, {run.reason}"
            history = ArtifactStore(own.home.artifacts).path(job.key) / "history.json"
            losses.append([epoch["train_loss"] for epoch in json.loads(history.read_text())])
            seconds.append(run.seconds or 0)
    apart = max(abs(two / one - 1) for one, two in zip(*losses, strict=True))
    assert apart < 0.01, f"losses are {apart:.1%} apart"
    return f"losses within {apart:.1e}; {seconds[0]:.1f} s on one, {seconds[1]:.1f} s on two"


def tests(_: Bench) -> str:
    words, here = (sys.executable, "-m", "pytest", "-m", "gpu", "tests"), Path(__file__).parents[1]
    done = subprocess.run(words, cwd=here, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-400:]
    return done.stdout.strip().splitlines()[-1]


def main() -> int:
    found, good = look(), True
    if not found.gpus:
        print(f"no GPU: nothing checked ({found.why})")
        return 0
    with tempfile.TemporaryDirectory() as root:
        bench = Bench(Path(root), found.gpus[0])
        for check in (listing, side_by_side, declared, cancelled, out_of_memory, two_gpus, tests):
            try:
                mark, says = "ok   ", check(bench)
            except AssertionError as error:
                mark, says, good = "WRONG", " ".join(str(error).split()), False
            print(f"{mark}  {check.__name__.replace('_', ' '):<14} {says}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
