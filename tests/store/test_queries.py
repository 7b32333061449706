import json
import os
import subprocess
import sys
import time

import pytest

from engine import process as processes
from engine.process import ProcessId
from engine.spec import Teachers
from wnkd_tui.store import liveness, queries
from wnkd_tui.store.connection import StoreError
from wnkd_tui.store.rows import BLOCKING


def set_states(conn, *states):
    for job, state in enumerate(states, start=1):
        conn.execute("UPDATE job SET state = ? WHERE id = ?", [state, job])


def test_jobs_are_chosen_by_id_state_and_trial(conn, add):
    add("a", "b", seed=0)
    add("a", "c", seed=1)
    set_states(conn, "done", "failed", "waiting")

    assert [row.name for row in queries.jobs(conn)] == ["a", "b", "c"]
    assert [row.name for row in queries.jobs(conn, ids=[3, 1])] == ["a", "c"]
    assert [row.name for row in queries.jobs(conn, ids=[])] == []
    assert [row.name for row in queries.jobs(conn, trial=2)] == ["a", "c"]
    assert [row.name for row in queries.jobs(conn, states=["failed", "waiting"])] == ["b", "c"]
    assert queries.counts(conn) == {"done": 1, "failed": 1, "waiting": 1}


@pytest.mark.parametrize("state", BLOCKING)
def test_a_waiting_job_names_the_job_that_holds_it_up(conn, add, state):
    add("a", "b", "c")
    set_states(conn, state, "waiting", "waiting")

    assert queries.job(conn, 2).reason == f"waits for job 1 ({state})"
    assert queries.job(conn, 3).reason == f"waits for job 1 ({state})"
    set_states(conn, "done", "waiting", "waiting")
    assert queries.job(conn, 3).reason is None


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (("waiting", "waiting", "waiting"), "waiting"),
        (("done", "waiting", "waiting"), "waiting"),
        (("done", "running", "waiting"), "running"),
        (("running", "cancelled", "waiting"), "cancelled"),
        (("cancelled", "lost", "running"), "lost"),
        (("lost", "failed", "running"), "failed"),
        (("done", "done", "done"), "done"),
    ],
)
def test_a_trials_state_follows_from_its_jobs(conn, add, states, whole):
    add("a", "b", "c")
    set_states(conn, *states)

    row = queries.trial(conn, 1)
    assert row.state == whole
    assert (row.jobs_done, row.jobs_total) == (states.count("done"), 3)


def test_a_trial_gives_its_spec_back(conn, add):
    add("a", seed=3, limit_train=50)

    row = queries.trial(conn, 1)

    assert (row.dataset, row.recipe, row.seed, row.limit_train) == ("digits", "demo", 3, 50)
    assert row.teachers is Teachers.NONE
    assert row.encoder is None
    with pytest.raises(StoreError, match="no trial 2"):
        queries.trial(conn, 2)


def test_progress_is_a_share(conn, add):
    add("a")
    for done, total, state, share in (
        (0, 0, "waiting", 0.0),
        (3, 12, "running", 0.25),
        (3, 12, "done", 1.0),
    ):
        conn.execute("UPDATE job SET done = ?, total = ?, state = ?", [done, total, state])
        assert queries.job(conn, 1).progress == share


def test_curves_come_whole_or_in_buckets(conn, add):
    add("a", "b")
    rows = [
        (1, name, step, value * step)
        for name, value in (("x", 1.0), ("y", 2.0))
        for step in range(1, 101)
    ]
    conn.executemany("INSERT INTO metric VALUES (?, ?, ?, ?)", rows)

    assert queries.metrics(conn, 2) == {}
    assert queries.metrics(conn, 1, ["x"]) == {"x": [(step, float(step)) for step in range(1, 101)]}
    assert queries.metrics(conn, 1, buckets=4) == {
        "x": [(25, 13.0), (50, 38.0), (75, 63.0), (100, 88.0)],
        "y": [(25, 26.0), (50, 76.0), (75, 126.0), (100, 176.0)],
    }
    assert queries.metrics(conn, 1, ["x"], buckets=1000) == queries.metrics(conn, 1, ["x"])


def test_results_are_the_figures_of_finished_jobs_for_each_trial(conn, add):
    add("shared", "a", seed=0)
    add("shared", "b", seed=1)
    conn.execute(
        "UPDATE job SET kind = 'T_x', state = 'done', result = ?, finished_at = 5",
        [json.dumps({"best": {"val_top1": 97.5}})],
    )
    conn.execute("UPDATE job SET kind = 'student', state = 'running' WHERE name = 'b'")

    rows = queries.results(conn)

    assert [(row.trial, row.name) for row in rows] == [(1, "shared"), (1, "a"), (2, "shared")]
    assert rows[2].spec.seed == 1
    assert rows[2].result == {"best": {"val_top1": 97.5}}


def beat(conn, name, process, age, heartbeat=0.0):
    """A supervisor whose last heartbeat is `age` seconds old."""
    conn.execute(
        "INSERT INTO supervisor (id, host, pid, started_at, heartbeat, process, beat)"
        " VALUES (?, 'host', 1, 50, ?, ?, ?)",
        [name, heartbeat, str(process) if process else None, processes.uptime() - age],
    )


def run_by(conn, job, supervisor, handle):
    conn.execute(
        "UPDATE job SET state = 'running', supervisor = ?, handle = ? WHERE id = ?",
        [supervisor, str(handle), job],
    )


def gone():
    """A process that has ended."""
    process = subprocess.Popen(["true"])
    known = ProcessId.of(process.pid)
    process.wait()
    return known


