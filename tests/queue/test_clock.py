"""Somebody sets the clock while jobs run: nobody falls silent, nothing is adopted wrongly."""

import sqlite3
import threading
import time

import pytest

from wnkd_tui.store import queries

HOUR = 3600.0


@pytest.fixture
def set_clock(monkeypatch):
    """Sets this process's wall clock by so many seconds."""
    real = time.time

    def set_clock(seconds):
        monkeypatch.setattr(time, "time", lambda: real() + seconds)

    monkeypatch.setattr("wnkd_tui.queue.supervisor.HEARTBEAT", 0.02)  # looks at others as often
    return set_clock


def test_two_run_queues_that_disagree_about_the_time_keep_their_own_jobs(work, tmp_path, set_clock):
    gate = tmp_path / "gate"
    (theirs,) = work.add(work.job("theirs", steps=3, gate=str(gate)))
    work.start_process("keep", slots=1)
    work.until(lambda: work.losses(theirs))
    owner = work.row(theirs).supervisor
    (ours,) = work.add(work.job("ours", steps=3, gate=str(gate)))
    shifts = iter([HOUR] * 5 + [-HOUR] * 5)

    def act():
        if not work.losses(ours) or gate.exists():
            return
        assert work.row(theirs).supervisor == owner
        assert all(row.alive for row in queries.supervisors(work.conn, time.time()))
        shift = next(shifts, None)
        if shift is None:
            gate.touch()
        else:
            set_clock(shift)

    assert work.drain(act) == 0

    assert work.states() == {"theirs": "done", "ours": "done"}
    assert [one.supervisor for one in queries.attempts(work.conn, theirs)] == [owner]
    (run,) = queries.attempts(work.conn, ours)
    assert run.supervisor != owner
    assert 0 <= run.seconds < 60  # on a clock that nobody sets
    for n in (theirs, ours):
        assert len(work.pids(n)) == 1
        assert [step for step, _ in work.losses(n)] == [1, 2, 3]


def test_a_job_is_adopted_once_its_run_queue_is_gone_whatever_the_time(work, tmp_path, set_clock):
    gate, stop = tmp_path / "gate", threading.Event()
    (n,) = work.add(work.job("alone", steps=3, gate=str(gate)))
    process = work.start_process("keep", slots=1)
    work.until(lambda: work.losses(n))
    owner = work.row(n).supervisor
    process.kill()
    process.wait()
    assert work.row(n).state == "running"  # it is, and nobody else need say so

    def leave_once_adopted(_: sqlite3.Connection) -> None:
        if work.row(n).supervisor != owner:
            stop.set()

    set_clock(-HOUR)
    work.supervisor().run(drain=False, stop=stop, on_tick=leave_once_adopted)
    assert stop.is_set()
    assert work.row(n).state == "running"
    set_clock(HOUR)
    gate.touch()
    assert work.drain() == 0

    assert work.row(n).state == "done"
    assert len(work.pids(n)) == len(queries.attempts(work.conn, n)) == 1
