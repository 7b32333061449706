"""The palette, the themes, and sizes of terminals."""

from collections.abc import Awaitable, Callable

import pytest
from textual.color import Color
from textual.command import CommandList
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.theme import Theme

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.palette import Themes
from wnkd_tui.app.screens.ask import Ask
from wnkd_tui.app.screens.keys import KeyHelp, key_groups
from wnkd_tui.app.theme import DARK, LIGHT, inks
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def chosen(found: CommandList) -> str:
    """What enter would do; what was found for fewer letters may still be there."""
    at = found.highlighted
    return "" if at is None else getattr(found.get_option_at_index(at).prompt, "plain", "")


async def test_the_palette_has_every_action_of_the_page(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Cancel", "Remove", "Worker", "New", "Compare", "Light/dark"} <= titles
        twice = next(one for one in app.get_system_commands(app.screen) if one.title == "Remove")
        for _ in range(2):  # as a second enter does that comes before the palette has gone
            app.call_later(twice.callback)
        await until(pilot, lambda: isinstance(app.screen, Ask))
        assert [type(screen) for screen in app.screen_stack].count(Ask) == 1
        await pilot.press("escape", "ctrl+p", *"compare")
        found = app.screen.query_one(CommandList)
        await until(pilot, lambda: "Compare" in chosen(found))
        await pilot.press("enter")
        await until(pilot, lambda: app.page is not None and app.page.NAME == "compare")
        for _ in range(2):
            app.call_later(app.action_change_theme)
        await until(pilot, lambda: isinstance(app.screen, Themes))
        assert [type(screen) for screen in app.screen_stack].count(Themes) == 1


async def test_t_turns_the_light_on(home: Home, make_app: MakeApp, settle: Settle) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        dark = dict(app.inks)
        await pilot.press("t")
        await pilot.pause()
        assert app.theme == "wnkd-light"
        assert app.inks["teacher"] != dark["teacher"]


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
async def test_a_theme_of_the_terminals_own_colours_draws_keys_too(
    theme: str, home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.theme = theme
        await settle(pilot)
        assert app.inks == inks(DARK.name if theme == "ansi-dark" else LIGHT.name)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, KeyHelp))
        await settle(pilot)


async def test_the_keys_of_a_page_are_told_with_those_that_do_nothing_now(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        groups = {group.title: group.lines for group in key_groups(app.screen, "Queue")}
        assert list(groups) == ["Queue", "At the cursor", "Everywhere"]
        now = {line.keys: line.now for lines in groups.values() for line in lines}
        assert now["c"]  # the job under the cursor runs
        assert not now["u"]
        assert {"↑ k", "+ =", "^p", "?"} <= now.keys()
        for close in ("question_mark", "escape"):
            await pilot.press("question_mark")
            await pilot.pause()
            assert isinstance(app.screen, KeyHelp)
            await pilot.press("end")
            assert app.screen.query_one(VerticalScroll).scroll_y > 0  # it does not fit
            await pilot.press(close)
            assert app.screen is app.page


def luminance(colour: str) -> float:
    """WCAG's relative luminance of `#rrggbb`, 0 to 1."""
    shares = [
        one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4
        for one in Color.parse(colour).normalized
    ]
    return 0.2126 * shares[0] + 0.7152 * shares[1] + 0.0722 * shares[2]


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_words_can_be_read_on_their_ground(theme: Theme) -> None:
    """WCAG's 4.5 to 1, for what is drawn faintly too."""
    for ground in filter(None, (theme.background, theme.surface)):
        for name, ink in inks(theme.name).items():
            dim, light = sorted((luminance(ground), luminance(ink)))
            assert (light + 0.05) / (dim + 0.05) >= 4.5, (name, ground)


async def test_without_colour_states_are_still_told_apart(
    home: Home, make_app: MakeApp, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        colours = {
            segment.style.color.get_truecolor()
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.color and not segment.style.color.is_default
        }
        assert all(len(set(colour)) == 1 for colour in colours)  # greys alone
        first = "".join(
            segment.text for segment in app.screen.query_one("#jobs", Rows).render_line(1)
        )
        assert "▶" in first


async def test_a_narrow_and_a_wide_terminal_show_the_same_jobs(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        assert app.screen.has_class("-narrow")
        await pilot.resize_terminal(160, 50)
        await pilot.pause()
        await pilot.pause()
        assert app.screen.has_class("-wide")
        assert app.screen.query_one("#loss").display
        line = "".join(s.text for s in app.screen.query_one("#jobs", Rows).render_line(1))
        assert "▶ running" in line
