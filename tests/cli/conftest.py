"""A home of its own for every test, and `wnkd` as a call."""

import json
import os
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
from wnkd_tui.store.rows import CaptureRow

GOLDEN = Path(__file__).parent / "golden"
# What trials are queued with here, so that nothing depends on this checkout and its packages.
CODE = CaptureRow(
    id="c" * 64,
    wnkd="0.1.0",
    revision="c0ffee" * 6 + "abcd",
    diff=None,
    engine="e" * 16,
    python="CPython 3.11.7",
    platform="Linux",
    packages={"torch": "2.11.0"},
    taken_at=1.0,
)
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
    monkeypatch.setattr("wnkd_tui.queue.adding.capture", lambda: CODE)
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
            "baseline": "zero",
            "target": "label",
            "share": "pooled",
        }
    top1 = 90.0 + 5.0 * text_alone + len(name) / 100
    found = {
        "best": {"val_top1": top1, "epoch": 5},
        "last": {"val_top1": top1 - 1, "epoch": 9},
        "per_class": {"best": [top1] * 10, "last": [top1 - 1] * 10},
        "entropy": 0.5,
        "train_n": 1438,
        "val_n": 359,
        "device": "cpu",
        "params": 1,
    }
    if kind == "student":
        found |= {"fidelity": 93.0, "teacher_entropy": 0.25}
    return found


@pytest.fixture
def check_shape() -> Callable[[str, Any], None]:
    """Compares names and types of JSON with a golden file (UPDATE_GOLDEN=1 writes it)."""

    def check(name: str, value: Any) -> None:
        path = GOLDEN / f"{name}.json"
        text = json.dumps(shape(value), indent=1) + "\n"
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check


def shape(value: Any) -> Any:
    """The names and types of JSON, one entry per list."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__
