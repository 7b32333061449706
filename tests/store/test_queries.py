import json
import os
import socket
import subprocess

import pytest

from engine.spec import Teachers
from wnkd_tui.store import queries
from wnkd_tui.store.database import StoreError
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


def test_a_supervisor_is_alive_while_its_heartbeat_is_fresh(conn):
    for name, beat in (("old", 100.0), ("new", 109.0)):
        conn.execute(
            "INSERT INTO supervisor VALUES (?, 'host', 1, 50, ?, NULL, NULL, NULL)", [name, beat]
        )

    rows = {row.id: row.alive for row in queries.supervisors(conn, 112.0)}

    assert rows == {"old": False, "new": True}


def test_a_supervisor_whose_process_is_gone_is_not_alive(conn):
    gone = subprocess.Popen(["true"])
    gone.wait()
    for name, pid in (("gone", gone.pid), ("here", os.getpid())):
        row = [name, socket.gethostname(), pid]
        conn.execute("INSERT INTO supervisor VALUES (?, ?, ?, 50, 109, NULL, NULL, NULL)", row)

    rows = {row.id: row.alive for row in queries.supervisors(conn, 112.0)}

    assert rows == {"gone": False, "here": True}
