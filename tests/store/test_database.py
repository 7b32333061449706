import itertools
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import create_engine
from sqlmodel import SQLModel, select

import wnkd_tui.store.tables as tables
from wnkd_tui.home import Home
from wnkd_tui.store import backups, connection, database, migrate, soundness
from wnkd_tui.store.connection import REVISIONS, StoreError, transaction
from wnkd_tui.store.database import connect, session

ROOT = Path(__file__).parents[2]


def test_the_migrated_schema_is_what_the_tables_say(conn, tmp_path):
    with closing(sqlite3.connect(tmp_path / "direct.db")) as direct:
        engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(tmp_path / "direct.db"))
        SQLModel.metadata.create_all(engine)
        assert schema(conn) == schema(direct)
    assert schema(conn)["table metric"] == ["WITHOUT ROWID"]


def test_the_known_revisions_are_the_migrations():
    config = Config()
    config.set_main_option("script_location", str(ROOT / "wnkd_tui/store/migrations"))
    scripts = ScriptDirectory.from_config(config).walk_revisions()

    assert tuple(reversed([script.revision for script in scripts])) == REVISIONS


def test_a_connection_waits_for_writers_and_keeps_references(conn):
    settings = [
        conn.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "foreign_keys", "busy_timeout")
    ]
    assert settings == ["wal", 1, 5000]


def test_an_empty_file_is_made_a_database(tmp_path):
    home = Home(tmp_path)
    home.db.touch()

    connect(home).close()

    assert connection.revision(home) == REVISIONS[-1]


def test_a_newer_schema_is_refused_in_one_line(home, conn):
    conn.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreError) as told:
        connect(home)

    assert "newer wnkd (schema 9999" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("damage", ["no database", "half a header"])
def test_a_damaged_file_is_refused_in_one_line(home, damage):
    old = home.db.read_bytes()
    noise = random.Random(0).randbytes(4096)
    home.db.write_bytes(noise if damage == "no database" else old[:50] + noise)

    with pytest.raises(StoreError, match="damaged") as told:
        connect(home)

    assert str(home.db) in str(told.value)
    assert "\n" not in str(told.value)


def test_another_programs_database_is_refused(tmp_path):
    home = Home(tmp_path)
    with closing(sqlite3.connect(home.db)) as other:
        other.execute("CREATE TABLE mine (x)")

    with pytest.raises(StoreError, match="no database of wnkd"):
        connect(home)

    with closing(sqlite3.connect(home.db)) as other:
        assert list(other.execute("SELECT name FROM sqlite_schema")) == [("mine",)]


NEXT = """
from alembic import op
revision, down_revision = "next", "{last}"
def upgrade():
    op.execute("ALTER TABLE setting ADD COLUMN colour TEXT")
    op.execute("{more}")
"""


@pytest.fixture
def another(tmp_path, monkeypatch):
    """Adds a revision, which ends with the statement given."""

    def add(more: str) -> None:
        scripts = shutil.copytree(migrate.SCRIPTS, tmp_path / "migrations")
        text = NEXT.format(more=more, last=REVISIONS[-1])
        (scripts / "versions" / "next.py").write_text(text)
        monkeypatch.setattr(migrate, "SCRIPTS", str(scripts))
        for module in (migrate, database):
            monkeypatch.setattr(module, "REVISIONS", (*REVISIONS, "next"))

    return add


def test_an_older_database_is_brought_up_to_date_and_a_copy_kept(home, conn, another):
    conn.execute("INSERT INTO setting VALUES ('a', '1')")
    another("UPDATE setting SET colour = 'blue'")

    with closing(connect(home)) as newer:
        assert tuple(newer.execute("SELECT * FROM setting").fetchone()) == ("a", "1", "blue")

    with closing(sqlite3.connect(f"{home.db}.before-next")) as copy:
        assert copy.execute("SELECT * FROM setting").fetchall() == [("a", "1")]


def test_a_migration_that_fails_changes_nothing(home, conn, another):
    before = schema(conn)
    another("UPDATE no_such_table SET x = 1")

    with pytest.raises(StoreError, match=r"schema 0005 to next \(no such table: no_such_table\)"):
        connect(home)

    assert schema(conn) == before
    assert connection.revision(home) == REVISIONS[-1]


