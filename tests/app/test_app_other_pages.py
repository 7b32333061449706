"""Pages 2, 4 and 5, the palette and the themes."""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.datasets.screen import DatasetsPage
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def words(app: WnkdApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def chart(app: WnkdApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Chart).render())


async def test_datasets_show_their_classes_and_lead_to_their_grid(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await settle(pilot)
        assert isinstance(app.page, DatasetsPage)
        assert [line.state for line in app.page.answer.lines] == ["built in", "missing"]
        assert "zero" in words(app, "#classes")
        await pilot.press("down")
        await pilot.pause()
        assert "class 99" in words(app, "#classes")
        assert "imbalance 4.8" in words(app, ".title")
        await pilot.press("enter")
        await settle(pilot)
        assert app.page
        assert app.page.NAME == "grid"
        assert app.page.answer.basis.dataset == "cifar100"


async def test_compare_draws_both_figures_and_says_on_what(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("4")
        await settle(pilot)
        caption = words(app, "#compare-caption")
        for said in (
            "digits (1438 train, 359 val)",
            "recipe demo",
            "a stand-in, not CLIP",
            "1 to 2 seeds",
            "best epoch",
            "validation text gt and mixed",
        ):
            assert said in caption
        assert "100wn" in chart(app, "#accuracy")
        assert "100noise" in chart(app, "#accuracy")
        assert "image" in chart(app, "#attribution")


async def test_compare_turns_sweep_epoch_and_group(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("m")
        assert "100noise" not in chart(app, "#accuracy")
        await pilot.press("m")
        assert "100wn" not in chart(app, "#accuracy")
        await pilot.press("m", "b")
        assert "last epoch" in words(app, "#compare-caption")
        await pilot.press("g")
        assert "limit-train 200" in words(app, "#compare-caption")


async def test_a_trial_tells_spec_jobs_results_and_nouns(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        app.screen.query_one("#trial-list", Rows).go_to(7)
        await pilot.pause()
        await settle(pilot)
        assert app.page
        detail = app.page.answer.detail
        assert (detail.trial.id, detail.trial.state) == (7, "done")
        assert [job.kind for job in detail.jobs].count("student") == 1
        assert detail.nouns["two"][1] == ("deuce", 0.3)
        assert set(detail.curves) == {"T_x", "student"}
        assert app.trial == 7


async def test_the_palette_has_every_action_of_the_page(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Cancel", "Remove", "Worker", "New", "Compare", "Light/dark"} <= titles
        await pilot.press("ctrl+p", *"compare", "enter")
        await until(pilot, lambda: app.page is not None and app.page.NAME == "compare")


async def test_t_turns_the_light_on(home: Home, make_app: MakeApp, settle: Settle) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        dark = dict(app.inks)
        await pilot.press("t")
        await pilot.pause()
        assert app.theme == "wnkd-light"
        assert app.inks["teacher"] != dark["teacher"]


async def test_without_colour_states_are_still_told_apart(
    home: Home, make_app: MakeApp, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
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
        assert app.screen.has_class("-narrow")
        await pilot.resize_terminal(160, 50)
        await pilot.pause()
        await pilot.pause()
        assert app.screen.has_class("-wide")
        assert app.screen.query_one("#loss").display
        line = "".join(s.text for s in app.screen.query_one("#jobs", Rows).render_line(1))
        assert "▶ running" in line
