"""How every screen looks, at the smallest and at a large terminal, dark and light.

After a wanted change: pytest tests/app/test_app_snapshots.py --snapshot-update, and look at the
pictures in the diff.
"""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.form.screen import TrialForm
from wnkd_tui.home import Home, HomeError

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]
Compare = Callable[..., bool]
SMALL, LARGE = (80, 24), (160, 50)
PAGES = {"queue": "1", "datasets": "2", "grid": "3", "compare": "4", "trials": "5"}


def after(settle: Settle, keys: Sequence[str]) -> Callable[[Pilot[None]], Awaitable[None]]:
    """What happens before the picture is taken: each key, and the answer to it."""

    async def go(pilot: Pilot[None]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    return go


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
@pytest.mark.parametrize("page", PAGES)
def test_page(
    page: str,
    size: tuple[int, int],
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    snap_compare: Compare,
) -> None:
    go = after(settle, [PAGES[page]])
    assert snap_compare(make_app(home), terminal_size=size, run_before=go)


@pytest.mark.parametrize("page", PAGES)
def test_page_in_the_light(
    page: str, home: Home, make_app: MakeApp, settle: Settle, snap_compare: Compare
) -> None:
    go = after(settle, ["t", PAGES[page]])
    assert snap_compare(make_app(home), terminal_size=SMALL, run_before=go)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("marked", ["3", "s", "a", "down", "right", "space"]),
        ("remove", ["x"]),
        ("failed", ["down"]),
    ],
)
def test_state(
    name: str,
    keys: list[str],
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    snap_compare: Compare,
) -> None:
    go = after(settle, keys)
    assert snap_compare(make_app(home), terminal_size=SMALL, run_before=go)


def test_empty(new_home: Home, make_app: MakeApp, settle: Settle, snap_compare: Compare) -> None:
    go = after(settle, [])
    assert snap_compare(make_app(new_home), terminal_size=SMALL, run_before=go)


@pytest.mark.parametrize(("wn", "told"), [("20,80", "5 trials"), ("120", "✗")])
def test_form(
    wn: str,
    told: str,
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    snap_compare: Compare,
) -> None:
    async def go(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, TrialForm))
        field = pilot.app.screen.query_one("#wn", Input)
        field.cursor_blink = False
        field.value = wn
        await until(pilot, lambda: told in str(pilot.app.screen.query_one("#told").render()))
        await settle(pilot)

    assert snap_compare(make_app(home), terminal_size=SMALL, run_before=go)


def test_broken(until: Until, snap_compare: Compare) -> None:
    def find() -> Home:
        raise HomeError("cannot write to /srv/wnkd: set WNKD_HOME to a directory of your own")

    async def go(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(pilot.app.screen_stack) > 1)
        await pilot.pause()

    assert snap_compare(WnkdApp(find), terminal_size=SMALL, run_before=go)
