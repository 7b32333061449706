import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.plan import JobSpec, Plan
from engine.spec import Teachers, TrialSpec
from wnkd_tui.home import Home
from wnkd_tui.store import commands
from wnkd_tui.store.connection import REVISIONS
from wnkd_tui.store.database import connect

RELEASED = Path(__file__).parent / "released"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The databases of `released`, by revision."""
    made = {}
    for revision in REVISIONS:
        made[revision] = tmp_path_factory.mktemp(revision) / "wnkd.db"
        with closing(sqlite3.connect(made[revision], isolation_level=None)) as conn:
            conn.executescript((RELEASED / f"{revision}.sql").read_text(encoding="utf-8"))
    return made


@pytest.fixture
def released(
    built: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Home]:
    """Gives a home with the database of a revision, which is WNKD_HOME too."""

    def at(revision: str) -> Home:
        monkeypatch.setenv("WNKD_HOME", str(tmp_path / revision))
        home = Home.find()
        shutil.copy(built[revision], home.db)
        return home

    return at


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema and nothing else."""
    home = Home(tmp_path_factory.mktemp("prepared"))
    connect(home).close()
    return home.db


@pytest.fixture
def home(tmp_path: Path, prepared: Path) -> Home:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    shutil.copy(prepared, home.db)
    return home


@pytest.fixture
def conn(home: Home) -> Iterator[sqlite3.Connection]:
    with closing(connect(home)) as connection:
        yield connection


@pytest.fixture
def add(home: Home) -> Callable[..., commands.Added]:
    """Queues a trial whose jobs form a chain of the names given; equal names are one job."""

    def add(*names: str, seed: int = 0, **spec: Any) -> commands.Added:
        jobs: list[JobSpec] = []
        for name in names:
            inputs = {"before": jobs[-1].key} if jobs else {}
            jobs.append(JobSpec("teacher", name, {"name": name}, inputs))
        trial = TrialSpec("digits", "demo", Teachers.NONE, None, seed=seed, **spec)
        return commands.add_trials(home, [Plan(trial, tuple(jobs))], None)

    return add
