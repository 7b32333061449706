"""Jobs from queued to ended, by a supervisor with real processes."""

import json
import sqlite3
import time
from itertools import pairwise
from pathlib import Path

import pytest

from wnkd_tui.queue.executors.base import ExecutorError
from wnkd_tui.queue.executors.launchers import PLAIN, WARM, PlainLauncher, WarmLauncher
from wnkd_tui.queue.slots import Slot, find_slots
from wnkd_tui.store import commands, queries


def test_jobs_run_in_the_order_of_their_inputs(work):
    first = work.job("first", steps=2)
    second = work.job("second", first)
    third = work.job("third", first, second)
    ids = work.add(first, second, third)

    assert work.drain() == 0

    rows = [work.row(n) for n in ids]
    assert [row.state for row in rows] == ["done"] * 3
    for earlier, later in pairwise(rows):
        assert earlier.finished_at <= later.started_at
    assert rows[0].result == {"first": 1, "steps": 2}
    assert (rows[0].progress, rows[0].unit, rows[0].attempt) == (1.0, "steps", 1)
    assert work.losses(ids[0]) == [(1, 1.0), (2, 0.5)]
    assert queries.trial(work.conn, 1).state == "done"


def test_a_job_is_told_what_to_do_and_on_what(work, home, monkeypatch):
    monkeypatch.delenv("FAKE_DEVICE", raising=False)
    (n,) = work.add(work.job("only"))
    launcher = WarmLauncher(
        home.root / "warm.log", [*WARM, "--target", "fake_job:run", "--preload"]
    )
    slot = Slot("GPU 7", {"FAKE_DEVICE": "a very fast one"})

    assert work.run(work.supervisor_on(launcher, [slot])) == 0

    record = json.loads((work.directory(n) / "job.json").read_text())
    assert record["kind"] == "teacher"
    assert record["key"] == work.row(n).key
    assert record["settings"] == {"name": "only"}
    assert record["run"]["artifacts"] == str(home.artifacts)
    assert work.row(n).device == "a very fast one"
    assert work.row(n).slot is None  # free again


def test_a_failed_input_blocks_what_needs_it_and_nothing_else(work):
    bad = work.job("bad", steps=3, fail_at=2)
    needs = work.job("needs", bad)
    needs_that = work.job("needs that", needs)
    other = work.job("other")
    ids = work.add(bad, needs, needs_that, other)

    assert work.drain() == 1

    assert work.states() == {
        "bad": "failed",
        "needs": "waiting",
        "needs that": "waiting",
        "other": "done",
    }
    assert work.row(ids[0]).reason == "step 2 went wrong"
    assert work.row(ids[1]).reason == work.row(ids[2]).reason == f"waits for job {ids[0]} (failed)"
    assert queries.trial(work.conn, 1).state == "failed"
    assert work.drain() == 1  # nothing to do, but the queue is not done either


def test_no_more_jobs_at_a_time_than_slots(work):
    work.add(*(work.job(f"job {n}", steps=2, delay=0.05) for n in range(6)))
    most = 0

    def count():
        nonlocal most
        most = max(most, len(queries.jobs(work.conn, states=["running"])))

    assert work.drain(count, slots=2) == 0
    assert most == 2


def test_plain_processes_do_the_same(work, home):
    (n,) = work.add(work.job("plain", steps=2))
    launcher = PlainLauncher([PLAIN[0], str(Path(__file__).with_name("fake_job.py"))])

    supervisor = work.supervisor_on(launcher, find_slots(1, gpus=[]))

    assert work.run(supervisor) == 0
    assert work.losses(n) == [(1, 1.0), (2, 0.5)]


def test_a_process_that_leaves_without_a_word_failed_with_its_code(work, home):
    (n,) = work.add(work.job("never"))
    launcher = PlainLauncher([PLAIN[0], "-c", "raise SystemExit(3)"])

    supervisor = work.supervisor_on(launcher, find_slots(1, gpus=[]))

    assert work.run(supervisor) == 1
    assert (work.row(n).state, work.row(n).attempt) == ("failed", 1)
    assert work.row(n).reason == "its process ended with code 3 and said nothing"


