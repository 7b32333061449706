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
from wnkd_tui.home import Home, HomeError, Mount
from wnkd_tui.store.connection import explained

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def reason(app: WnkdApp) -> str:
    return str(app.screen.query_one(".reason", Static).render())


def question(app: WnkdApp) -> str:
    return str(app.screen.query_one(".question", Static).render())


def press(app: WnkdApp) -> str:
    """What it says to press."""
    return str(app.screen.query_one(".press", Static).render())


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
        assert app.page.answer.counts["done"]


async def test_a_damaged_database_is_mended_by_a_key(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    backup = home.root / "wnkd.db.backup"
    shutil.copy(home.db, backup)
    home.db.write_bytes(b"this is no database" * 100)
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: is_broken(app))
        await pilot.pause()
        assert "m mends it now" in press(app)
        await pilot.press("m")
        await until(pilot, lambda: not is_broken(app))
        await settle(pilot)
        assert app.page
        assert sum(app.page.answer.counts.values()) == 77
        assert [path.name for path in home.root.glob("wnkd.db.damaged*")]


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
        assert "q quits; upgrade wnkd" in press(app)
        assert "mend" not in {b.binding.action for b in app.screen.active_bindings.values()}
        await pilot.press("q")
        await pilot.pause()
    assert app.return_code == 0


async def test_homes_that_cannot_be_had_say_what_to_press(
    until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the very words of those who find out."""
    found: list[Exception] = []

    def find() -> Home:
        raise found[0]

    (tmp_path / "file").touch()
    monkeypatch.setenv("WNKD_HOME", str(tmp_path / "file"))
    with pytest.raises(HomeError) as remote:
        Home.find([Mount(tmp_path, "nfs4")])
    with pytest.raises(HomeError) as file:
        Home.find([])
    monkeypatch.setenv("WNKD_HOME", str(tmp_path / ("long" * 100)))
    with pytest.raises(HomeError) as unwritable:
        Home.find([])
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    kinds = (
        (remote.value, "This home cannot be used", "WNKD_HOME=/a/local/directory"),
        (file.value, "This home cannot be used", "WNKD_HOME=/a/local/directory"),
        (unwritable.value, "This home cannot be written", "press r"),
        (explained(full, Home(tmp_path)), "The disk is full", "wnkd gc"),
        (explained(busy, Home(tmp_path)), "The database is busy", "r tries again"),
        (OSError("something else"), "The database cannot be used", "wnkd doctor"),
    )
    found.append(kinds[0][0])
    app = WnkdApp(find)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: is_broken(app))
        for error, title, what in kinds:
            found[0] = error
            await pilot.press("r")
            await until(pilot, lambda title=title: title in question(app))
            assert what in press(app)
        # What passes is looked at again without a key.
        found[0] = kinds[-2][0]
        await pilot.press("r")
        await until(pilot, lambda: "busy" in question(app))
        found[0] = kinds[0][0]
        app.screen._look()  # type: ignore[attr-defined]
        await until(pilot, lambda: kinds[0][1] in question(app))


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
        assert "r alone begins a new one" in press(app)
        await pilot.press("r")
        await until(pilot, lambda: app.page and app.page.answer and app.page.answer.empty)
        await settle(pilot)


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
