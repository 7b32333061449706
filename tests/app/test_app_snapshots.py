"""How every screen looks, at the smallest and at a large terminal, dark and light.

After a wanted change: pytest tests/app/test_app_snapshots.py --snapshot-update, and look at the
pictures in the diff.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.form.choose import ChooseSetting
from wnkd_tui.app.screens.form.screen import TrialForm
from wnkd_tui.home import Home, HomeError

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
    "remove": ["4", "x"],
    "failed": ["4", "down"],
    "folder": ["2", "down"],
    "changes": ["3", "c"],
    "worker": ["W"],
}
VIEWS = {
    "methods": ["3", "v", "s", "down", "end", "space"],
    "table1": ["7", "R"],
    "fig2": ["7", "r", "r"],
    "leakage": ["7", "r", "r", "r", "r"],
    "scatter": ["7", "r", "r", "r", "r", "r"],
    "classes": ["7", "R", "R", "R"],
    "log": ["6", "tab"],
    "spec": ["6", "tab", "tab"],
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


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
def test_sweeps(
    size: tuple[int, int],
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    snap_compare: Compare,
) -> None:
    async def go(pilot: Pilot[None]) -> None:
        await after(settle, ["3", "S"])(pilot)
        options = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: "…" not in str(options.get_option("leakage").prompt))
        await settle(pilot)

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


async def typed(pilot: Pilot[None], settle: Settle, until: Until, told: str, **values: str) -> None:
    """The form with `values`, once it says `told`."""
    await settle(pilot)
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, TrialForm))
    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False
        field.value = values.get(str(field.id), field.value)
    await until(pilot, lambda: told in str(pilot.app.screen.query_one("#told").render()))
    await settle(pilot)


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
    go = partial(typed, settle=settle, until=until, told=told, wn=wn)
    assert snap_compare(make_app(home), terminal_size=SMALL, run_before=go)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
def test_form_with_changes(
    size: tuple[int, int],
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    snap_compare: Compare,
) -> None:
    changes = "stem=linear, student.tau=2"
    go = partial(typed, settle=settle, until=until, told="3 trials", changes=changes)
    assert snap_compare(make_app(home), terminal_size=size, run_before=go)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
def test_settings(
    size: tuple[int, int],
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    snap_compare: Compare,
) -> None:
    async def go(pilot: Pilot[None]) -> None:
        await typed(pilot, settle, until, "3 trials")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseSetting))
        pilot.app.screen.query_one(Input).cursor_blink = False
        await pilot.press("T", "_", "x")
        await settle(pilot)

    assert snap_compare(make_app(home), terminal_size=size, run_before=go)


def test_broken(until: Until, snap_compare: Compare) -> None:
    def find() -> Home:
        raise HomeError("cannot write to /srv/wnkd: set WNKD_HOME to a directory of your own")

    async def go(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(pilot.app.screen_stack) > 1)
        await pilot.pause()

    assert snap_compare(WnkdApp(find), terminal_size=SMALL, run_before=go)
