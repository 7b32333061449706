"""From page to page: what a turn does not wait for."""

import gc
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from textual.css.stylesheet import Stylesheet
from textual.events import ScreenResume
from textual.pilot import Pilot

from wnkd_tui.app import garbage
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.garbage import Garbage
from wnkd_tui.app.screens.page import Page
from wnkd_tui.app.widgets.lines import Lines
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


async def test_a_page_is_painted_as_soon_as_it_is_answered(
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    painted, parsed = [], []

    def line(self: Lines[object], y: int) -> object:
        painted.append(self.id)
        return as_before(self, y)

    as_before = Lines.render_line
    monkeypatch.setattr(Lines, "render_line", line)
    app = make_app(home)
    monkeypatch.setattr(app, "delay_update", partial(app.delay_update, 1000.0))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await until(pilot, lambda: "jobs" in painted)
        await settle(pilot)
        parse = Stylesheet.reparse
        monkeypatch.setattr(Stylesheet, "reparse", lambda self: parsed.append(parse(self)))
        await pilot.press("5")  # a page that is new, with the style sheets that are known
        await until(pilot, lambda: "trial-list" in painted)
        assert not parsed
        before = app.screen.query_one(Rows).rich_style
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("t")
        await until(pilot, lambda: parsed)
        await pilot.press("5")  # out of sight while the colours changed
        await settle(pilot)
        assert app.screen.query_one(Rows).rich_style != before


async def test_a_page_that_is_gone_back_to_asks_once(
    home: Home, make_app: MakeApp, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        pages = [("2", "datasets"), ("6", "run"), ("1", "home")]
        for key, _ in pages:
            await settle(pilot)
            await pilot.press(key)
        await settle(pilot)
        resumed: list[str] = []

        def resume(self: Page, event: ScreenResume) -> None:
            resumed.append(self.NAME)
            as_before(self, event)

        as_before = Page.on_screen_resume
        monkeypatch.setattr(Page, "on_screen_resume", resume)
        for key, _ in pages:
            await pilot.press(key)
            await settle(pilot)
        assert resumed == [page for _, page in pages]


@pytest.fixture
def lived(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts of Python's collections, that of the greatest last."""
    counts = [0, 0, 0]
    monkeypatch.setattr(gc, "get_count", lambda: tuple(counts))
    return counts


def test_garbage_is_collected_when_it_is_due_and_nobody_is_at_the_keys(
    lived: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, collected = [100.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(gc, "collect", lambda: collected.append(now[0]))
    kept = Garbage()
    kept.collect()
    assert not collected  # it is not due
    lived[2] = 10
    kept.touched()
    now[0] += 0.5
    kept.collect()
    assert not collected  # somebody types
    now[0] += 0.5
    kept.collect()
    assert collected == [101.0]


def test_python_itself_collects_everything_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, ...]] = []
    monkeypatch.setattr(gc, "freeze", lambda: given.append(()))
    monkeypatch.setattr(gc, "get_threshold", lambda: (700, 10, 10))
    monkeypatch.setattr(gc, "set_threshold", lambda *three: given.append(three))
    garbage._set_apart.cache_clear()
    for _ in range(2):  # of a second app in the process the first would never be freed
        Garbage().spare()
    assert given == [(), (700, 10, 50)]
