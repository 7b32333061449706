"""A damaged database, in every way: one clear line from every command, and nothing made worse."""

import json
import os
import random
import shutil
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from wnkd_tui.cli.root import app
from wnkd_tui.home import Home
from wnkd_tui.store import connection, soundness
from wnkd_tui.store.connection import REVISIONS
from wnkd_tui.store.database import connect

LAST = REVISIONS[-1]
READING = (
    ("queue", "list", "--json"),
    ("queue", "list"),
    ("queue", "show", "14", "--json"),
    ("trial", "list", "--json"),
    ("report", "table2", "--json"),
    ("queue", "add", "--wn", "100", "--dry-run"),
)
WRITING = (
    ("queue", "add", "--wn", "20"),
    ("queue", "cancel", "3"),
    ("queue", "retry", "30"),
    ("queue", "remove", "--trial", "7"),
)
POWERS = [0, *(1 << power for power in range(18))]
PAGE = 4096


@pytest.fixture(scope="module")
def idle(built, tmp_path_factory):
    """A home with no job left to do, its database in one file, and what its jobs left."""
    home = Home(tmp_path_factory.mktemp("idle"))
    shutil.copy(built[LAST], home.db)
    with closing(connect(home)) as conn:
        conn.execute("UPDATE job SET state = 'cancelled' WHERE state IN ('waiting', 'running')")
    (home.jobs / "0123456789abcdef").mkdir(parents=True)
    return home


@pytest.fixture
def home(idle, tmp_path, monkeypatch):
    """A copy of it, to be damaged."""
    root = shutil.copytree(idle.root, tmp_path / "home")
    monkeypatch.setenv("WNKD_HOME", str(root))
    return Home.find()


