"""What is saved of a damaged database, and what becomes of the damaged one."""

import itertools
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from wnkd_tui.store import backups, connection, queries, salvage, soundness
from wnkd_tui.store.connection import REVISIONS, StoreError
from wnkd_tui.store.database import connect

LAST = REVISIONS[-1]
TABLES = (
    *("dataset", "trial", "job", "trial_job", "job_input", "attempt", "capture", "setting"),
    *("trial_tag", "saved_filter"),
)
PAGE = 4096


@pytest.fixture
def home(released):
    home = released(LAST)
    connect(home).close()
    return home


def rows(home, *tables):
    with closing(sqlite3.connect(home.db)) as conn:
        return {name: set(map(repr, conn.execute(f"SELECT * FROM {name}"))) for name in tables}


def blank(home, table, leaf=0, what=bytes(PAGE)):
    """Overwrites a page that holds rows of a table."""
    with closing(sqlite3.connect(home.db)) as conn:
        (root,) = conn.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]
        ).fetchone()
    content = home.db.read_bytes()
    page = content[(root - 1) * PAGE : root * PAGE]
    if page[0] in (2, 5):  # an interior page: its cells begin with the number of a page below
        cell = int.from_bytes(page[12 + 2 * leaf : 14 + 2 * leaf], "big")
        root = int.from_bytes(page[cell : cell + 4], "big")
    with home.db.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(what)


def test_what_can_be_read_of_metrics_is_kept_and_the_rest_read_again(home):
    before = rows(home, *TABLES, "metric")
    blank(home, "metric", leaf=1)
    damaged = home.db.read_bytes()
    assert soundness.check(home)

    kept = salvage.salvage(home)

    assert soundness.check(home) is None
    after = rows(home, *TABLES, "metric")
    offset = {"job", "metric"}
    assert all(after[name] == before[name] for name in TABLES if name not in offset)
    assert after["metric"] < before["metric"]
    assert len(after["metric"]) > 500
    with closing(connect(home)) as conn:
        assert not conn.execute("SELECT 1 FROM job WHERE events_offset > 0").fetchall()
    assert kept.name == "wnkd.db.damaged-1"
    assert kept.read_bytes() == damaged
    says = Path(f"{kept}.txt").read_text(encoding="utf-8")
    assert "trial: 18 rows\n" in says
    assert "metric" in says
    assert "could not be read" in says
    assert not list(home.root.glob("salvage-*"))


@pytest.mark.parametrize("table", ["trial", "job", "trial_job", "metric", "attempt", "trial_tag"])
def test_a_backup_fills_what_cannot_be_read(home, table):
    backups.backup(home)
    with closing(connect(home)) as conn:
        conn.execute("INSERT INTO setting VALUES ('late', '1')")
    before = rows(home, *TABLES, "metric")
    blank(home, table)

    salvage.salvage(home)

    after = rows(home, *TABLES, "metric")
    if table == "metric":
        del before["job"], after["job"]  # the events are to be read again
    assert after == before


@pytest.mark.parametrize("leaf", range(3))
def test_without_a_backup_no_trial_stays_in_parts(home, leaf):
    blank(home, "job", leaf)

    kept = salvage.salvage(home)

    assert soundness.check(home) is None
    with closing(connect(home)) as conn:
        left = {row.id for row in queries.trials(conn)}
        jobs = {row.id: row for row in queries.jobs(conn)}
        assert 0 < len(jobs) < 47
        assert len(left) < 18
        for row in jobs.values():
            assert row.trials or row.state in ("done", "lost")  # lost: stored as running
        for trial in left:
            mine = queries.jobs(conn, trial=trial)
            assert {row.kind for row in mine} >= {"student"}
            assert all(needed in jobs for row in mine for needed in row.inputs)
        assert (
            conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'job'").fetchone()[0] == 47
        )
    says = Path(f"{kept}.txt").read_text(encoding="utf-8")
    assert says.count("to be added again: trial") == 18 - len(left)


@pytest.mark.parametrize("table", ["trial_job", "job_input"])
def test_a_lost_plan_is_made_whole_or_dropped(home, table):
    before = rows(home, "job_input")
    blank(home, table)

    salvage.salvage(home)

    assert soundness.check(home) is None
    with closing(connect(home)) as conn:
        waiting = [row for row in queries.jobs(conn) if row.state == "waiting"]
        for row in waiting:
            assert row.trials
    if table == "job_input":
        assert rows(home, "job_input") == before


@pytest.mark.parametrize("size", [0, 1, 100, 4096, 60_000, 180_000])
def test_one_cut_short_gives_what_is_left_or_its_backup(home, size):
    (home.jobs / "0123456789abcdef").mkdir()
    backups.backup(home)
    before = rows(home, *TABLES)
    home.db.write_bytes(home.db.read_bytes()[:size])

    salvage.salvage(home)

    assert soundness.check(home) is None
    after = rows(home, *TABLES)
    if before["job"] != after["job"]:  # the same, read again from its start
        del before["job"], after["job"]
    assert after == before


