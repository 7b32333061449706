"""States in which there is nothing to show: each says what is wrong and what to press."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.broken import Broken
from wnkd_tui.home import Home, HomeError

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def reason(app: WnkdApp) -> str:
    return str(app.screen.query_one(".reason", Static).render())


def is_broken(app: WnkdApp) -> bool:
    return isinstance(app.screen, Broken) and app.screen.is_mounted


async def test_a_damaged_database_is_told_and_tried_again(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    good = home.db.read_bytes()
    home.db.write_bytes(b"this is no database" * 100)
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: is_broken(app))
        await pilot.pause()
        assert "damaged" in reason(app)
        home.db.write_bytes(good)
        await pilot.press("r")
        await until(pilot, lambda: not is_broken(app))
        await settle(pilot)
        assert app.page
        assert app.page.answer.jobs


async def test_a_newer_database_is_not_touched(home: Home, make_app: MakeApp, until: Until) -> None:
    conn = sqlite3.connect(home.db)
    conn.execute("UPDATE alembic_version SET version_num = '9999'")
    conn.commit()
    conn.close()
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: is_broken(app))
        await pilot.pause()
        assert "newer wnkd" in reason(app)
        await pilot.press("q")
        await pilot.pause()
    assert app.return_code == 0


async def test_a_home_that_cannot_be_had(until: Until) -> None:
    def find() -> Home:
        raise HomeError("cannot write to /root: set WNKD_HOME to a directory of your own")

    app = WnkdApp(find)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: is_broken(app))
        await pilot.pause()
        assert "set WNKD_HOME" in reason(app)
        await pilot.press("r")
        await pilot.pause()
        assert is_broken(app)


async def test_a_home_that_vanishes_meanwhile(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        shutil.rmtree(home.root)
        await until(pilot, lambda: is_broken(app))
        await pilot.pause()
        assert "is gone" in reason(app)


@pytest.mark.parametrize("key", ["2", "4", "5"])
async def test_every_page_of_an_empty_home_says_what_to_press(
    key: str, new_home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(new_home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press(key)
        await settle(pilot)
        assert app.screen.has_class("-empty") or key == "2"
        shown = [str(w.render()) for w in app.screen.query(Static) if w.display]
        assert any("queue" in words or "wnkd dataset add" in words for words in shown)


def test_without_a_terminal_it_says_so_in_one_line(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "wnkd_tui.app"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "needs a terminal" in ended.stderr


def test_the_start_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'sqlmodel', 'sqlalchemy', 'alembic', 'plotext', 'numpy', 'pydantic', 'nltk'}"
    code = (
        f"import sys, wnkd_tui.app.application; sys.exit(str({heavy} & sys.modules.keys() or ''))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.stderr.strip() == ""
