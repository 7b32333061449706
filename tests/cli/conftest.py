"""A home of its own for every test, and `wnkd` as a call."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wnkd_tui.home import Home
from wnkd_tui.store.database import connect

Wnkd = Callable[..., Any]  # gives a Result of the runner: exit_code, stdout, stderr


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an empty database, to be copied: making the schema takes a while."""
    root = tmp_path_factory.mktemp("empty")
    connect(Home(root)).close()
    return root


@pytest.fixture
def home(empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    root = tmp_path / "home"
    shutil.copytree(empty_home, root)
    monkeypatch.setenv("WNKD_HOME", str(root))
    return Home.find()


@pytest.fixture
def wnkd(home: Home) -> Wnkd:
    """Runs `wnkd WORDS...` in this process."""
    from wnkd_tui.cli.root import app

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, list(words))

    return run


@pytest.fixture
def data(wnkd: Wnkd) -> Callable[..., Any]:
    """Runs `wnkd WORDS... --json`, which must go well, and reads what it prints."""

    def run(*words: str) -> Any:
        result = wnkd(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return run


@pytest.fixture
def count(home: Home) -> Callable[[str], int]:
    """Rows of a table."""

    def rows(table: str) -> int:
        with closing(sqlite3.connect(home.db)) as conn:
            return int(conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    return rows


@pytest.fixture
def finish(home: Home) -> Callable[[], None]:
    """Marks every job as done, with made-up figures that depend on its name alone."""

    def done() -> None:
        with closing(connect(home)) as conn:
            for id, kind, name in conn.execute("SELECT id, kind, name FROM job").fetchall():
                conn.execute(
                    "UPDATE job SET state = 'done', result = ?, started_at = 1, finished_at = 3"
                    " WHERE id = ?",
                    [json.dumps(figures(kind, name)), id],
                )

    return done


def figures(kind: str, name: str) -> dict[str, Any]:
    """A result in the engine's form."""
    text_alone = "100%gt" in name
    noise = "noise" in name
    if kind == "attribution":
        share = 0.4 if text_alone else 0.9 if noise else 0.6
        return {
            "image_share": share,
            "text_share": 1 - share,
            "delta_share": 0.01,
            "samples": 359,
            "steps": 50,
        }
    top1 = 90.0 + 5.0 * text_alone + len(name) / 100
    return {
        "best": {"val_top1": top1, "epoch": 5},
        "last": {"val_top1": top1 - 1, "epoch": 9},
        "train_n": 1438,
        "val_n": 359,
        "device": "cpu",
        "params": 1,
    }
