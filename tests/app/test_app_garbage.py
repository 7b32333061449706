"""What is gone is not held."""

import gc
import weakref
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.form.screen import TrialForm
from wnkd_tui.home import Home

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


async def test_a_closed_dialog_and_its_drawn_lines_are_freed(
    new_home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(new_home)
    held: list[weakref.ref[object]] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for _ in range(3):
            await pilot.press("n")
            await until(pilot, lambda: isinstance(app.screen, TrialForm))
            await settle(pilot)
            held += [weakref.ref(one) for one in (app.screen, *app.screen.query("*"))]
            held += [weakref.ref(one._styles_cache) for one in app.screen.query("*")]
            await pilot.press("escape")
            await until(pilot, lambda: not isinstance(app.screen, TrialForm))
        await pilot.press("2", "1")  # what was under the mouse, or is on its way out
        await settle(pilot)
        gc.collect()
        third = len(held) // 3
        assert not [one() for one in held[: 2 * third] if one() is not None]
