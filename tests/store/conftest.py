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
from wnkd_tui.store.database import connect


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
