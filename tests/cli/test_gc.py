"""`wnkd gc`: what no trial needs goes, all else stays, whenever it is killed."""

import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
from filelock import FileLock

from engine.artifacts import ArtifactStore
from engine.process import ProcessId
from wnkd_tui.home import Home
from wnkd_tui.queue.housekeeping import gc, trash
from wnkd_tui.store import commands, queries
from wnkd_tui.store.database import connect

STATES = ("waiting", "running", "paused", "done", "failed", "cancelled", "lost")
LONG_AGO = time.time() - 7200
LOG, RESUME = ("job.json", "events.jsonl", "exit.json"), ("checkpoint.pt", "views.npy")


def key_of(name: object) -> str:
    return hashlib.sha256(repr(name).encode()).hexdigest()


def write(path, text="x" * 10, age=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if age is not None:
        os.utime(path, (age, age))
    return path


def add_job(conn, key, state="waiting", spec="{}"):
    conn.execute(
        "INSERT INTO job (key, kind, name, spec, state, position, done, total, unit, attempt,"
        " events_offset, queued_at) VALUES (?, 'teacher', 'T_1s', ?, ?, 1, 0, 0, '', 0, 0, 0)",
        [key, spec, state],
    )


def files_of(home: Home) -> set[str]:
    return {
        str(path.relative_to(home.root))
        for top in (home.artifacts, home.jobs, home.files, home.cache, home.datasets)
        for path in top.rglob("*")
        if path.is_file() or path.is_symlink()
    }


class World:
    """A home with random jobs in random states, and all that they and others left there."""

    def __init__(self, home: Home, seed: int) -> None:
        draw = random.Random(seed)
        self.kept: set[str] = set()
        self.home = home
        with closing(connect(home)) as conn:
            add_job(conn, key_of("first"), "waiting")  # this database is in use
            for number in range(draw.randrange(12)):
                self._job(conn, draw, key_of((seed, number)))
            for number in range(4):
                self._file(conn, draw, f"nouns-{key_of((seed, 'file', number))[:16]}.txt")
        self._write(True, home.datasets / "mine" / "image.png")
        self._write(True, home.artifacts / "README")  # has no name that wnkd gives
        self._write(True, home.files / "notes.txt", LONG_AGO)
        self._write(True, home.cache / "wordnet-nouns-0123" / "data.noun")
        self._write(False, home.cache / ".wordnet-abc", LONG_AGO)
        self._write(True, home.files / ".new-abc")

    def _job(self, conn, draw, key):
        state = draw.choice((None, *STATES))
        if state:
            add_job(conn, key, state)
        folder = self.home.jobs / key[:16]
        for name in LOG:
            self._write(state is not None, folder / name)
        for name in RESUME:
            if draw.random() < 0.7:
                self._write(state not in (None, "done"), folder / name)
        if draw.random() < 0.7:
            place = self.home.artifacts / key[:2] / key
            self._write(state is not None, place / "meta.json")
            self._write(state is not None, place / "inner" / "model.safetensors")
        if draw.random() < 0.5:
            self._write(state is not None, self.home.artifacts / "locks" / f"{key}.lock")
        if draw.random() < 0.5:
            self._write(state == "running", self.home.artifacts / "tmp" / f"{key}.123" / "half")

    def _file(self, conn, draw, name):
        young, named = draw.random() < 0.3, draw.random() < 0.5
        if named:
            spec = json.dumps({"settings": {"nouns": f"file:{name}"}})
            add_job(conn, key_of(name), draw.choice(STATES), spec)
        self._write(young or named, self.home.files / name, None if young else LONG_AGO)

    def _write(self, is_kept, path, age=None):
        write(path, age=age)
        if is_kept:
            self.kept.add(str(path.relative_to(self.home.root)))

    def sweep(self):
        with closing(connect(self.home)) as conn:
            return gc.sweep(self.home, conn)

    def look(self):
        with closing(connect(self.home)) as conn:
            return gc.look(self.home, conn)


@pytest.mark.parametrize("seed", range(12))
def test_the_needed_stays_all_else_goes_and_twice_is_once(home, seed):
    world = World(home, seed)
    before = files_of(home)
    foreseen = world.look()
    assert files_of(home) == before
    swept = world.sweep()
    assert files_of(home) == world.kept
    assert swept == foreseen
    assert world.sweep().freed == []
    assert files_of(home) == world.kept


@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_deletion_loses_nothing_needed(home, seed, monkeypatch):
    world = World(home, 100 + seed)
    deletions = 0

    class Killed(BaseException):
        pass

    def delete(path):
        nonlocal deletions
        deletions += 1
        if deletions % 3 == seed % 3:
            if path.is_dir():  # half of it went
                for inner in list(path.rglob("meta.json")):
                    inner.unlink()
            raise Killed
        whole(path)

    whole = trash.delete
    monkeypatch.setattr(trash, "delete", delete)
    kills = 0
    while True:
        try:
            world.sweep()
            break
        except Killed:
            kills += 1
            assert world.kept <= files_of(home)
    assert kills
    assert files_of(home) == world.kept


def test_what_is_asked_for_meanwhile_stays(home, monkeypatch):
    """Between the look and the deletion a trial with that very job is queued."""
    key = key_of("meanwhile")
    with closing(connect(home)) as conn:
        add_job(conn, key_of("other"))
    artifact = write(home.artifacts / key[:2] / key / "meta.json")
    real = gc.candidates

    def candidates(home):
        found = list(real(home))
        with closing(connect(home)) as conn:
            add_job(conn, key)
        return found

    monkeypatch.setattr(gc, "candidates", candidates)
    with closing(connect(home)) as conn:
        monkeypatch.setattr(gc, "_check_database", lambda *_: None)
        assert gc.sweep(home, conn).freed == []
    assert artifact.exists()


def test_beside_queueing_and_reading_nobody_is_disturbed(home, wnkd):
    """Trials are added and removed while gc runs over and over; what is queued keeps its things."""
    wnkd("queue", "add", "--wn", "100")
    with closing(connect(home)) as conn:
        keys = [row.key for row in queries.jobs(conn)]
    for key in keys:
        write(home.artifacts / key[:2] / key / "meta.json")
    over, faults = threading.Event(), []

    def sweep():
        try:
            with closing(connect(home)) as conn:
                while not over.is_set():
                    gc.sweep(home, conn)
        except BaseException as error:
            faults.append(error)
            raise

    thread = threading.Thread(target=sweep)
    thread.start()
    try:
        for seed in range(3):
            result = wnkd("queue", "add", "--teachers", "none", "--seeds", f"{seed},")
            assert result.exit_code == 0, result.stderr
    finally:
        over.set()
        thread.join()
    assert not faults
    assert all((home.artifacts / key[:2] / key / "meta.json").exists() for key in keys)


def test_what_is_being_made_and_who_works_is_left_alone(home):
    making, working = key_of("making"), key_of("working")
    with closing(connect(home)) as conn:
        add_job(conn, key_of("other"))
        half = write(home.artifacts / "tmp" / f"{making}.1" / "half")
        store = ArtifactStore(home.artifacts)
        write(
            home.jobs / working[:16] / "process.json",
            json.dumps({"process": str(ProcessId.of(os.getpid()))}),
        )
        with store.lock(making):
            for swept in (gc.look(home, conn), gc.sweep(home, conn)):
                assert swept.freed == []
                assert {path.name: why for path, why in swept.left} == {
                    f"{making}.1": "it is being made",
                    f"{making}.lock": "it is being made",
                    working[:16]: f"process {os.getpid()} works in it (wnkd doctor --mend ends it)",
                }
        assert half.exists()
        gc.sweep(home, conn)
        assert not half.exists()


def test_no_lock_file_is_left_where_there_was_none(home):
    known, unknown = key_of("known"), key_of("unknown")
    with closing(connect(home)) as conn:
        add_job(conn, known)
        write(home.artifacts / unknown[:2] / unknown / "meta.json")
        write(home.artifacts / "tmp" / f"{known}.1" / "half")
        gc.sweep(home, conn)
    assert files_of(home) == set()


def test_links_are_never_followed(home, tmp_path):
    outside = write(tmp_path / "outside" / key_of("a") / "meta.json")
    with closing(connect(home)) as conn:
        add_job(conn, key_of("other"))
        (home.artifacts / key_of("a")[:2]).symlink_to(outside.parents[1])
        (home.artifacts / "bb").mkdir()
        link = home.artifacts / "bb" / ("b" * 64)
        link.symlink_to(outside.parent)
        folder = home.jobs / ("c" * 16)
        folder.mkdir()
        (folder / "inside").symlink_to(outside.parent)
        home.files.rmdir()
        given = write(tmp_path / "given" / f"nouns-{'d' * 16}.txt", age=LONG_AGO)
        home.files.symlink_to(given.parent)
        swept = gc.sweep(home, conn)
    assert outside.exists()
    assert given.exists()
    assert not link.is_symlink()
    assert not folder.exists()
    assert [one.size for one in swept.freed] == [0, 0]
    assert swept.left == [(home.files, gc.LINK)]


def test_a_database_that_never_held_a_job_frees_no_artifact(home, wnkd):
    key = key_of("precious")
    meta = write(home.artifacts / key[:2] / key / "meta.json")
    result = wnkd("gc", "--delete")
    assert (result.exit_code, meta.exists()) == (2, True)
    assert "never held a job" in result.stderr


def test_after_removing_every_trial_all_goes(home, wnkd):
    wnkd("queue", "add", "--teachers", "none")
    with closing(connect(home)) as conn:
        (row,) = queries.jobs(conn)
        write(home.artifacts / row.key[:2] / row.key / "meta.json")
        commands.remove(conn, [1])
    assert wnkd("gc", "--delete").exit_code == 0
    assert files_of(home) == set()


def test_two_at_a_time_are_one_too_many(home, wnkd):
    with FileLock(home.root / gc.LOCK):
        result = wnkd("gc", "--delete")
        assert result.exit_code == 2
        assert "another wnkd gc" in result.stderr
        assert wnkd("gc").exit_code == 0


def test_the_table_and_the_json(home, wnkd, data, check_shape):
    assert wnkd("gc").stdout == "nothing to free: all that is here is some trial's\n"
    with closing(connect(home)) as conn:
        add_job(conn, key_of("done"), "done")
    write(home.jobs / key_of("done")[:16] / "checkpoint.pt", "x" * 2048)
    write(home.jobs / ("e" * 16) / "events.jsonl", "x" * 100)
    home.cache.rmdir()
    home.cache.symlink_to(home.datasets)
    shown = wnkd("gc")
    assert shown.stdout.splitlines() == [
        "job folders of no trial           1    100 bytes",
        "checkpoints of done jobs          1      2.0 KiB",
        "in all                            2      2.1 KiB",
    ]
    assert "wnkd gc --delete" in shown.stderr
    assert "left alone: cache: a link" in shown.stderr
    found = data("gc")
    check_shape("gc", found)
    assert (found["deleted"], found["count"], found["bytes"]) == (False, 2, 2148)
    assert [one["path"] for one in found["found"]] == [
        f"jobs/{'e' * 16}",
        f"jobs/{key_of('done')[:16]}/checkpoint.pt",
    ]
    assert data("gc", "--delete")["deleted"]
    assert data("gc")["count"] == 0


def test_gc_killed_for_real_leaves_all_that_is_needed(home):
    """SIGKILL at a random moment of a process that frees, twice over."""
    world = World(home, 7)
    for number in range(40):
        key = key_of(("more", number))
        for part in range(5):
            write(home.artifacts / key[:2] / key / f"part{part}")
    for attempt in range(2):
        process = subprocess.Popen(
            [sys.executable, "-m", "wnkd_tui.cli", "gc", "--delete"],
            stdout=subprocess.PIPE,
            env={**os.environ, "WNKD_HOME": str(home.root)},
        )
        moved = sum(1 for _ in home.artifacts.glob("??/*"))
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            if sum(1 for _ in home.artifacts.glob("??/*")) <= moved - 3 * (attempt + 1):
                process.kill()
        process.wait()
        process.stdout.close()
        assert world.kept <= files_of(home)
    world.sweep()
    assert files_of(home) == world.kept


def test_the_database_is_not_locked_while_much_is_deleted(home, monkeypatch):
    key = key_of("big")
    write(home.artifacts / key[:2] / key / "meta.json")
    written = []

    def delete(path):
        with closing(sqlite3.connect(home.db, timeout=0)) as other, other:
            other.execute("INSERT INTO setting VALUES ('a', 'b')")
        written.append(path)

    with closing(connect(home)) as conn:
        add_job(conn, key_of("other"))
        monkeypatch.setattr(trash, "delete", delete)
        gc.sweep(home, conn)
    assert len(written) == 1
