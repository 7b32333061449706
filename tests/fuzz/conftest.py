"""Inputs of every kind that a person, a job or a disk may hand over; how many, WNKD_FUZZ says."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.spec import Teachers
from wnkd_tui.home import Home
from wnkd_tui.queue.adding import TrialRequest, queue_trials
from wnkd_tui.store.database import connect


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a few trials, done in part."""
    home = Home(tmp_path_factory.mktemp("stocked"))
    for directory in (home.jobs, home.artifacts, home.datasets, home.files, home.cache):
        directory.mkdir()
    queue_trials(home, [TrialRequest([(100, 0)], (Teachers.NONE, Teachers.TX))])
    with closing(connect(home)) as conn:
        conn.execute(
            """UPDATE job SET state = 'done', finished_at = 1.0, result = '{"best": {"val_top1": 50,
            "epoch": 1}, "last": {"val_top1": 49, "epoch": 2}}' WHERE kind = 'student'"""
        )
    return home.root


@pytest.fixture(scope="module")
def home(stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A copy of it, which is WNKD_HOME and lies beside the folder that commands run in."""
    below = tmp_path_factory.mktemp("fuzz")
    home = Home(shutil.copytree(stocked, below / "home"))
    (below / "here").mkdir()
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WNKD_HOME", str(home.root))
        os.chdir(below / "here")
        yield home
        os.chdir(before)


@pytest.fixture(scope="module")
def state(home: Home) -> Callable[[], str]:
    """A hash of all that the database says."""

    def digest() -> str:
        with closing(sqlite3.connect(home.db)) as conn:
            return hashlib.sha256("\n".join(conn.iterdump()).encode()).hexdigest()

    return digest


@pytest.fixture(scope="module")
def reset(home: Home, stocked: Path) -> Callable[[], None]:
    """Puts the database back that a command has changed."""

    def copy() -> None:
        for path in home.database_files:
            path.unlink(missing_ok=True)
        shutil.copy(stocked / "wnkd.db", home.db)

    return copy
