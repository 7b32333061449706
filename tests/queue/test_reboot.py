"""The host is restarted: every process is gone, and the boot has another name."""

import os
import signal
import threading
import time

from engine import process as processes
from wnkd_tui.store import commands, queries


def test_after_a_restart_everything_is_right_at_the_first_look(work, tmp_path, monkeypatch):
    gate, stop = tmp_path / "gate", threading.Event()
    one, two = (work.job(name, steps=3, gate=str(gate)) for name in ("first", "second"))
    ids = first, second, third = work.add(one, two, work.job("third", one))
    process = work.start_process("keep")
    work.until(lambda: work.losses(first) and work.losses(second))
    process.kill()
    process.wait()
    running = [pid for n in ids for pid in work.pids(n)]
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    work.until(lambda: not any(map(work.alive, running)))
    monkeypatch.setattr(processes, "boot", lambda: "another/1")

    # Before anybody takes them up
    assert work.states() == {"first": "lost", "second": "lost", "third": "waiting"}
    for n in (first, second):
        assert work.row(n).reason == "the host was restarted; the next run-queue takes it up"
    assert work.row(third).reason is None
    assert queries.counts(work.conn) == {"lost": 2, "waiting": 1}
    assert queries.trial(work.conn, 1).state == "lost"
    assert [row.alive for row in queries.supervisors(work.conn, time.time())] == [False]

    # After one look of the next run-queue
    work.supervisor(backoff=60.0, backoff_limit=60.0).run(
        drain=False, stop=stop, on_tick=lambda _: stop.set()
    )
    assert work.states() == {"first": "waiting", "second": "waiting", "third": "waiting"}
    for n in (first, second):
        (attempt,) = queries.attempts(work.conn, n)
        assert (attempt.ending, attempt.reason) == ("lost", work.row(n).reason)
        assert "the host was restarted" in work.row(n).reason
        assert work.row(n).losses == 1
    assert queries.supervisors(work.conn, time.time()) == []

    # And when it has worked on
    gate.touch()
    work.conn.execute("UPDATE job SET retry_at = NULL")
    assert work.drain() == 0
    assert set(work.states().values()) == {"done"}
    assert [len(work.pids(n)) for n in (first, second, third)] == [2, 2, 1]
    assert work.row(first).result["first"] == 2  # from its checkpoint


def test_a_stranger_of_the_new_boot_with_the_pid_of_an_old_job_is_left_alone(work):
    """This very test has the pid, and even the start, of what ran before the restart."""
    (n,) = work.add(work.job("old"))
    me = processes.ProcessId.of(os.getpid())
    work.conn.execute(
        "UPDATE job SET state = 'running', slot = 'CPU 0', supervisor = 'dead', attempt = 1,"
        " handle = ? WHERE id = ?",
        [str(processes.ProcessId(me.pid, me.started, "another/1")), n],
    )
    commands.cancel(work.conn, [n])

    assert work.drain() == 0

    assert work.row(n).state == "cancelled"  # and we are still here
