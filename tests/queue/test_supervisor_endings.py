"""Cancelling, killing and adopting: what is left of a job however it or its supervisor ends."""

import json
import os
import signal
import sqlite3
import threading
import time

import pytest

from wnkd_tui.queue import jobdir
from wnkd_tui.store import commands, queries, supervisors
from wnkd_tui.store import work as store
from wnkd_tui.store.work import Work


def test_cancelling_a_running_job_leaves_nothing_of_its_group(work):
    (n,) = work.add(work.job("big", steps=1000, delay=0.02, child=True))
    wished = []

    def act():
        if len(work.losses(n)) >= 2 and not wished:
            commands.cancel(work.conn, [n])
            wished.append(work.row(n).wanted)

    assert work.drain(act) == 0

    row = work.row(n)
    assert wished == ["cancelled"]
    assert (row.state, row.reason, row.wanted) == ("cancelled", "by hand", None)
    child = int((work.directory(n) / "child.txt").read_text())
    assert not work.alive(child)
    assert not work.alive(work.pids(n)[0])
    assert (work.directory(n) / "checkpoint.pt").exists()


def test_a_job_that_ignores_sigterm_is_killed_after_the_grace(work):
    (n,) = work.add(work.job("stubborn", steps=1000, delay=0.02, stubborn=True))

    def act():
        if work.losses(n) and work.row(n).state == "running" and not work.row(n).wanted:
            commands.cancel(work.conn, [n])

    work.run(work.supervisor(grace=0.2), act)

    assert work.row(n).state == "cancelled"
    assert not work.alive(work.pids(n)[0])


def test_a_wish_that_comes_too_late_changes_nothing(work, conn):
    """Done is done, even where the cancel came before the supervisor saw the end."""
    (n,) = work.add(work.job("quick"))

    def act():
        if (work.directory(n) / "exit.json").exists() and work.row(n).state == "running":
            commands.cancel(conn, [n])

    assert work.drain(act) == 0
    assert work.row(n).state == "done"


def test_a_killed_job_is_lost_and_takes_its_children_with_it(work):
    (n,) = work.add(work.job("victim", steps=50, delay=0.02, child=True))

    def kill():
        if len(work.losses(n)) >= 2 and work.alive(work.pids(n)[0]):
            os.kill(work.pids(n)[0], signal.SIGKILL)

    assert work.run(work.supervisor(retries=0), kill) == 1

    assert work.row(n).state == "lost"
    assert work.row(n).reason == "killed by signal 9 (SIGKILL)"
    assert not work.alive(int((work.directory(n) / "child.txt").read_text()))


def test_a_retried_job_resumes_in_its_directory(work):
    (n,) = work.add(work.job("victim", steps=100, delay=0.02))

    def kill():
        if len(work.losses(n)) >= 2 and work.alive(work.pids(n)[0]):
            os.kill(work.pids(n)[0], signal.SIGKILL)

    assert work.run(work.supervisor(retries=0), kill) == 1
    directory = work.directory(n)
    commands.retry(work.conn, [n])

    assert work.drain() == 0

    row = work.row(n)
    assert (row.state, row.reason, row.attempt) == ("done", None, 2)
    assert work.directory(n) == directory
    assert row.result["first"] > 2  # went on from the checkpoint
    assert work.losses(n) == [(step, 1 / step) for step in range(1, 101)]


def test_a_job_survives_its_supervisor_and_is_adopted_by_the_next(work, tmp_path):
    gate = tmp_path / "gate"
    first = work.job("first", steps=40, delay=0.01, gate=str(gate))
    second = work.job("second", first)
    n, m = work.add(first, second)
    process = work.start_process()
    work.until(lambda: work.losses(n))

    process.kill()
    process.wait()
    pid = work.pids(n)[0]
    assert work.alive(pid)
    gate.touch()
    work.until(lambda: (work.directory(n) / "checkpoint.pt").read_text() > "1")
    assert work.losses(n) == [(1, 1.0)]  # nobody listens

    assert work.drain() == 0

    assert work.states() == {"first": "done", "second": "done"}
    assert work.pids(n) == [pid]
    assert work.losses(n) == [(step, 1 / step) for step in range(1, 41)]
    assert work.row(n).attempt == work.row(m).attempt == 1


def test_a_job_that_ended_while_nobody_looked_is_settled_by_its_last_word(work, tmp_path):
    gate = tmp_path / "gate"
    (n,) = work.add(work.job("alone", steps=3, gate=str(gate)))
    process = work.start_process()
    work.until(lambda: work.losses(n))
    process.kill()
    process.wait()
    gate.touch()
    work.until(lambda: (work.directory(n) / "exit.json").exists())

    assert work.drain() == 0

    assert work.row(n).state == "done"
    assert [step for step, _ in work.losses(n)] == [1, 2, 3]
    assert len(work.pids(n)) == 1


def test_a_stranger_with_the_jobs_pid_is_left_alone(work, conn):
    """The job is gone and its pid is another process's: this very test's."""
    (n,) = work.add(work.job("gone"))
    claimed = work.claim("a dead one")
    store.submitted(conn, "a dead one", claimed, f"{os.getpid()}:12345.0")
    commands.cancel(conn, [n])

    assert work.drain() == 0

    assert work.row(n).state == "cancelled"  # and we are still here