def test_eight_may_make_the_database_at_once(tmp_path):
    home = Home(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        connections = list(pool.map(lambda _: connect(home), range(8)))

    for conn in connections:
        assert conn.execute("SELECT count(*) FROM job").fetchone()[0] == 0
        conn.close()
    assert home.backups == []


def test_a_copy_that_is_there_already_is_not_overwritten(home, conn, another):
    Path(f"{home.db}.before-next").write_text("mine")
    another("UPDATE setting SET colour = 'blue'")

    connect(home).close()

    assert Path(f"{home.db}.before-next").read_text() == "mine"
    assert connection.revision(Home(kept_as(home, "wnkd.db.before-next-2"))) == REVISIONS[-1]


def test_without_a_copy_there_is_no_migration(home, conn, another, monkeypatch):
    another("UPDATE setting SET colour = 'blue'")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "sync", full)
    with pytest.raises(StoreError, match="no room for a copy of") as told:
        connect(home)

    assert "\n" not in str(told.value)
    assert connection.revision(home) == REVISIONS[-1]
    assert home.backups == []


def test_a_damaged_database_is_not_migrated(home, conn, another):
    fill(conn)
    conn.close()
    damage_a_page_of(home, "metric")
    another("UPDATE setting SET colour = 'blue'")

    with pytest.raises(StoreError, match="is damaged"):
        connect(home)

    assert connection.revision(home) == REVISIONS[-1]
    assert home.backups == []


def test_a_process_that_migrates_is_killed_at_any_moment(released):
    """At SQL statements and at steps on files: the old schema or the new one, whole.

    Every moment was tried once (WNKD_FUZZ=1 does it again); here it is each seventh.
    """
    killed = 0
    for moment in itertools.count(1, 1 if os.environ.get("WNKD_FUZZ") else 7):
        home = released("0001")
        child = multiprocessing.get_context("fork").Process(target=killed_at, args=(home, moment))
        child.start()
        child.join()
        assert connection.revision(home) in ("0001", REVISIONS[-1])
        for copy in home.backups:
            assert connection.revision(Home(kept_as(home, copy.name))) == "0001"
        assert soundness.check(home) is None  # by which it is brought up to date
        with closing(connect(home)) as conn:
            assert conn.execute("SELECT count(*) FROM metric").fetchone()[0] == 985
        shutil.rmtree(home.root)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        killed += 1
    assert killed > 10


def killed_at(home, moment):
    """In a process of its own: migrates until the statement or file operation number `moment`."""
    left = itertools.count(moment - 1, -1)

    def step(*_: object) -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def opened(home):
        connection = original(home)
        connection.set_trace_callback(step)
        return connection

    def synced(path):
        step()
        sync(path)
        step()

    original, sync = connection.open_file, backups.sync
    for module in (migrate, backups):
        module.open_file = opened
    backups.sync = synced
    migrate.migrate(home)


def test_a_backup_holds_all_and_the_one_of_another_day_stays(home, conn):
    fill(conn)
    first = backups.backup(home)
    assert first == home.root / "wnkd.db.backup"
    conn.execute("DELETE FROM metric WHERE step > 10")

    backups.backup(home)
    second = home.root / "wnkd.db.backup-2"
    assert [count(path) for path in (first, second)] == [20, 4000]

    conn.execute("DELETE FROM metric WHERE step > 5")
    backups.backup(home)
    assert [count(path) for path in (first, second)] == [10, 4000]

    a_day_ago = time.time() - backups.DAY - 1
    os.utime(second, (a_day_ago, a_day_ago))
    backups.backup(home)
    assert [count(path) for path in (first, second)] == [10, 10]
    assert home.backups == [first, second]
    assert not list(home.root.glob("*.new*"))


def test_a_backup_never_takes_the_place_of_a_better_one(home, conn):
    fill(conn)
    backups.backup(home)
    conn.close()
    damage_a_page_of(home, "metric")

    with pytest.raises(StoreError, match="damaged"):
        backups.backup(home)

    assert count(home.root / "wnkd.db.backup") == 4000
    assert [path.name for path in home.backups] == ["wnkd.db.backup"]


def test_a_writer_that_holds_on_is_told_in_one_line(home, conn, monkeypatch):
    monkeypatch.setattr(connection, "BUSY_TIMEOUT", 0.05)
    conn.execute("BEGIN IMMEDIATE")

    def write() -> None:
        with session(home) as opened:
            opened.add(tables.Setting(name="a", value="1"))

    with pytest.raises(StoreError, match="being written by another process") as told:
        write()

    assert "\n" not in str(told.value)