@pytest.fixture(scope="module")
def good(idle):
    """What every reading command says of the sound database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WNKD_HOME", str(idle.root))
        return {words: told(words) for words in READING}


def told(words):
    """What a command says, whatever its home is called."""
    result = wnkd(*words)
    return result.exit_code, result.stdout.replace(os.environ["WNKD_HOME"], "HOME")


def wnkd(*words):
    return CliRunner().invoke(app, list(words))


def refused(result):
    """Whether a command said in one line that the database cannot be used."""
    assert result.exit_code == 2, result.stderr
    assert result.stderr.count("\n") == 1
    assert "--debug" not in result.stderr
    return result.stderr


@pytest.mark.parametrize("size", [*POWERS, *random.Random(4).sample(range(200_000), 4)])
def test_a_database_cut_short_is_refused_by_every_command(home, size):
    content = home.db.read_bytes()
    assert size < len(content)
    home.db.write_bytes(content[:size])

    for words in (*READING, *WRITING, ("run-queue", "--drain"), ("demo",)):
        says = refused(wnkd(*words))
        assert f"{home.db} is damaged" in says
        assert "wnkd doctor --mend" in says
    assert "damaged" in soundness.check(home)
    doctor = wnkd("doctor", "--json")
    assert doctor.exit_code == 1
    (found,) = (one for one in json.loads(doctor.stdout)["checks"] if one["name"] == "database")
    assert not found["ok"]
    assert "is damaged" in found["says"]
    assert home.db.read_bytes() == content[:size]


@pytest.mark.parametrize("seed", range(16))
def test_flipped_bits_are_told_or_do_no_harm(home, good, seed):
    flip(home, random.Random(seed), bits=1 + seed % 3)

    found = soundness.check(home)

    for words in READING:
        result = wnkd(*words)
        if result.exit_code != good[words][0]:
            assert "is damaged" in refused(result)
            assert found
    for words in WRITING:
        result = wnkd(*words)
        if result.exit_code:
            refused(result)


@pytest.mark.parametrize("seed", range(8))
def test_a_page_of_something_else_is_told(home, good, seed):
    rng = random.Random(seed)
    page = rng.randrange(home.db.stat().st_size // PAGE)
    with home.db.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(rng.randbytes(PAGE))

    assert "is damaged" in soundness.check(home)

    for words in READING:
        result = wnkd(*words)
        if result.exit_code != good[words][0]:
            assert "is damaged" in refused(result)


def replace_by_noise(home):
    home.db.write_bytes(random.Random(0).randbytes(50_000))


def replace_by_text(home):
    home.db.write_text("a list of birds\n" * 100)


def replace_by_another_programs(home):
    home.db.unlink()
    with closing(sqlite3.connect(home.db)) as other:
        other.execute("CREATE TABLE mine (x)")


def replace_by_a_folder(home):
    home.db.unlink()
    home.db.mkdir()


def replace_the_log_by_a_folder(home):
    home.database_files[1].mkdir()


def bar(home):
    home.db.chmod(0)
    if os.access(home.db, os.R_OK):
        pytest.skip("this user may read everything")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (replace_by_noise, "damaged"),
        (replace_by_text, "damaged"),
        (replace_by_another_programs, "no database of wnkd"),
        (replace_by_a_folder, "is a folder"),
        (replace_the_log_by_a_folder, "wnkd.db-wal"),
        (bar, "cannot open"),
    ],
)
def test_something_else_in_its_place_is_refused(home, harm, says):
    harm(home)

    for words in (*READING, *WRITING, ("run-queue", "--drain")):
        assert says in refused(wnkd(*words))
    assert says in soundness.check(home)
    assert wnkd("doctor").exit_code == 1


def test_a_newer_wnkds_database_is_refused_by_every_command(home):
    with closing(connect(home)) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '0999'")

    for words in (*READING, *WRITING, ("run-queue", "--drain")):
        assert "was written by a newer wnkd (schema 0999" in refused(wnkd(*words))


def test_an_emptied_database_is_not_taken_for_a_new_one(tmp_path):
    home = Home(tmp_path)
    connect(home).close()
    home.db.write_bytes(b"")
    connect(home).close()  # nothing tells that it held anything

    home.db.write_bytes(b"")
    (tmp_path / "wnkd.db.backup").write_bytes(b"anything")
    with pytest.raises(connection.StoreError, match="is empty, though it held trials") as told:
        connect(home)

    assert "newest backup: wnkd.db.backup of 20" in str(told.value)
    assert home.db.stat().st_size == 0


def test_an_error_of_ours_is_put_down_to_a_damaged_database(home):
    with closing(connect(home)) as conn:
        conn.execute("UPDATE trial SET spec = 'no JSON' WHERE id = 3")

    assert "is damaged (trial 3 cannot be read" in refused(wnkd("trial", "list"))


# What the log says is lost with it; what was in the database before is there, and sound.


@pytest.fixture
def logged(home, tmp_path):
    """Another home, whose last change is in the log and its index alone."""
    other = Home(tmp_path / "logged")
    other.root.mkdir()
    with closing(connect(home)) as conn:
        conn.execute("INSERT INTO setting VALUES ('late', '1')")
        for path, copy in zip(home.database_files, other.database_files, strict=True):
            shutil.copy(path, copy)
    return other


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_one(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def noise(path):
    path.write_bytes(random.Random(1).randbytes(10_000))


def gone(path):
    path.unlink()


def emptied(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [cut, flip_one, noise, gone, emptied])
def test_a_damaged_log_costs_no_more_than_what_was_in_it(logged, harm):
    harm(logged.database_files[1])

    assert soundness.check(logged) is None
    with closing(connect(logged)) as conn:
        assert conn.execute("SELECT count(*) FROM job").fetchone()[0] == 47
        assert not conn.execute("SELECT 1 FROM setting WHERE name = 'late'").fetchall()


@pytest.mark.parametrize("harm", [cut, flip_one, noise, gone, emptied])
def test_a_damaged_index_of_the_log_costs_nothing(logged, harm):
    harm(logged.database_files[2])

    assert soundness.check(logged) is None
    with closing(connect(logged)) as conn:
        assert conn.execute("SELECT 1 FROM setting WHERE name = 'late'").fetchall()


# Held by another.


def test_a_writer_that_holds_on_is_told_by_every_command_that_writes(home, good, monkeypatch):
    monkeypatch.setattr(connection, "BUSY_TIMEOUT", 0.02)
    with closing(sqlite3.connect(home.db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for words in WRITING:
            assert "being written by another process" in refused(wnkd(*words))
        for words in READING:
            assert told(words) == good[words]


def test_one_that_lets_nobody_read_is_told_by_every_command(home, monkeypatch):
    monkeypatch.setattr(connection, "BUSY_TIMEOUT", 0.02)
    with closing(sqlite3.connect(home.db, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO setting VALUES ('x', 'y')")
        for words in (*READING, *WRITING, ("run-queue", "--drain")):
            assert "being written by another process" in refused(wnkd(*words))


def flip(home, rng, bits):
    content = bytearray(home.db.read_bytes())
    for _ in range(bits):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    home.db.write_bytes(content)
