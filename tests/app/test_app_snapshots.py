"""How every page looks, at the smallest and at a large terminal, dark and light.

After a wanted change: pytest tests/app/test_app_snapshots.py --snapshot-update, and look at the
pictures in the diff.
"""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.home import Home

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]
Compare = Callable[..., bool]
SMALL, LARGE = (80, 24), (160, 50)
PAGES = {
    "home": "1",
    "datasets": "2",
    "grid": "3",
    "queue": "4",
    "trials": "5",
    "run": "6",
    "compare": "7",
}


def after(settle: Settle, keys: Sequence[str]) -> Callable[[Pilot[None]], Awaitable[None]]:
    """What happens before the picture is taken: each key, and the answer to it."""

    async def go(pilot: Pilot[None]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    return go


@pytest.mark.parametrize("shade", ["dark", "light"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
async def test_pages(
    size: tuple[int, int],
    shade: str,
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    snapshot: SnapshotAssertion,
) -> None:
    """Every page, gone to in turn: a picture each, of one run of the app."""
    app, wrong = make_app(home), []
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        if shade == "light":
            await pilot.press("t")
        for page, key in PAGES.items():
            await after(settle, [key])(pilot)
            picture = snapshot(name=page, extension_class=SVGImageExtension)
            if app.export_screenshot() != picture:
                wrong.append(page)
    assert not wrong


STATES = {
    "marked": ["3", "s", "a", "down", "right", "space"],
    "failed": ["4", "down"],
    "folder": ["2", "down"],
    "changes": ["3", "c"],
}
VIEWS = {
    "methods": ["3", "v", "s", "down", "end", "space"],
    "table1": ["7", "R"],
    "fig2": ["7", "r", "r"],
    "leakage": ["7", "r", "r", "r", "r"],
    "scatter": ["7", "r", "r", "r", "r", "r"],
    "classes": ["7", "R", "R", "R"],
    "log": ["6", "tab", "tab"],
    "spec": ["6", "tab", "tab", "tab"],
    "difference": ["5", "end", "space", "up", "up", "space", "d"],
    "needs": ["4", "end", "i"],
}
LARGE_VIEWS = ("methods", "table1", "scatter", "spec", "difference")  # laid out otherwise there


@pytest.mark.parametrize("name", STATES)
def test_state(
    name: str, home: Home, make_app: MakeApp, settle: Settle, snap_compare: Compare
) -> None:
    go = after(settle, STATES[name])
    assert snap_compare(make_app(home), terminal_size=SMALL, run_before=go)


@pytest.mark.parametrize(
    ("name", "size"),
    [*((name, SMALL) for name in VIEWS), *((name, LARGE) for name in LARGE_VIEWS)],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]}x{value[1]}",
)
def test_view(
    name: str,
    size: tuple[int, int],
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    snap_compare: Compare,
) -> None:
    go = after(settle, VIEWS[name])
    assert snap_compare(make_app(home), terminal_size=size, run_before=go)


def test_pictures(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, snap_compare: Compare
) -> None:
    async def go(pilot: Pilot[None]) -> None:
        await after(settle, ["2", "p"])(pilot)
        drawn = pilot.app.screen.query_one("#drawn")
        await until(pilot, lambda: drawn.region.height > 5)
        await settle(pilot)

    assert snap_compare(make_app(home), terminal_size=SMALL, run_before=go)


def test_empty(new_home: Home, make_app: MakeApp, settle: Settle, snap_compare: Compare) -> None:
    go = after(settle, [])
    assert snap_compare(make_app(new_home), terminal_size=SMALL, run_before=go)