def test_a_migration_that_another_process_holds_is_waited_for(home, another, monkeypatch):
    another("UPDATE setting SET colour = 'blue'")
    monkeypatch.setattr(migrate, "PATIENCE", 0.05)

    with FileLock(f"{home.db}.lock"), pytest.raises(StoreError, match="another process has been"):
        connect(home)


def test_a_transaction_is_whole_or_nothing(conn):
    def half() -> None:
        with transaction(conn):
            conn.execute("INSERT INTO setting VALUES ('a', '1')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert conn.execute("SELECT count(*) FROM setting").fetchone()[0] == 0

    with transaction(conn):
        conn.execute("INSERT INTO setting VALUES ('a', '1')")
    assert conn.execute("SELECT count(*) FROM setting").fetchone()[0] == 1


def test_a_session_holds_the_write_lock_from_its_start(home, conn):
    conn.execute("PRAGMA busy_timeout = 0")
    with session(home) as opened:
        opened.exec(select(tables.Setting)).all()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            conn.execute("INSERT INTO setting VALUES ('a', '1')")
        opened.add(tables.Setting(name="b", value="2"))
    assert conn.execute("SELECT value FROM setting").fetchone()["value"] == "2"


def test_reading_imports_nothing_heavy(home, conn):
    """`wnkd queue list` has 0.8 seconds; SQLModel alone takes longer."""
    program = (
        "import sys; from pathlib import Path; from wnkd_tui.home import Home;"
        "from wnkd_tui.store import commands, database, queries;"
        "conn = database.connect(Home(Path(sys.argv[1])));"
        "queries.jobs(conn); queries.trials(conn); queries.counts(conn);"
        "heavy = {'sqlmodel', 'sqlalchemy', 'alembic', 'pydantic', 'numpy', 'torch', 'textual'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, home.root],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def fill(conn: sqlite3.Connection) -> None:
    """A job with 4,000 rows of metrics: several pages."""
    conn.execute(
        "INSERT INTO job (id, key, kind, name, spec, state, position, done, total, unit, attempt,"
        " events_offset, queued_at) VALUES (1, 'k', 'T_x', 'T_x', '{}', 'done', 1, 0, 0, '', 0, 0,"
        " 1.0)"
    )
    with transaction(conn):
        rows = ((name, step) for name in ("loss", "val_top1") for step in range(1, 2001))
        conn.executemany("INSERT INTO metric VALUES (1, ?, ?, 0.5)", rows)


def damage_a_page_of(home: Home, table: str) -> None:
    with closing(sqlite3.connect(home.db)) as conn:
        (page,) = conn.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]
        ).fetchone()
        (size,) = conn.execute("PRAGMA page_size").fetchone()
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with home.db.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))


def count(path: Path) -> int:
    """Rows of metrics in a copy."""
    with closing(sqlite3.connect(path)) as conn:
        found: int = conn.execute("SELECT count(*) FROM metric").fetchone()[0]
        return found


def kept_as(home: Home, name: str) -> Path:
    """A folder in which the copy `name` is a home's database."""
    folder = home.root / f"of-{name}"
    folder.mkdir()
    shutil.copy(home.root / name, folder / "wnkd.db")
    return folder


def schema(conn: sqlite3.Connection) -> dict[str, object]:
    """What tables and indices are, however they came to be; alembic's own table aside."""
    found: dict[str, object] = {}
    rows = conn.execute(
        "SELECT name, type, sql FROM sqlite_schema"
        " WHERE tbl_name NOT IN ('alembic_version', 'sqlite_sequence')"
    )
    for name, kind, sql in rows.fetchall():
        asked = {
            f"{pragma} {name}": sorted(
                repr(tuple(row)[1:])  # the first is a place, which indices have by chance
                for row in conn.execute(f"SELECT * FROM pragma_{pragma}(?)", [name])
            )
            for pragma in ("table_info", "foreign_key_list", "index_info", "index_list")
        }
        words = [word for word in ("WITHOUT ROWID", "AUTOINCREMENT") if word in (sql or "")]
        found |= {f"{kind} {name}": words, **asked}
    return found
