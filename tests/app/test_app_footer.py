"""The last line: what it shows can be clicked, and what has no room is not cut in two."""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.queue.screen import QueuePage
from wnkd_tui.app.widgets.footer import Footer
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


async def test_a_key_of_the_footer_is_pressed_by_a_click(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        line = app.screen.query_one(Footer)
        words = str(line.render())
        await pilot.click(Footer, offset=(words.index("Find") + 1, 0))
        await until(pilot, lambda: app.screen.query_one("#find-text").has_focus)
        await until(pilot, lambda: str(line.render()) != words)  # other keys do something now
        await pilot.press("escape")
        await pilot.click(Footer, offset=(77, 0))
        await until(pilot, lambda: type(app.screen).__name__ == "Palette")


async def test_no_page_has_more_keys_than_80_columns_show(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        for page in "1234567":
            await pilot.press(page)
            await settle(pilot)
            line = app.screen.query_one(Footer)
            assert line.keys
            assert len(line._fitting()) == len(line.keys), [one.words for one in line.keys]
            assert len(str(line.render())) == 78


async def test_the_footer_follows_a_cursor_that_goes_and_comes_back_before_an_answer(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        page, line, rows = app.screen, app.screen.query_one(Footer), app.screen.query_one(Rows)
        assert isinstance(page, QueuePage)
        await pilot.press("home")
        await settle(pilot)
        above, first = rows.key, line.keys
        await pilot.press("end")
        await settle(pilot)
        below, last = rows.key, line.keys
        assert first != last
        monkeypatch.setattr(page, "ask", lambda: None)
        rows.go_to(above)
        page.refresh_bindings()  # as when the focus moves
        await until(pilot, lambda: line.keys == first)
        rows.go_to(below)
        page.show(page.answer)
        await until(pilot, lambda: line.keys == last)