def test_a_server_that_cannot_start_is_one_clear_line_and_the_job_waits(work, home):
    (n,) = work.add(work.job("only"))
    launcher = WarmLauncher(home.root / "warm.log", [*WARM, "--preload", "no_such_module"])
    supervisor = work.supervisor_on(launcher, find_slots(1, gpus=[]))

    with pytest.raises(ExecutorError, match="No module named 'no_such_module'") as told:
        work.run(supervisor)

    assert "\n" not in str(told.value)
    assert work.row(n).state == "waiting"


def test_a_job_server_that_is_killed_is_started_again_and_its_jobs_live_on(work, tmp_path):
    gate = tmp_path / "gate"
    slow = work.job("slow", steps=3, gate=str(gate))
    n, _ = work.add(slow, work.job("after", slow))
    supervisor = work.supervisor()
    killed = []

    def act():
        if work.losses(n) and not killed:
            server = supervisor._executor._launcher._server
            server._process.kill()
            killed.append(server)
        elif killed and killed[0].dead:
            gate.touch()

    assert work.run(supervisor, act) == 0
    assert work.states() == {"slow": "done", "after": "done"}
    assert len(work.pids(n)) == 1


def test_a_job_server_that_is_killed_while_it_starts_is_started_again(work):
    work.add(work.job("only"))
    supervisor = work.supervisor()
    killed = []

    def act():
        server = supervisor._executor._launcher._server
        if server and not server.ready and not killed:
            server._process.kill()
            killed.append(server)

    assert work.run(supervisor, act) == 0
    assert (work.states(), len(killed)) == ({"only": "done"}, 1)


def test_a_job_server_that_ends_as_a_job_is_to_start_is_started_again(work):
    (n,) = work.add(work.job("only"))
    supervisor = work.supervisor()
    launcher = supervisor._executor._launcher
    start, killed = launcher.start, []

    def failing_start(*arguments):
        if not killed:
            killed.append(launcher._server)
            launcher._server._process.kill()
            launcher._server._process.wait()
        return start(*arguments)

    launcher.start = failing_start
    assert work.run(supervisor) == 0
    assert work.states() == {"only": "done"}
    assert (work.row(n).losses, len(work.pids(n))) == (0, 1)


def test_torch_works_in_a_job_of_the_real_server(work, home):
    """The whole preload list; torch has threads in the child and CUDA is left alone."""
    ids = work.add(work.job("one", torch=True), work.job("two", torch=True))
    launcher = WarmLauncher(home.root / "warm.log", [*WARM, "--target", "fake_job:run"])
    supervisor = work.supervisor_on(launcher, find_slots(2, gpus=[]))
    deadline = time.monotonic() + 120

    def on_tick(_: sqlite3.Connection) -> None:
        assert time.monotonic() < deadline

    assert supervisor.run(True, on_tick=on_tick) == 0
    for n in ids:
        assert work.row(n).result == {"sum": 2 * 256.0**3, "cuda": False}


def test_a_job_whose_record_is_not_understood_fails_with_the_engines_reason(work, home):
    """The default target, `engine.running:run`, in a server without torch."""
    (n,) = work.add(work.job("stranger"))
    launcher = WarmLauncher(home.root / "warm.log", [*WARM, "--preload"])
    supervisor = work.supervisor_on(launcher, find_slots(1, gpus=[]))
    work.conn.execute("UPDATE job SET spec = json_set(spec, '$.kind', 'soup')")

    assert work.run(supervisor) == 1

    assert work.row(n).state == "failed"
    assert work.row(n).reason.startswith("unknown kind of job 'soup'")


def test_cancelled_jobs_wait_again_when_they_are_asked_for_again(work):
    spec = work.job("wanted twice")
    (n,) = work.add(spec)
    commands.cancel(work.conn, [n])
    assert work.row(n).state == "cancelled"

    assert work.add(spec) == [n]

    assert work.row(n).state == "waiting"
    assert work.row(n).trials == (1, 2)
    assert work.drain() == 0
