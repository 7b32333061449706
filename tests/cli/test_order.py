"""`wnkd queue move|pause|resume` and `queue add --priority`, as people type them."""

import json

import pytest


@pytest.fixture
def line(data):
    """Ids of the jobs in the order in which the list shows them."""
    return lambda: [job["id"] for job in data("queue", "list")["jobs"]]


def test_a_trial_goes_first_with_all_that_it_needs(wnkd, data, line):
    wnkd("queue", "add", "--wn", "0,100", "--teachers", "T_x")
    needed = [job["id"] for job in data("queue", "list", "--trial", "2")["jobs"]]
    told = wnkd("queue", "move", "--trial", "2", "--first")
    assert told.stderr.endswith(": first\n")
    assert line()[: len(needed)] == needed


def test_before_last_and_priority(wnkd, data, line):
    wnkd("queue", "add", "--wn", "100", "--teachers", "none,T_m")
    assert line() == [1, 2, 3, 4, 5, 6]
    wnkd("queue", "move", "3", "--before", "2")
    assert line() == [1, 3, 2, 4, 5, 6]
    wnkd("queue", "move", "1", "--last")
    assert line()[-1] == 1
    assert wnkd("queue", "move", "2", "--priority", "7").stderr == "job 2: priority 7\n"
    assert line()[0] == 2
    assert data("queue", "show", "2")["priority"] == 7
    assert "priority 7" in wnkd("queue", "show", "2").stdout


def test_add_with_a_priority_lifts_what_it_shares(wnkd, data):
    wnkd("queue", "add", "--wn", "0", "--teachers", "T_x")
    wnkd("queue", "add", "--wn", "100", "--teachers", "T_x", "--priority", "5")
    needed = {job["id"] for job in data("queue", "list", "--trial", "2")["jobs"]}
    for job in data("queue", "list")["jobs"]:
        assert job["priority"] == (5 if job["id"] in needed else 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("move", "1"), "where to? Give --first, --last, --before JOB or --priority N"),
        (("move", "1", "--first", "--last"), "where to?"),
        (("move", "--first"), "which jobs?"),
        (("move", "99", "--first"), "no job 99"),
        (("move", "1", "--before", "99"), "no job 99"),
        (("move", "1", "--priority", "5000"), "less than or equal to 1000"),
        (("pause", "99"), "no job 99"),
        (("resume", "1"), "job 1 is waiting: only paused jobs can be resumed"),
    ],
)
def test_a_refusal_is_one_line_and_changes_nothing(wnkd, data, words, says):
    wnkd("queue", "add", "--wn", "100")
    before = data("queue", "list")
    result = wnkd("queue", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert data("queue", "list") == before


def test_paused_jobs_are_held_until_they_are_resumed(wnkd, data):
    wnkd("queue", "add", "--wn", "100")
    assert wnkd("queue", "pause", "1").stderr == "job 1: paused\n"
    assert data("queue", "show", "1")["state"] == "paused"
    wnkd("queue", "pause", "--all")
    assert {job["state"] for job in data("queue", "list")["jobs"]} == {"paused"}
    wnkd("queue", "resume", "--all")
    assert {job["state"] for job in data("queue", "list")["jobs"]} == {"waiting"}
    assert "no job is paused" in wnkd("queue", "resume", "--all").stderr


def test_show_tells_every_run_of_a_job_that_had_several(wnkd, home):
    from wnkd_tui.store.database import connect

    wnkd("queue", "add", "--wn", "100")
    conn = connect(home)
    run = (
        "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before, started_at,"
        " ended_at, seconds, ending, reason) VALUES (1, ?, 's', 'h', 'GPU 0', 0, ?, ?, ?, ?, ?)"
    )
    conn.execute(run, [1, 1e9, 1e9 + 41, 41.2, "lost", "killed by signal 9 (SIGKILL)"])
    assert "attempt 1" not in wnkd("queue", "show", "1").stdout
    conn.execute(run, [2, 1e9 + 50, None, None, None, None])
    text = wnkd("queue", "show", "1").stdout
    assert "attempt 1" in text
    assert "lost after 41.2 s on h, GPU 0: killed by signal 9 (SIGKILL)" in text
    assert "runs on h, GPU 0" in text
    shown = json.loads(wnkd("queue", "show", "1", "--json").stdout)
    assert [one["ending"] for one in shown["attempts"]] == ["lost", None]


def test_the_list_says_what_keeps_a_run_queue_from_its_work(wnkd, home):
    import os

    from engine.process import ProcessId, uptime
    from wnkd_tui.store import supervisors
    from wnkd_tui.store.database import connect

    wnkd("queue", "add", "--wn", "100")
    note = "paused: disk full (12 MiB free at /data; goes on at 256)"
    me = {"host": "here", "pid": os.getpid(), "process": str(ProcessId.of(os.getpid()))}
    supervisors.beat(connect(home), "s", **me, started_at=uptime(), now=1.0, note=note)
    assert wnkd("queue", "list").stderr == f"run-queue (pid {os.getpid()}) {note}\n"
    supervisors.beat(connect(home), "s", **me, started_at=uptime(), now=1.0, note="working")
    assert wnkd("queue", "list").stderr == ""
