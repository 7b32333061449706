"""A full disk pauses the queue, loses nothing, and is waited out."""

import errno
import os
import sqlite3
import subprocess
from collections import namedtuple
from contextlib import closing, suppress

import pytest

from wnkd_tui.home import Home
from wnkd_tui.queue import disk, jobdir
from wnkd_tui.queue.supervisor import Phase
from wnkd_tui.store import commands, queries
from wnkd_tui.store.connection import StoreError
from wnkd_tui.store.database import connect

MIB = disk.MIB
FULL = OSError(errno.ENOSPC, "No space left on device")


def test_what_is_free_is_what_the_fullest_of_the_homes_disks_has(home, monkeypatch):
    space = namedtuple("space", "f_bavail f_frsize")
    rooms = {home.root: space(1000, 4096), home.jobs: space(500, 4096), home.artifacts: space(9, 1)}
    monkeypatch.setattr(os, "statvfs", rooms.get)
    assert disk.free(home) == 9
    home.artifacts.rmdir()
    assert disk.free(home) == 500 * 4096
    assert disk.shortage(home, 1) is None
    assert disk.shortage(home, 2) == (
        f"paused: disk full (1 MiB free at {home.root}; goes on at 2)"
    )


def test_errors_that_mean_a_full_disk_are_known(home, conn):
    assert disk.is_full(FULL, short=False)
    assert disk.is_full(OSError(errno.EDQUOT, "quota"), short=False)
    assert not disk.is_full(OSError(errno.EACCES, "denied"), short=True)
    assert not disk.is_full(ValueError(), short=True)
    cannot = StoreError("cannot write")
    cannot.__cause__ = FULL
    assert disk.is_full(cannot, short=False)
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    assert disk.is_full(error, short=True)
    assert not disk.is_full(error, short=False)  # a disk that fails

    limit_pages(conn, 0)
    assert disk.is_full(fill_pages(conn), short=False)


def test_no_job_starts_below_the_limit_and_the_note_says_so(work, monkeypatch):
    work.add(work.job("one"))
    room = [12 * MIB]
    monkeypatch.setattr(disk, "free", lambda home: room[0])
    notes, states = [], []
    supervisor = work.supervisor(free_disk=256)

    def act():
        shown = work.conn.execute("SELECT note FROM supervisor").fetchone()
        notes.append(shown and shown["note"])
        states.append(work.states()["one"])
        if notes.count(notes[-1]) > 3:
            room[0] = 256 * MIB

    assert work.run(supervisor, act) == 0

    said = f"paused: disk full (12 MiB free at {work.home.root}; goes on at 256)"
    assert said in notes
    assert states[notes.index(said)] == "waiting"
    assert supervisor.note == "working"


def test_a_database_that_is_full_is_waited_out_and_nothing_is_lost(work, tmp_path):
    """SQLITE_FULL in the midst of a job: its events wait in their file."""
    gate = tmp_path / "gate"
    (n,) = work.add(work.job("long", steps=400, gate=str(gate)))
    supervisor = work.supervisor()
    notes = []

    def on_tick(mine):
        if work.losses(n) and not gate.exists():
            limit_pages(mine, 0)
            fill_pages(mine)
            gate.touch()
        notes.append(supervisor.note)
        if notes.count("paused: disk full (database or disk is full)") == 10:
            limit_pages(mine, 10_000)

    assert supervisor.run(True, on_tick=on_tick) == 0

    assert notes.count("paused: disk full (database or disk is full)") >= 10
    row = work.row(n)
    assert (row.state, row.attempt) == ("done", 1)
    assert work.losses(n) == [(step, 1 / step) for step in range(1, 401)]


def test_a_job_that_cannot_be_prepared_waits(work, monkeypatch):
    (n,) = work.add(work.job("one"))
    supervisor = work.supervisor()
    full, notes = [True], []

    def prepare(home, claimed, **how):
        if full:
            raise StoreError("cannot write job 1") from FULL
        real(home, claimed, **how)

    real = jobdir.prepare
    monkeypatch.setattr(jobdir, "prepare", prepare)

    def act():
        shown = work.conn.execute("SELECT note FROM supervisor").fetchone()["note"]
        notes.append(shown)
        if full and notes.count("paused: disk full (cannot write job 1)") == 5:
            assert work.row(n).state == "waiting"
            full.clear()

    assert work.run(supervisor, act) == 0

    assert work.row(n).attempt == 1