def replace_by_noise(home):
    home.db.write_bytes(b"noise" * 10_000)


def replace_by_a_folder(home):
    home.db.unlink()
    (home.db / "within").mkdir(parents=True)


@pytest.mark.parametrize("harm", [replace_by_noise, replace_by_a_folder])
def test_where_nothing_can_be_read_the_newest_sound_backup_is_taken(home, harm):
    backups.backup(home)
    before = rows(home, *TABLES, "metric")
    newer = home.root / "wnkd.db.before-0999"
    newer.write_bytes(b"no database")
    harm(home)

    kept = salvage.salvage(home)

    assert rows(home, *TABLES, "metric") == before
    assert "wnkd.db.backup took its place" in Path(f"{kept}.txt").read_text(encoding="utf-8")
    assert kept.exists()


def test_an_older_backup_is_brought_up_to_date(released):
    home = released("0001")
    home.db.rename(home.root / "wnkd.db.before-0002")
    home.db.write_bytes(b"noise" * 1000)

    salvage.salvage(home)

    assert connection.revision(home) == LAST
    assert {len(found) for found in rows(home, "job").values()} == {47}


def test_a_damaged_database_of_an_older_wnkd_is_saved_too(released):
    home = released("0001")
    blank(home, "metric")
    with pytest.raises(StoreError, match="damaged"):
        connect(home)

    salvage.salvage(home)

    assert soundness.check(home) is None
    assert {len(found) for found in rows(home, "job").values()} == {47}


def test_with_nothing_to_read_and_no_backup_nothing_is_touched(home):
    home.db.write_bytes(b"noise" * 1000)
    before = sorted({path.name for path in home.root.iterdir()} | {"wnkd.db.lock"})

    with pytest.raises(StoreError, match="has no sound backup: move it away") as told:
        salvage.salvage(home)

    assert "\n" not in str(told.value)
    assert home.db.read_bytes() == b"noise" * 1000
    assert sorted({path.name for path in home.root.iterdir()} | {"wnkd.db.lock"}) == before


def test_a_database_that_another_process_has_open_is_left_alone(home):
    program = (
        "import sys; from pathlib import Path; from wnkd_tui.home import Home;"
        "from wnkd_tui.store.database import connect; conn = connect(Home(Path(sys.argv[1])));"
        "print('open', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, home.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        other.stdout.readline()
        with pytest.raises(StoreError, match="is open in another process: end run-queue"):
            salvage.salvage(home)
    finally:
        other.communicate()
    assert salvage.salvage(home).exists()


def test_no_room_is_told_beforehand(home, monkeypatch):
    full = shutil.disk_usage(home.root)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)

    with pytest.raises(StoreError, match=r"takes \d+ MiB, 0 MiB are free"):
        salvage.salvage(home)


def test_every_damaged_one_is_kept(home):
    backups.backup(home)
    for number in (1, 2, 3):
        blank(home, "setting")
        assert salvage.salvage(home).name == f"wnkd.db.damaged-{number}"


def test_whoever_is_killed_while_names_change_leaves_one_of_both(home):
    """At no moment is there no database, which the next command would take for a new one."""
    with closing(connect(home)) as conn:
        conn.execute("INSERT INTO setting VALUES ('late', '1')")
        logs = [path.read_bytes() for path in home.database_files[1:]]
    damaged, fresh = home.db.read_bytes(), home.root / "fresh.db"
    shutil.copy(home.db, fresh)
    with closing(sqlite3.connect(fresh)) as conn:
        conn.execute("DELETE FROM setting")
        conn.commit()
    for moment in itertools.count(1):
        made = shutil.copy(fresh, home.root / "made.db")
        home.db.write_bytes(damaged)
        for path, content in zip(home.database_files[1:], logs, strict=True):
            path.write_bytes(content)
        child = multiprocessing.get_context("fork").Process(
            target=killed_at, args=(home, made, moment)
        )
        child.start()
        child.join()
        now = home.db.read_bytes()
        assert now in (damaged, fresh.read_bytes())
        if now != damaged:
            assert not any(path.exists() for path in home.database_files[1:])
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
    assert moment > 4


def killed_at(home, made, moment):
    """In a process of its own: changes names until call number `moment` into the system."""
    left = itertools.count(moment - 1, -1)

    def watch(event, _):
        if event in ("os.rename", "os.link") and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    salvage._swap(home, made, "told")


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_damaged_what_comes_of_it_is_sound(home, seed):
    backups.backup(home)
    rng = random.Random(seed)
    content = bytearray(home.db.read_bytes())
    for _ in range(8):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    home.db.write_bytes(content)

    salvage.salvage(home)

    assert soundness.check(home) is None
    with closing(connect(home)) as conn:
        assert len(queries.trials(conn)) == 18
        assert len(queries.jobs(conn)) == 47
