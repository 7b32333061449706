"""The worker: started, watched, stopped and left behind by the app."""

import asyncio
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.pilot import Pilot

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.ask import Ask, AskLine
from wnkd_tui.app.screens.worker_log import WorkerLog
from wnkd_tui.app.widgets.log_tail import LogTail
from wnkd_tui.app.worker import LOG, Worker
from wnkd_tui.home import Home

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]
FAKE = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))


@pytest.fixture
def free(home: Home) -> Iterator[Home]:
    """The seeded home without a worker; one that a test leaves behind is ended."""
    conn = sqlite3.connect(home.db)
    conn.execute("DELETE FROM supervisor")
    conn.commit()
    conn.close()
    yield home
    if (home.root / "worker.pid").exists():
        pid = started(home)[0]
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def started(home: Home) -> tuple[int, int]:
    """Pid and session of the fake worker."""
    pid, session = (home.root / "worker.pid").read_text().split()
    return int(pid), int(session)


def told(app: WnkdApp) -> list[str]:
    return [str(notice.message) for notice in app._notifications]


async def start(pilot: Pilot[None], app: WnkdApp, home: Home, until: Until) -> int:
    await pilot.press("w")
    await until(pilot, lambda: (home.root / "worker.pid").exists() and started(home))
    assert "worker starts" in app.overseer.text().plain
    return started(home)[0]


async def test_w_starts_a_worker_in_a_session_of_its_own(
    free: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(free, worker=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "no worker" in app.overseer.text().plain
        pid = await start(pilot, app, free, until)
        assert started(free) == (pid, pid)
        assert pid == app.overseer.worker.pid
        assert os.getsid(0) != pid


@pytest.mark.parametrize(("key", "said"), [("s", "the worker stopped"), ("n", "exit 7")])
async def test_it_is_stopped_softly_or_at_once(
    key: str, said: str, free: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(free, worker=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await start(pilot, app, free, until)
        await pilot.press("w")
        assert isinstance(app.screen, Ask)
        await pilot.press(key)
        await until(pilot, lambda: any(said in line for line in told(app)))
        assert app.overseer.worker.pid is None


async def test_leaving_asks_and_can_leave_the_worker_behind(
    free: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(free, worker=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        pid = await start(pilot, app, free, until)
        await pilot.press("ctrl+q")
        assert isinstance(app.screen, Ask)
        await pilot.press("l")
        await asyncio.sleep(0.1)
    os.kill(pid, 0)  # raises where it is gone
    assert app.return_code == 0


async def test_leaving_can_stop_the_worker(
    free: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(free, worker=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await start(pilot, app, free, until)
        await pilot.press("ctrl+q", "s")
        await until(pilot, lambda: app.overseer.worker.ended() is not None)


async def test_a_worker_that_ends_at_once_says_why(
    free: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(free, worker=(sys.executable, "-c", "raise SystemExit('no GPU here')"))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await until(pilot, lambda: any("(exit 1): no GPU here" in line for line in told(app)))


async def test_it_is_started_with_as_many_slots_as_one_says_and_its_log_is_shown(
    free: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    (free.root / "worker.log").write_text("29 jobs to do\n")
    app = make_app(free, worker=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("W", "s")
        assert isinstance(app.screen, AskLine)
        await pilot.press("0", "enter")
        assert isinstance(app.screen, AskLine)  # it takes one at least
        await pilot.press("backspace", "3", "enter")
        await until(pilot, lambda: (free.root / "worker.pid").exists() and started(free))
        assert (free.root / "worker.args").read_text() == "--slots 3"
        await pilot.press("W", "o")
        assert isinstance(app.screen, WorkerLog)
        tail = app.screen.query_one(LogTail)
        await until(pilot, lambda: "29 jobs to do" in tail.plain)
        await pilot.press("escape", "W")
        assert isinstance(app.screen, Ask)
        await pilot.click(offset=(1, 1))  # beside it
        assert not isinstance(app.screen, Ask)


async def test_the_end_of_a_worker_elsewhere_is_told(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.overseer._before)
        conn = sqlite3.connect(home.db)
        conn.execute("DELETE FROM supervisor")
        conn.commit()
        conn.close()
        await until(pilot, lambda: told(app))
        assert told(app) == ["the worker elsewhere (pid 4242) has ended: w starts one here"]


async def test_a_command_that_is_not_there_is_told(
    free: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(free, worker=("/no/such/program",))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await pilot.pause()
        assert any("cannot start the worker" in line for line in told(app))


def test_last_words_are_those_of_the_worker_that_was_started_last(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.root / LOG).write_text("29 jobs are done\n")
    mute = Worker((sys.executable, "-c", ""))
    assert mute.last_words() == ""
    mute.start(home)
    assert mute.last_words() == ""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    assert mute.last_words() == f"the disk of {home.root} is full"
    with (home.root / LOG).open("a") as log:
        log.write("no such recipe\n\n")
    assert mute.last_words() == "no such recipe"


async def test_a_worker_on_another_host_is_only_watched(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home, worker=FAKE)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await pilot.pause()
        assert any("runs on server" in line for line in told(app))
    assert not (home.root / "worker.pid").exists()


async def test_a_worker_of_this_host_that_another_started_can_be_stopped(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    other = subprocess.Popen(FAKE, env={**os.environ, "WNKD_HOME": str(home.root)})
    conn = sqlite3.connect(home.db)
    conn.execute("UPDATE supervisor SET host = ?, pid = ?", [socket.gethostname(), other.pid])
    conn.commit()
    conn.close()
    app = make_app(home, worker=("/no/such/program",))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: (home.root / "worker.pid").exists())
        await settle(pilot)
        assert f"runs elsewhere ({other.pid})" in app.overseer.text().plain
        await pilot.press("w")
        assert isinstance(app.screen, Ask)
        await pilot.press("s")
    assert other.wait(10) == 0
