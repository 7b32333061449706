"""Freeing and mending beside real run-queues and real processes, killed or not."""

import os
import signal
import sqlite3

import pytest

from wnkd_tui.home import Home
from wnkd_tui.queue.housekeeping import artifacts, events, gc, jobs, processes
from wnkd_tui.queue.housekeeping.faults import Find, MendError
from wnkd_tui.store import queries

ALL: tuple[Find, ...] = (
    processes.orphans,
    jobs.deserted,
    events.unread,
    artifacts.half_made,
)


def faults(home: Home, conn: sqlite3.Connection):
    return [fault for find in ALL for fault in find(home, conn)]


@pytest.fixture
def started(work, tmp_path):
    """A run-queue as a process of its own, whose one job waits at its second step."""
    (job_id,) = work.add(work.job("a", steps=4, gate=str(tmp_path / "gate"), child=True))
    process = work.start_process(slots=1)
    work.until(lambda: work.losses(job_id))
    return process, job_id, tmp_path / "gate"


def kill_job(work, job_id):
    os.killpg(work.pids(job_id)[-1], signal.SIGKILL)
    work.until(lambda: processes.works_in(work.directory(job_id)) is None)


def test_gc_at_every_tick_disturbs_nobody(work, home):
    first = work.job("a", steps=3)
    ids = work.add(first, work.job("b", first, steps=3), work.job("c", steps=5, delay=0.01))
    swept = []

    def sweep():
        swept.append(gc.sweep(home, work.conn))

    code = work.drain(sweep)
    assert code == 0, [(row.name, row.state, row.reason) for row in queries.jobs(work.conn)]
    assert set(work.states().values()) == {"done"}
    assert [len(work.losses(id)) for id in ids] == [3, 3, 5]
    assert {one.sort for sweep in swept for one in sweep.freed} <= {"checkpoint", "half_made"}
    assert not any((work.directory(id) / "checkpoint.pt").exists() for id in ids)


def test_while_all_is_well_nothing_is_found(work, home, started):
    _, job_id, gate = started
    assert faults(home, work.conn) == []
    gate.touch()
    work.until(lambda: work.row(job_id).state == "done")
    assert faults(home, work.conn) == []


def test_a_job_that_outlives_its_run_queue_is_left_to_the_next(work, home, started):
    process, job_id, gate = started
    process.kill()
    process.wait()
    assert faults(home, work.conn) == []
    assert gc.sweep(home, work.conn).freed == []
    gate.touch()
    assert work.drain() == 0
    assert work.losses(job_id) == [(step, 1 / step) for step in range(1, 5)]


def test_after_both_were_killed_the_job_waits_and_ends_as_it_should(work, home, started):
    process, job_id, gate = started
    process.kill()
    process.wait()
    kill_job(work, job_id)
    (fault,) = faults(home, work.conn)
    assert fault.mend() == f"job {job_id} is waiting again"
    with pytest.raises(MendError):
        fault.mend()
    assert faults(home, work.conn) == []
    gate.touch()
    assert work.drain() == 0
    assert work.losses(job_id) == [(step, 1 / step) for step in range(1, 5)]
    assert [row.ending for row in queries.attempts(work.conn, job_id)] == ["lost", "done"]


def test_a_process_that_the_database_forgot_is_ended_whole(work, home, started):
    process, job_id, _ = started
    process.kill()
    process.wait()
    work.conn.execute("UPDATE job SET state = 'waiting', supervisor = NULL, handle = NULL")
    child = int((work.directory(job_id) / "child.txt").read_text())
    assert work.alive(child)
    (fault,) = faults(home, work.conn)
    assert fault.mend() == f"ended process {work.pids(job_id)[-1]} of job {job_id} (waiting)"
    assert not work.alive(child)
    assert faults(home, work.conn) == []
