"""Claims and reports, as supervisors make them, when there are many at once."""

import sqlite3
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from wnkd_tui.store import queries
from wnkd_tui.store import work as store
from wnkd_tui.store.database import connect

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from wnkd_tui.home import Home
from wnkd_tui.store import database, work
me = sys.argv[2]
conn = database.connect(Home(Path(sys.argv[1])))
input()
while claimed := work.claim(conn, me, [f"{me} {n}" for n in range(200)], 0.0, lambda work: None):
    print(claimed.id, flush=True)
"""


def claim(conn, me="me", slots=("CPU 0",)):
    return store.claim(conn, me, slots, 1.0, lambda work: None)


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
                news = store.News(step + 1, [("loss", step, 0.5)], None, None)
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
    assert not store.ready(conn)
    conn.execute("UPDATE job SET state = 'done' WHERE name = 'a'")
    assert store.ready(conn)


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
            store.beat(conn, me, "host", 1, 0.0, 0.0, "working")

    assert store.adopt(conn, "new", lambda row: row["id"] == "dead") == 2

    owners = Counter(row.supervisor for row in queries.jobs(conn))
    assert owners == {"new": 2, "alive": 1}
    assert [row.id for row in queries.supervisors(conn, 0.0)] == ["alive"]


def test_a_wish_that_came_meanwhile_is_not_overlooked(conn):
    independent(conn, 1)
    work = claim(conn)
    conn.execute("UPDATE job SET wanted = 'cancelled'")

    assert not store.settle(conn, "me", work, "waiting", now=1.0)

    (again,) = store.mine(conn, "me")
    assert store.settle(conn, "me", again, "cancelled", now=1.0)
    assert queries.job(conn, work.id).state == "cancelled"