def test_killed_between_claim_and_submit_the_job_waits_again(work, monkeypatch):
    monkeypatch.setattr("wnkd_tui.queue.attending.START_GRACE", 0.1)
    (n,) = work.add(work.job("claimed"))
    work.claim("a dead one")
    assert work.row(n).state == "running"

    assert work.drain() == 0

    assert work.row(n).state == "done"
    assert len(work.pids(n)) == 1


def test_cancelled_between_claim_and_submit_it_is_never_begun(work, conn, monkeypatch):
    monkeypatch.setattr("wnkd_tui.queue.attending.START_GRACE", 0.1)
    (n,) = work.add(work.job("claimed"))
    work.claim("a dead one")
    commands.cancel(conn, [n])

    assert work.drain() == 0

    assert (work.row(n).state, work.row(n).reason) == ("cancelled", "by hand")
    assert work.pids(n) == []


def test_killed_between_submit_and_noting_the_handle_the_job_is_found(work, conn, home, tmp_path):
    gate = tmp_path / "gate"
    (n,) = work.add(work.job("submitted", steps=3, gate=str(gate)))
    process = work.start_process()
    work.until(lambda: work.losses(n))
    process.kill()
    process.wait()
    conn.execute("UPDATE job SET handle = NULL")

    def open_gate():
        if work.row(n).handle:
            gate.touch()

    assert work.drain(open_gate) == 0
    assert len(work.pids(n)) == 1
    assert work.row(n).state == "done"


def test_an_old_last_word_is_not_taken_for_a_new_one(work):
    """A claim forgets how the attempt before ended, or is not made at all."""
    (n,) = work.add(work.job("again"))
    directory = work.directory(n)
    directory.mkdir(parents=True)
    old = {"state": "failed", "reason": "old", "result": None}
    (directory / jobdir.EXIT).write_text(json.dumps(old))

    with pytest.raises(RuntimeError):
        work.claim(prepare=fail)
    assert work.row(n).state == "waiting"
    work.claim()
    assert jobdir.last_word(directory) is None


def test_a_supervisor_whose_job_was_adopted_changes_nothing(work, conn):
    (n,) = work.add(work.job("contested"))
    claimed = work.claim("sleepy")
    assert supervisors.adopt(conn, "awake", lambda row: True) == 1

    assert not store.submitted(conn, "sleepy", claimed, "1:2.0")
    lost = store.Ending("lost", "lost", "gone")
    assert not store.settle(conn, "sleepy", claimed, lost, now=0.0, seconds=1.0)
    assert not store.record(conn, "sleepy", claimed, store.News(9, [("x", 1, 1.0)]))

    assert work.row(n).state == "running"
    assert queries.metrics(conn, n) == {}
    (attempt,) = queries.attempts(conn, n)
    assert (attempt.supervisor, attempt.ending) == ("sleepy", None)


def test_two_supervisors_share_the_jobs_and_the_slots(work):
    ids = work.add(*(work.job(f"job {n}", steps=3, delay=0.02) for n in range(12)))
    most = 0

    def count():
        nonlocal most
        most = max(most, len(queries.jobs(work.conn, states=["running"])))

    others = [work.start_process(slots=3), work.start_process(slots=3)]
    work.until(lambda: work.pids(ids[0]))
    assert work.drain(count, slots=3) == 0

    assert [other.wait(20) for other in others] == [0, 0]
    assert all(len(work.pids(n)) == 1 for n in ids)
    assert all(len(work.losses(n)) == 3 for n in ids)
    assert most <= 3


def test_ctrl_c_once_lets_running_jobs_end_and_starts_no_more(work):
    first = work.job("first", steps=20, delay=0.02)
    n, _ = work.add(first, work.job("second", first))
    process = work.start_process(slots=1)
    work.until(lambda: work.losses(n))

    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 130
    assert work.states() == {"first": "done", "second": "waiting"}
    assert queries.supervisors(work.conn, time.time()) == []


@pytest.mark.parametrize("signals", [[signal.SIGINT, signal.SIGINT], [signal.SIGTERM]])
def test_ctrl_c_twice_or_sigterm_sends_jobs_back_to_waiting(work, signals):
    (n,) = work.add(work.job("long", steps=60, delay=0.02))
    process = work.start_process(slots=1)
    work.until(lambda: len(work.losses(n)) >= 2)

    for number in signals:
        process.send_signal(number)
        time.sleep(0.2)  # two signals at once may be merged

    assert process.wait(20) == 130
    assert not work.alive(work.pids(n)[0])
    assert (work.row(n).state, work.row(n).reason) == ("waiting", None)
    assert work.drain() == 0
    assert work.row(n).result["first"] > 2
    assert [step for step, _ in work.losses(n)] == list(range(1, 61))


def test_a_supervisor_told_to_leave_leaves_its_jobs_running(work, tmp_path):
    gate, stop = tmp_path / "gate", threading.Event()
    (n,) = work.add(work.job("long", steps=3, gate=str(gate)))

    def on_tick(_: sqlite3.Connection) -> None:
        if work.losses(n):
            stop.set()

    thread = threading.Thread(
        target=work.supervisor().run, args=(False,), kwargs={"stop": stop, "on_tick": on_tick}
    )
    thread.start()
    thread.join(20)

    assert not thread.is_alive()
    assert work.alive(work.pids(n)[0])
    gate.touch()
    assert work.drain() == 0
    assert len(work.pids(n)) == 1


def fail(_: Work) -> None:
    raise RuntimeError
