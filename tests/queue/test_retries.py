"""How a run's end becomes a state: what is tried again by itself, and when."""

import os
import signal
import threading
import time

import pytest

from engine.process import ProcessId
from wnkd_tui.queue import attending, jobdir
from wnkd_tui.store import claims, commands, queries, supervisors
from wnkd_tui.store import work as store
from wnkd_tui.store.work import Ending

BY_KILL = "killed by signal 9 (SIGKILL)"
PREEMPTED = "preempted: ended by SIGTERM from outside; tries again by itself"


def again(why, number):
    return f"lost: {why}; tries again by itself ({number} of 3)"


def test_a_lost_job_is_tried_again_by_itself_and_resumes(work):
    kills = [signal.SIGKILL] * 2
    (n,) = work.add(work.job("victim", steps=4, die=kills, die_at=3, memory=5, host_memory=7))
    seen = set()

    assert work.drain(lambda: seen.add((work.row(n).state, work.row(n).reason))) == 0

    row = work.row(n)
    assert (row.state, row.attempt, row.losses, row.reason) == ("done", 3, 0, None)
    assert row.result["first"] == 3
    assert work.losses(n) == [(step, 1 / step) for step in range(1, 5)]
    attempts = queries.attempts(work.conn, n)
    assert [one.ending for one in attempts] == ["lost", "lost", "done"]
    assert attempts[0].reason == again(BY_KILL, 1)
    assert attempts[1].reason == again(BY_KILL, 2)
    assert [one.done_before for one in attempts] == [0, 2, 2]
    assert all(one.seconds > 0 and one.ended_at >= one.started_at for one in attempts)
    assert {(one.device, one.engine) for one in attempts} == {("fake", "fake engine")}
    took = [(one.memory, one.host_memory) for one in attempts]
    assert took == [(None, None), (None, None), (5, 7)]


def test_a_job_that_gets_nowhere_is_lost_in_the_end(work):
    (n,) = work.add(work.job("victim", die=[signal.SIGKILL] * 9))

    assert work.drain() == 1

    row = work.row(n)
    assert (row.state, row.attempt, row.losses, row.retry_at) == ("lost", 4, 3, None)
    assert row.reason == f"{BY_KILL}; came no further in 3 more tries"
    commands.retry(work.conn, [n])
    assert work.row(n).losses == 0


def test_progress_starts_the_count_anew(work, conn):
    (n,) = work.add(work.job("victim", steps=3, die=[signal.SIGKILL], die_at=3))
    conn.execute("UPDATE job SET losses = 3")  # one more with no progress would be the last

    assert work.drain() == 0
    assert [one.ending for one in queries.attempts(conn, n)] == ["lost", "done"]


def test_a_crash_is_the_jobs_own_fault(work):
    (n,) = work.add(work.job("crash", die=[signal.SIGSEGV]))

    assert work.drain() == 1

    assert (work.row(n).state, work.row(n).attempt) == ("failed", 1)
    assert work.row(n).reason == "killed by signal 11 (SIGSEGV)"


def test_sigterm_from_outside_preempts_and_counts_as_no_loss(work):
    (n,) = work.add(work.job("victim", steps=500, delay=0.01))
    ended = []

    def end():
        if work.losses(n) and not ended:
            ended.extend(work.pids(n))
            os.kill(ended[0], signal.SIGTERM)

    supervisor = work.supervisor()

    def watch():
        end()
        if work.row(n).attempt == 2 and work.row(n).state == "running":
            commands.cancel(work.conn, [n])

    assert work.run(supervisor, watch) == 0

    first, second = queries.attempts(work.conn, n)
    assert (first.ending, first.reason) == ("preempted", PREEMPTED)
    assert (second.ending, second.reason) == ("cancelled", "by hand")
    assert work.row(n).losses == 0


def test_a_pause_ends_after_the_step_and_a_resume_goes_on(work):
    (n,) = work.add(work.job("long", steps=60, delay=0.02))

    def pause():
        if len(work.losses(n)) >= 2 and not work.row(n).wanted:
            commands.pause(work.conn, [n])

    assert work.drain(pause) == 0  # what is paused is not left to be done

    row = work.row(n)
    assert (row.state, row.reason, row.finished_at) == ("paused", None, None)
    commands.resume(work.conn, [n])
    assert work.drain() == 0
    assert work.row(n).result["first"] > 2
    assert [one.ending for one in queries.attempts(work.conn, n)] == ["paused", "done"]
    assert work.losses(n) == [(step, 1 / step) for step in range(1, 61)]


def test_a_pause_that_is_taken_back_is_taken_back(work, tmp_path):
    gate = tmp_path / "gate"
    (n,) = work.add(work.job("long", steps=5, gate=str(gate)))
    asked = []

    def act():
        file = work.directory(n) / jobdir.PAUSE
        if work.losses(n) and not asked:
            commands.pause(work.conn, [n])
            asked.append(True)
        elif asked and file.exists():
            commands.resume(work.conn, [n])
            asked.append(True)
        elif len(asked) > 1 and not file.exists():
            gate.touch()

    assert work.drain(act) == 0
    assert (work.row(n).state, work.row(n).attempt) == ("done", 1)


@pytest.mark.parametrize("wrong", [-7200.0, 7200.0])
def test_a_clock_that_is_set_does_not_hold_a_lost_job(work, conn, wrong):
    """It was lost when the clock was two hours off; its back-off is 20 s at most."""
    (n,) = work.add(work.job("lost"))
    conn.execute("UPDATE job SET retry_at = ?", [time.time() + wrong])

    assert work.run(work.supervisor(backoff_limit=20.0)) == 0
    assert work.row(n).state == "done"


