"""Claims and reports, as supervisors make them, when there are many at once."""

import sqlite3
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from wnkd_tui.store import claims, queries, supervisors
from wnkd_tui.store import work as store
from wnkd_tui.store.database import connect

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from wnkd_tui.home import Home
from wnkd_tui.store import claims, database
me = sys.argv[2]
conn = database.connect(Home(Path(sys.argv[1])))
def place(job, taken):
    return f"{me} {job.id}"
input()
while claimed := claims.claim(
    conn, me, "host", 0.0, place, lambda work: None, has=lambda key: True
):
    print(claimed.id, flush=True)
"""


def claim(conn, me="me", slots=("CPU 0",), host="host", now=1.0):
    def place(job, taken):
        return next((slot for slot in slots if slot not in taken), None)

    return claims.claim(conn, me, host, now, place, lambda work: None, has=lambda key: True)


def independent(conn: sqlite3.Connection, count: int) -> None:
    conn.executemany(
        "INSERT INTO job (key, kind, name, spec, state, position, done, total, unit, attempt,"
        " events_offset, queued_at) VALUES (?, 'T_x', 'x', '{}', 'waiting', ?, 0, 0, '', 0, 0, 0)",
        [(f"key {n}", n) for n in range(count)],
    )


def test_eight_processes_claim_each_job_once(home, conn):
    independent(conn, 200)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, home.root, f"p{n}"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(8)
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    claimed = [int(n) for process in processes for n in process.communicate()[0].split()]

    assert sorted(claimed) == list(range(1, 201))
    assert {row.state for row in queries.jobs(conn)} == {"running"}


def test_eight_threads_claim_each_job_once(home, conn):
    independent(conn, 200)

    def work(me):
        with closing(connect(home)) as mine:
            slots = [f"{me} {n}" for n in range(200)]
            return [claimed.id for claimed in iter(lambda: claim(mine, str(me), slots), None)]

    with ThreadPoolExecutor(8) as pool:
        claimed = [n for some in pool.map(work, range(8)) for n in some]

    assert sorted(claimed) == list(range(1, 201))


def test_sixteen_writers_wait_for_each_other(home, conn):
    independent(conn, 16)
    claims = [claim(conn, slots=[f"{n}"]) for n in range(16)]

    def report(work):
        with closing(connect(home)) as mine:
            for step in range(50):
                news = store.News(step + 1, [("loss", step, 0.5)])
                row = mine.execute("SELECT events_offset FROM job WHERE id = ?", [work.id])
                assert row.fetchone()[0] == step
                now = store.Work(**vars(work) | {"events_offset": step})
                assert store.record(mine, "me", now, news)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(report, claims))

    assert conn.execute("SELECT count(*) FROM metric").fetchone()[0] == 16 * 50


def test_the_first_ready_job_is_claimed_first(conn, add):
    add("a", "b", "c", seed=0)
    add("d", seed=1)
    conn.execute("UPDATE job SET position = 0 WHERE name = 'c'")  # first, but not ready

    names = [claim(conn, slots=[str(n)]) for n in range(3)]

    assert [queries.job(conn, work.id).name for work in names if work] == ["a", "d"]
    assert names[2] is None
    assert not claims.line(conn, 1.0, 2.0)
    conn.execute("UPDATE job SET state = 'done' WHERE name = 'a'")
    assert claims.line(conn, 1.0, 2.0)


def test_a_slot_holds_one_job_whoever_runs_it(conn):
    independent(conn, 3)

    assert claim(conn, "one", ["CPU 0", "CPU 1"]).slot == "CPU 0"
    assert claim(conn, "two", ["CPU 0", "CPU 1"]).slot == "CPU 1"
    assert claim(conn, "two", ["CPU 0", "CPU 1"]) is None


def test_a_stretch_of_events_and_its_end_are_stored_together(conn):
    """The stretch violates a constraint half way: neither rows nor offset stay."""
    independent(conn, 1)
    work = claim(conn)
    bad = store.News(99, [("loss", 1, 0.5), ("loss", 2, None)], None, None)

    try:
        store.record(conn, "me", work, bad)
    except sqlite3.IntegrityError:
        pass
    else:
        raise AssertionError("a metric without a value was taken")

    assert queries.metrics(conn, work.id) == {}
    assert store.mine(conn, "me")[0].events_offset == 0


def test_the_same_stretch_counts_once_and_the_same_step_too(conn):
    independent(conn, 1)
    work = claim(conn)
    progress = {"done": 2, "total": 9, "unit": "epochs", "rate": 0.5}

    assert store.record(conn, "me", work, store.News(10, [("loss", 1, 0.5)], progress, "fast"))
    assert not store.record(conn, "me", work, store.News(10, [("loss", 1, 0.7)], None, None))
    (again,) = store.mine(conn, "me")
    assert store.record(conn, "me", again, store.News(20, [("loss", 1, 0.5)], None, None))

    assert queries.metrics(conn, work.id) == {"loss": [(1, 0.5)]}
    row = queries.job(conn, work.id)
    assert (row.done, row.total, row.unit, row.rate) == (2, 9, "epochs", 0.5)
    assert row.device == "fast"


def test_only_the_jobs_of_dead_supervisors_are_adopted(conn):
    independent(conn, 3)
    for me in ("dead", "left", "alive"):
        claim(conn, me, [me])
        if me != "left":
            beat(conn, me)

    assert supervisors.adopt(conn, "new", lambda row: row["id"] == "dead") == 2

    owners = Counter(row.supervisor for row in queries.jobs(conn))
    assert owners == {"new": 2, "alive": 1}
    assert [row["id"] for row in conn.execute("SELECT id FROM supervisor")] == ["alive"]


def test_a_wish_that_came_meanwhile_is_not_overlooked(conn):
    independent(conn, 1)
    work = claim(conn)
    conn.execute("UPDATE job SET wanted = 'cancelled'")

    stopped = store.Ending("stopped", "waiting")
    assert not store.settle(conn, "me", work, stopped, now=1.0, seconds=None)

    (again,) = store.mine(conn, "me")
    cancelled = store.Ending("cancelled", "cancelled")
    assert store.settle(conn, "me", again, cancelled, now=1.0, seconds=None)
    assert queries.job(conn, work.id).state == "cancelled"


def test_a_run_leaves_a_row_that_tells_how_it_went(conn):
    independent(conn, 1)
    for number, how in enumerate(
        [
            store.Ending("lost", "waiting", "lost: killed", losses=1, wait=5.0),
            store.Ending("done", "done", result='{"x": 1}', memory=7),
        ],
        start=1,
    ):
        work = claim(conn, now=10.0 * number)
        store.record(conn, "me", work, store.News(number, [], None, f"GPU {number}", "engine"))
        (work,) = store.mine(conn, "me")
        assert store.settle(conn, "me", work, how, now=10.0 * number + 2, seconds=1.5)
        row = queries.job(conn, work.id)
        if number == 1:
            assert (row.state, row.reason, row.losses) == ("waiting", "lost: killed", 1)
            assert (row.retry_at, row.finished_at) == (17.0, None)

    assert (row.state, row.reason, row.losses, row.retry_at) == ("done", None, 0, None)
    assert (row.result, row.finished_at) == ({"x": 1}, 22.0)
    first, second = queries.attempts(conn, 1)
    assert (first.number, first.supervisor, first.host, first.slot) == (1, "me", "host", "CPU 0")
    assert (first.device, first.engine, first.memory) == ("GPU 1", "engine", None)
    assert (first.started_at, first.ended_at, first.seconds) == (10.0, 12.0, 1.5)
    assert (first.ending, first.reason) == ("lost", "lost: killed")
    assert (second.number, second.ending, second.reason) == (2, "done", None)
    assert (second.started_at, second.memory) == (20.0, 7)


def test_what_a_job_takes_of_memory_is_what_such_a_one_took_here_last_time(conn, add):
    """Same kind, same recipe and dataset, same host; the latest."""
    asked = []

    def place(job, taken):
        asked.append((job.memory, job.host_memory))
        return "GPU 0"

    def run(host, memory, now):
        work = claims.claim(conn, "me", host, now, place, lambda _: None, has=lambda _: True)
        took = {"memory": memory, "host_memory": memory and 10 * memory}
        store.settle(conn, "me", work, store.Ending("done", "done", **took), now=now, seconds=1.0)

    for seed in range(4):
        add(f"job {seed}", seed=seed)
    conn.execute("UPDATE job SET name = 'T_1s'")
    run("here", 5, 1.0)
    run("there", 9, 2.0)
    run("here", 7, 3.0)
    run("here", None, 4.0)
    assert asked == [(None, None), (None, None), (5, 50), (7, 70)]

    add("other set", seed=9)
    conn.execute("UPDATE job SET name = 'T_1s'")
    conn.execute("UPDATE trial SET dataset = 'other' WHERE seed = 9")
    add("same set", seed=10)
    conn.execute("UPDATE job SET name = 'T_1s'")
    run("here", None, 5.0)
    run("here", None, 6.0)
    assert asked[4:] == [(None, None), (7, 70)]


def test_a_slot_of_another_host_is_another_slot(conn):
    independent(conn, 3)

    assert claim(conn, "one", host="one").slot == "CPU 0"
    assert claim(conn, "two", host="two").slot == "CPU 0"
    assert claim(conn, "two", host="two") is None


def test_a_failure_to_prepare_leaves_the_job_as_it_was(conn):
    independent(conn, 1)

    def fail(_):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        claims.claim(conn, "me", "host", 1.0, lambda *_: "CPU 0", fail, has=lambda _: True)

    assert queries.job(conn, 1).state == "waiting"
    assert queries.attempts(conn, 1) == []
    assert claim(conn).attempt == 1


def test_claims_walk_an_index_of_what_waits(conn):
    """Not all jobs, and nothing is sorted: 50,000 that are done cost nothing."""
    plan = plan_of(conn, claims._CANDIDATES % claims._QUEUE, now=1.0, horizon=2.0)
    assert plan[0] == "SCAN job USING INDEX ix_job_waiting"
    assert not any("ORDER BY" in line for line in plan)
    plan = plan_of(conn, claims._MEMORY, id=1, host="", kind="", name="", recent=1)
    assert any("attempt USING INDEX ix_attempt_memory" in line for line in plan)


def plan_of(conn, select, **values):
    return [row["detail"] for row in conn.execute(f"EXPLAIN QUERY PLAN {select}", values)]


def beat(conn, me):
    supervisors.beat(
        conn, me, host="host", pid=1, process="1:2.0:boot", started_at=0.0, now=0.0, note="working"
    )