def elsewhere(process):
    """The same in another container of this boot."""
    return ProcessId(process.pid, process.started, f"{processes.boot().partition('/')[0]}/1")


def test_a_supervisor_is_alive_while_its_process_runs_and_is_heard_of(conn):
    me = ProcessId.of(os.getpid())
    beat(conn, "here", me, age=1)
    beat(conn, "hangs", me, age=liveness.HEARTBEAT_LIMIT + 1)
    beat(conn, "gone", gone(), age=1)
    beat(conn, "stranger", ProcessId(me.pid, me.started - 1, me.boot), age=1)
    beat(conn, "earlier boot", ProcessId(me.pid, me.started, "another/1"), age=1)

    rows = {row.id: row.alive for row in queries.supervisors(conn, 0.0)}

    assert [name for name, alive in rows.items() if alive] == ["here"]


@pytest.mark.skipif(not processes.boot(), reason="this system names no boot")
def test_a_supervisor_of_another_container_is_judged_by_its_heartbeat(conn):
    there = elsewhere(gone())
    beat(conn, "fresh", there, age=1)
    beat(conn, "silent", there, age=liveness.HEARTBEAT_LIMIT + 1)

    assert {row.id: row.alive for row in queries.supervisors(conn, 0.0)} == {
        "fresh": True,
        "silent": False,
    }


def test_a_supervisor_of_an_older_wnkd_is_judged_by_the_wall_clock(conn):
    for name, age in (("fresh", 1), ("silent", 11)):
        conn.execute(
            "INSERT INTO supervisor (id, host, pid, started_at, heartbeat)"
            " VALUES (?, 'host', 1, 50, ?)",
            [name, 1000 - age],
        )

    assert {row.id: row.alive for row in queries.supervisors(conn, 1000.0)} == {
        "fresh": True,
        "silent": False,
    }


@pytest.mark.parametrize("shift", [-3600, 3600])
def test_setting_the_clock_silences_nobody(conn, monkeypatch, shift):
    beat(conn, "here", ProcessId.of(os.getpid()), age=1, heartbeat=time.time())
    monkeypatch.setattr(time, "time", lambda now=time.time: now() + shift)

    assert [row.alive for row in queries.supervisors(conn, 0.0)] == [True]


def test_a_heartbeat_of_an_earlier_boot_is_none():
    """The clock that counts from the boot has begun again."""
    assert liveness.silent(processes.uptime() + 5000, 0.0, 10.0)
    assert not liveness.silent(processes.uptime(), 0.0, 10.0)


@pytest.mark.parametrize("age", [1, 5, 11])
def test_a_job_whose_process_is_gone_is_not_shown_as_running_for_long(conn, add, age):
    """A supervisor that lives sees to it; one silent for two heartbeats does not."""
    add("a", "b")
    set_states(conn, "running", "waiting")
    beat(conn, "me", ProcessId.of(os.getpid()), age)
    run_by(conn, 1, "me", gone())

    row = queries.job(conn, 1)

    if age < 2 * liveness.HEARTBEAT:
        assert (row.state, row.reason) == ("running", None)
        assert queries.trial(conn, 1).state == "running"
    else:
        assert row.state == "lost"
        assert row.reason == "its process is gone; the next run-queue takes it up"
        assert queries.counts(conn) == {"lost": 1, "waiting": 1}
        assert queries.trial(conn, 1).state == "lost"
        assert [one.id for one in queries.jobs(conn, states=["lost"])] == [1]
        assert queries.jobs(conn, states=["running"]) == []


def test_a_job_that_runs_on_without_its_supervisor_is_running(conn, add):
    add("a", "b", "c", "d")
    me = ProcessId.of(os.getpid())
    beat(conn, "dead", gone(), age=1)
    run_by(conn, 1, "dead", me)
    run_by(conn, 2, "dismissed", me)
    run_by(conn, 3, "dismissed", gone())
    run_by(conn, 4, "dead", "slurm-4711")  # not ours to judge

    assert [row.state for row in queries.jobs(conn)] == ["running", "running", "lost", "running"]


def test_a_job_of_another_boot_is_lost_with_the_host(conn, add):
    add("a", "b")
    me = ProcessId.of(os.getpid())
    before = ProcessId(me.pid, me.started, "another/1")
    beat(conn, "dead", before, age=-5000)
    run_by(conn, 1, "dead", before)

    row = queries.job(conn, 1)

    assert (row.state, row.wanted) == ("lost", None)
    assert row.reason == "the host was restarted; the next run-queue takes it up"
    assert queries.job(conn, 2).state == "waiting"


@pytest.mark.skipif(not processes.boot(), reason="this system names no boot")
def test_a_job_of_another_container_runs_as_long_as_its_supervisor_is_heard_of(conn, add):
    add("a")
    there = elsewhere(gone())
    beat(conn, "there", there, age=1)
    run_by(conn, 1, "there", there)

    assert queries.job(conn, 1).state == "running"
    conn.execute("UPDATE supervisor SET beat = beat - 10")
    assert queries.job(conn, 1).reason == "its process is gone; the next run-queue takes it up"


@pytest.mark.skipif(not processes.boot(), reason="where there is no /proc, psutil is asked")
def test_looking_at_the_queue_imports_no_psutil(home, conn, add):
    add("a")
    run_by(conn, 1, "dead", gone())
    code = (
        "import sys; from pathlib import Path; from wnkd_tui.home import Home\n"
        "from wnkd_tui.store import queries; from wnkd_tui.store.database import connect\n"
        f"conn = connect(Home(Path({str(home.root)!r})))\n"
        "assert queries.counts(conn) == {'lost': 1}; queries.supervisors(conn, 0.0)\n"
        "assert 'psutil' not in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