def test_a_job_waits_for_its_time(conn, work):
    work.add(work.job("lost"))
    conn.execute("UPDATE job SET retry_at = 100.0")

    def claim(now):
        return work.claim(now=now, horizon=now + 50)

    assert claim(99.0) is None
    assert not claims.line(conn, 99.0, 149.0)
    assert claims.pending(conn)  # --drain waits for it
    assert claim(100.0).attempt == 1


def test_drain_waits_for_jobs_that_are_to_be_tried_again(work, conn):
    (n,) = work.add(work.job("lost"))
    conn.execute("UPDATE job SET retry_at = ?", [time.time() + 0.3])

    assert work.run(work.supervisor(backoff_limit=20.0)) == 0
    assert work.row(n).state == "done"


def test_a_supervisor_that_was_stopped_while_it_started_a_job_keeps_it(
    work, conn, home, monkeypatch
):
    """SIGSTOP between claim and submit: another one takes over, but the job is not begun twice."""
    monkeypatch.setattr(attending, "START_GRACE", 0.0)
    (n,) = work.add(work.job("claimed"))
    claimed = work.claim("sleepy")
    ticks, stop = [], threading.Event()

    with jobdir.starting(work.directory(n)):
        assert jobdir.is_starting(work.directory(n))

        def act(_):
            ticks.append(work.row(n).supervisor)
            if len(ticks) == 20:
                stop.set()

        work.supervisor().run(False, stop, act)
    assert not jobdir.is_starting(work.directory(n))
    assert len(set(ticks)) == 1
    assert ticks[0] != "sleepy"  # adopted
    assert work.row(n).attempt == claimed.attempt == 1
    assert work.pids(n) == []
    work.drain()
    assert [one.ending for one in queries.attempts(work.conn, n)] == ["stopped", "done"]


def test_two_that_take_over_share_what_a_dead_one_left(conn, work):
    work.add(*(work.job(f"job {n}") for n in range(3)))
    for _ in range(3):
        work.claim("dead")

    def is_dead(row):
        return False

    assert supervisors.adopt(conn, "first", is_dead) == 3
    supervisors.beat(
        conn,
        "first",
        host="h",
        pid=os.getpid(),
        process=str(ProcessId.of(os.getpid())),
        started_at=0.0,
        now=0.0,
        note="",
    )
    assert supervisors.adopt(conn, "second", is_dead) == 0
    assert len(store.mine(conn, "first")) == 3


def test_a_supervisor_shows_its_process_and_the_time_since_the_boot(work, conn):
    work.add(work.job("one", steps=3, delay=0.05))
    rows = []

    assert work.drain(lambda: rows.extend(conn.execute("SELECT * FROM supervisor"))) == 0

    row = rows[0]
    assert row["process"] == str(ProcessId.of(os.getpid()))
    assert abs(row["heartbeat"] - time.time()) < 30
    assert row["note"] == "working"
    assert row["beat"] > 0


def test_an_attempt_whose_end_nobody_saw_has_no_length(conn, work, home):
    (n,) = work.add(work.job("gone"))
    claimed = work.claim("dead")
    store.submitted(conn, "dead", claimed, str(ProcessId(2**22 + 1, 1.0, "another boot")))

    assert work.drain() == 0

    first, second = queries.attempts(conn, n)
    assert (first.ending, first.seconds) == ("lost", None)
    assert "the host was restarted" in first.reason
    assert second.ending == "done"


def test_endings_of_a_job_that_is_no_longer_ours_are_not_told(work, conn, home):
    (n,) = work.add(work.job("one"))
    claimed = work.claim("me")
    lost = Ending("lost", "lost", "x")
    conn.execute("UPDATE job SET attempt = 2")  # somebody put it back and began anew, as the same
    assert not store.settle(conn, "me", claimed, lost, now=1.0, seconds=1.0)
    assert work.row(n).state == "running"


def test_who_was_killed_for_lack_of_memory_is_told_so(work, monkeypatch):
    kills = iter(range(100))
    monkeypatch.setattr(attending, "oom_kills", lambda: next(kills))
    (n,) = work.add(work.job("large", die=[signal.SIGKILL]))

    assert work.drain() == 0

    reason = queries.attempts(work.conn, n)[0].reason
    assert reason == again(f"{BY_KILL}, probably by the kernel: the machine ran out of memory", 1)


def test_a_supervisor_that_slept_finds_its_job_done_by_another(work, tmp_path, monkeypatch):
    """SIGSTOP: another one takes the job over; continued, the first one has nothing left to do."""
    gate = tmp_path / "gate"
    (n,) = work.add(work.job("long", steps=3, gate=str(gate)))
    sleepy = work.start_process()
    work.until(lambda: work.losses(n))
    sleepy.send_signal(signal.SIGSTOP)
    owner = work.row(n).supervisor
    monkeypatch.setattr("wnkd_tui.store.liveness.HEARTBEAT_LIMIT", 0.2)
    monkeypatch.setattr("wnkd_tui.queue.supervisor.HEARTBEAT", 0.05)

    def open_gate():
        if work.row(n).supervisor not in (owner, None):
            gate.touch()

    assert work.drain(open_gate) == 0
    sleepy.send_signal(signal.SIGCONT)
    assert sleepy.wait(20) == 0

    assert (work.row(n).state, len(work.pids(n))) == ("done", 1)
    assert work.losses(n) == [(1, 1.0), (2, 1 / 2), (3, 1 / 3)]
    assert [one.ending for one in queries.attempts(work.conn, n)] == ["done"]