def test_another_fault_of_preparing_is_told(work, monkeypatch):
    work.add(work.job("one"))
    denied = OSError(errno.EACCES, "denied")

    def prepare(home, claimed, **how):
        raise StoreError("cannot write job 1") from denied

    monkeypatch.setattr(jobdir, "prepare", prepare)
    with pytest.raises(StoreError, match="cannot write job 1"):
        work.drain()
    assert work.states() == {"one": "waiting"}


def test_a_supervisor_can_be_stopped_where_nothing_can_be_written(work, monkeypatch):
    (n,) = work.add(work.job("long", steps=1000, delay=0.02))
    supervisor = work.supervisor()

    def full(*arguments, **options):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with monkeypatch.context() as patched:

        def on_tick(_):
            if work.losses(n) and supervisor.phase is Phase.WORKING:
                whole = ("supervisors.beat", "supervisors.requeue", "work.record", "work.settle")
                for name in whole:
                    patched.setattr(f"wnkd_tui.store.{name}", full)
                supervisor.interrupt()

        supervisor.run(False, on_tick=on_tick)

    assert supervisor.note.startswith("stopping: its jobs go back to waiting; paused: disk full")
    assert not work.alive(work.pids(n)[0])
    stored = work.conn.execute("SELECT state FROM job").fetchone()
    assert stored["state"] == "running"  # of nobody: the next run-queue takes it up
    assert_goes_on(work, n, len(work.losses(n)))


def assert_goes_on(work, n, steps):
    """The next one settles the run, and starts the job from its checkpoint."""

    def act():
        row = work.row(n)
        if len(work.losses(n)) > steps + 2 and row.state == "running" and not row.wanted:
            commands.cancel(work.conn, [n])

    assert work.drain(act) == 0
    assert [one.ending for one in queries.attempts(work.conn, n)] == ["preempted", "cancelled"]


@pytest.fixture
def small(tmp_path):
    """A disk of 3 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "wnkd-test", place]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_queue_on_a_disk_that_fills_up_pauses_and_goes_on(small, prepared, work, monkeypatch):
    """A job fills the disk and its metrics find no room; somebody makes room; all is complete."""
    home = Home(small / "home")
    for directory in (home.root, home.jobs, home.artifacts, home.cache):
        directory.mkdir()
    home.db.write_bytes(prepared.read_bytes())
    with closing(connect(home)) as conn:
        on_it = type(work)(home, conn)
        ballast = small / "ballast"
        steps = on_it.job("steps", steps=300, delay=0.002)
        big = on_it.job("big", steps=3, fill=MIB)
        n, m = on_it.add(steps, big)
        limit = {"retries": 3, "backoff": 0.01, "backoff_limit": 0.05, "free_disk": 1}
        supervisor = on_it.supervisor(slots=2, **limit)
        notes = []

        def act():
            notes.append(supervisor.note)
            if on_it.losses(n) and not ballast.exists() and len(set(notes)) == 1:
                fill_disk(ballast)
            if sum("disk full" in note for note in notes) == 40:
                ballast.write_bytes(b"")

        assert on_it.run(supervisor, act) == 0

        assert f"paused: disk full (0 MiB free at {home.root}; goes on at 1)" in notes
        assert on_it.states() == {"steps": "done", "big": "done"}
        assert on_it.losses(n) == [(step, 1 / step) for step in range(1, 301)]
        assert on_it.losses(m) == [(step, 1 / step) for step in range(1, 4)]
        assert {one.ending for one in queries.attempts(conn, n)} <= {"disk full", "done", "lost"}
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def limit_pages(conn, more):
    """The database may have so many more pages; this holds for one connection."""
    pages = conn.execute("PRAGMA page_count").fetchone()[0]
    conn.execute(f"PRAGMA max_page_count = {pages + more}")


def fill_pages(conn):
    """Takes what is left in the pages."""
    for size in (4000, 100, 1):
        try:
            for n in range(10_000):
                conn.execute("INSERT INTO setting VALUES (?, ?)", [f"{size} {n}", "x" * size])
        except sqlite3.OperationalError as error:
            full = error
    return full


def fill_disk(path):
    """To the last byte."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


def test_a_log_that_finds_no_room_ends_no_run_queue(work):
    work.add(work.job("only"))
    told = []

    def on_tick(_):
        told.append(1)
        if len(told) < 3:
            raise FULL

    assert work.supervisor().run(True, on_tick=on_tick) == 0
    assert work.states() == {"only": "done"}
    assert len(told) >= 3


def test_another_fault_in_what_is_told_is_not_hidden(work):
    work.add(work.job("only"))

    def on_tick(_):
        raise PermissionError(errno.EACCES, "denied")

    with pytest.raises(PermissionError):
        work.supervisor().run(True, on_tick=on_tick)
