"""What of run-queue's work grows with jobs at a time, and with jobs in line: CPU time of its parts.

Files are those of a Slurm executor, on this disk; its commands are played.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from supervising import make_home

from engine.events import EventWriter
from wnkd_tui import config
from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.home.view import HomeQuestion
from wnkd_tui.app.screens.queue.view import QueueQuestion
from wnkd_tui.queue import jobdir
from wnkd_tui.queue.attending import Attendant
from wnkd_tui.queue.executors.slurm.commands import Slurm
from wnkd_tui.queue.executors.slurm.executor import SlurmExecutor
from wnkd_tui.queue.executors.slurm.profile import cluster_profile
from wnkd_tui.queue.executors.slurm.record import Record
from wnkd_tui.store import claims
from wnkd_tui.store import work as store
from wnkd_tui.store.connection import transaction
from wnkd_tui.store.database import connect

JOBS_A_TRIAL = 40
ME, HOST = "me", "host"
RUNS = (
    "UPDATE job SET state = 'running', supervisor = ?, slot = 'Slurm ' || id, attempt = 1,"
    " started_at = queued_at WHERE id <= ?"
)
RUN = (
    "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before, started_at)"
    " SELECT id, 1, supervisor, ?, slot, 0, started_at FROM job WHERE state = 'running'"
)


class Squeue(Slurm):
    """Slurm's commands: sbatch takes every job, and squeue tells that all of them run."""

    def __init__(self) -> None:
        super().__init__({})
        self._said: list[str] = []

    def missing(self) -> list[str]:
        return []

    def cluster(self) -> str:
        return "played"

    def _run(self, *command: str) -> str:
        if command[0] == "sbatch":
            name, number = Path(command[-1]).parent.name, str(4711 + len(self._said))
            self._said.append(f"{number}|RUNNING|None|node7|gpu|{name}")
            return number
        return "\n".join(self._said)


def at_a_time(root: Path, slots: int) -> dict[str, Any]:
    """So many jobs run with a cluster. A look at all of them, of which there are five a second,
    while none says anything; one after each has told an epoch; reading squeue's answer; the start
    of one more job."""
    home = make_home(root, trials=1 + slots // JOBS_A_TRIAL, jobs=JOBS_A_TRIAL, steps=1, values=1)
    profile, cluster = cluster_profile(home, None), Squeue()
    with closing(connect(home)) as conn:
        with transaction(conn):
            conn.execute(RUNS, [ME, slots])
            conn.execute(RUN, [HOST])
        handing = SlurmExecutor(profile, home.jobs, root / "allocations", cluster)
        submitting = 0.0
        for work in store.mine(conn, ME):
            jobdir.prepare(home, work)
            began = time.process_time()
            handle = handing.submit(home.job(work.key), {})
            submitting += time.process_time() - began
            store.submitted(conn, ME, work, handle)
            record = Record.read(home.job(work.key))
            assert record is not None
            replace(record, job="1", node="node7", began=time.time()).write(home.job(work.key))
        handing.close()
        # Another one, which asks squeue once: its thread's time would count as well.
        rarely = profile.model_copy(update={"every": 1e6})
        executor = SlurmExecutor(rarely, home.jobs, root / "allocations", cluster)
        while not executor.ready():
            time.sleep(0.01)
        attendant = Attendant(home, executor, ME, config.load(home).queue, lambda *_: None)

        def look() -> None:
            for work in store.mine(conn, ME):
                attendant.attend(conn, work, stopping=False)

        look()  # the first one notes where each is
        idle = best(look)
        for work in store.mine(conn, ME):
            with EventWriter(home.job(work.key)) as events:
                events.metric(1, val_top1=51.0, val_loss=1.0)
        told = best(look, runs=1)
        starting = best(lambda: _start(conn))
        executor.close()
    return {
        "slots": slots,
        "look_ms": 1000 * idle,
        "epoch_ms": 1000 * (told - idle) / slots,
        "submit_ms": 1000 * submitting / slots,
        "start_ms": 1000 * starting,
        "squeue_ms": 1000 * best(cluster.jobs),
    }


def _start(conn: Any) -> None:
    now = time.time()
    work = claims.claim(
        conn,
        ME,
        HOST,
        now,
        lambda job, taken: f"Slurm {job.id}",
        lambda work: None,
        has=lambda key: True,
    )
    assert work is not None


def in_line(root: Path, jobs: int) -> dict[str, Any]:
    """A queue in which every job needs one that runs, but for the last trial's: finding that, and
    what the app's first pages read anew after a change."""
    home = make_home(
        root, trials=jobs // JOBS_A_TRIAL, jobs=JOBS_A_TRIAL, steps=1, values=1, needs=True
    )
    with closing(connect(home)) as conn:
        conn.execute(
            "UPDATE job SET state = 'running', supervisor = ? WHERE id <= ?"
            " AND id NOT IN (SELECT job_id FROM job_input)",
            [ME, jobs - JOBS_A_TRIAL],
        )
        source = Source(conn, home)

        def read(question: Any) -> Callable[[], None]:
            def anew() -> None:
                source.changed()
                question.read(source)

            return anew

        return {
            "jobs": jobs,
            "search_ms": 1000 * best(lambda: claims.line(conn, time.time(), float("inf"))),
            "start_ms": 1000 * best(lambda: _start(conn), runs=1),
            "home_ms": 1000 * best(read(HomeQuestion(True))),
            "queue_ms": 1000 * best(read(QueueQuestion())),
        }


def best(work: Callable[[], object], runs: int = 3) -> float:
    """CPU seconds of the quickest run."""
    taken = []
    for _ in range(runs):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)
