import random
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel, select

import wnkd_tui.store.tables as tables
from wnkd_tui.home import Home
from wnkd_tui.store import database, migrate
from wnkd_tui.store.database import REVISIONS, StoreError, connect, session, transaction

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

    assert database.revision(home) == REVISIONS[-1]


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

    with closing(sqlite3.connect(f"{home.db}.before-migration")) as copy:
        assert copy.execute("SELECT * FROM setting").fetchall() == [("a", "1")]


def test_a_migration_that_fails_changes_nothing(home, conn, another):
    before = schema(conn)
    another("UPDATE no_such_table SET x = 1")

    with pytest.raises(SQLAlchemyError, match="no_such_table"):
        connect(home)

    assert schema(conn) == before
    assert database.revision(home) == REVISIONS[-1]


def test_eight_may_make_the_database_at_once(tmp_path):
    home = Home(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        connections = list(pool.map(lambda _: connect(home), range(8)))

    for conn in connections:
        assert conn.execute("SELECT count(*) FROM job").fetchone()[0] == 0
        conn.close()
    assert not home.db.with_name("wnkd.db.before-migration").exists()


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
