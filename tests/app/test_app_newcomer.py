"""A newcomer's path, keys alone: an empty home, the demo sweep, the comparison, a picture of it.

In the suite another program plays the worker; `make newcomer` has the real one do the work.
"""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.worker import RUN_QUEUE
from wnkd_tui.home import Home

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
PLAYED = (sys.executable, str(Path(__file__).with_name("playing_worker.py")))
REAL = bool(os.environ.get("WNKD_NEWCOMER"))
PATIENCE = 600.0  # seconds for the real sweep


async def test_from_nothing_to_a_picture_of_the_comparison(
    new_home: Home,
    make_app: MakeApp,
    settle: Settle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    app = make_app(new_home, worker=RUN_QUEUE if REAL else PLAYED)

    async def until_state(pilot: Pilot[None], of: Callable[[dict[str, int]], object]) -> None:
        waited = 0.0
        while not (app.status and of(dict(app.status.counts))):
            await pilot.pause(0.1)
            waited += 0.1
            assert waited < PATIENCE, app.status

    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("d")
        await until_state(pilot, lambda counts: counts.get("waiting"))
        await pilot.press("w")
        await until_state(pilot, lambda counts: set(counts) == {"done"})
        await pilot.press("7")
        await settle(pilot)
        await pilot.press("e")
        await pilot.pause()
        await pilot.press("enter")
        for _ in range(300):
            if pictures := list(tmp_path.glob("*.png")):
                break
            await pilot.pause(0.1)
        assert pictures
        assert pictures[0].read_bytes().startswith(b"\x89PNG")
