"""What is there again after a restart, and what is drawn where there is only ASCII."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.pilot import Pilot

from wnkd_tui.app import memory
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.plain import Harmless, plain, shows_unicode
from wnkd_tui.home import Home

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


async def test_theme_and_page_are_there_again(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("t", "2")
        await settle(pilot)
        await pilot.press("ctrl+q")
    assert memory.load(home)["page"] == "datasets"
    again = make_app(home)
    async with again.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: again.page is not None and again.page.NAME == "datasets")
        assert again.theme == "wnkd-light"


@pytest.mark.parametrize("kept", ["", "[1]", '{"theme": 7, "page": [], "pages": 3}', "{"])
async def test_what_cannot_be_read_is_forgotten(
    kept: str, home: Home, make_app: MakeApp, settle: Settle
) -> None:
    (home.root / memory.FILE).write_text(kept)
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert app.page
        assert app.page.NAME == "home"


@given(st.characters(categories=["L", "N", "P", "S"]))
def test_a_plain_sign_is_ascii_and_as_wide(sign: str) -> None:
    assert plain(sign).isascii()
    assert len(plain(sign)) == cell_len(sign)


def test_signs_keep_apart_without_unicode() -> None:
    signs = "▶○‖✓✗?−◆"  # the states and a mark
    assert len(set(plain(signs))) == len(signs)
    assert plain("Ångström ± 0,5 │ …") == "Angstrom + 0,5 | ~"
    assert plain("━━╸──") == "===--"  # a bar and what is left of it


def test_no_sign_reaches_a_terminal_that_it_would_obey() -> None:
    drawn = [Segment("│ naïve\u00a0…"), Segment("tiger")]
    assert Harmless().apply(drawn, Color(0, 0, 0)) == drawn
    told = [Segment("a\x1bcb\x9b2Jc\a"), *drawn]
    (first, *rest) = Harmless().apply(told, Color(0, 0, 0))
    assert (first.text, rest) == ("acb2Jc", drawn)
    assert cell_len(first.text) == cell_len(told[0].text)


def test_the_environment_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WNKD_ASCII", "1")
    assert not shows_unicode()
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.setenv("WNKD_ASCII", "0")
    assert shows_unicode()


async def test_without_unicode_a_screen_is_ascii(
    home: Home, make_app: MakeApp, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WNKD_ASCII", "1")
    app = make_app(home)
    async with app.run_test(size=(160, 50)) as pilot:
        for key in "1234567":
            await pilot.press(key)
            await settle(pilot)
            strips = app.screen._compositor.render_strips()
            drawn = "".join(segment.text for strip in strips for segment in strip)
            assert drawn.isascii(), {sign for sign in drawn if not sign.isascii()}
