"""Page 5: a trial in full, and how two of them differ."""

from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from engine.spec import Teachers
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home
from wnkd_tui.queue.adding import TrialRequest, queue_trials

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]


def drawn(app: WnkdApp, selector: str) -> str:
    """What a widget shows, tables and pictures too."""
    strips = app.screen.query_one(selector).render_lines(
        app.screen.query_one(selector).region.reset_offset
    )
    return "\n".join(strip.text for strip in strips)


async def to_trial(pilot: Pilot[None], settle: Settle, *trials: int) -> None:
    for trial in trials:
        pilot.app.screen.query_one("#trial-list", Rows).go_to(trial)
        await pilot.pause()
        await settle(pilot)
        if len(trials) > 1:
            await pilot.press("space")
            await settle(pilot)


async def test_a_trial_tells_spec_jobs_results_and_nouns(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        await to_trial(pilot, settle, 7)
        assert app.page
        detail = app.page.answer.detail
        assert (detail.trial.id, detail.trial.state) == (7, "done")
        assert [job.kind for job in detail.jobs].count("student") == 1
        assert detail.nouns["two"][1] == ("deuce", 0.3)
        assert set(detail.curves) == {"T_x", "student"}
        assert app.trial == 7
        told = drawn(app, "#results")
        assert "answers as its teachers do  90.00 % of validation" in told
        assert "1.200 nats" in told
        assert "zero 97.6, one 96.8" in told


async def test_method_and_changes_are_told(home: Home, make_app: MakeApp, settle: Settle) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        await to_trial(pilot, settle, 22)
        assert "zscore (logit standardisation)" in drawn(app, "#spec")
        await to_trial(pilot, settle, 24)
        assert "T_x.stem linear" in drawn(app, "#spec")
        rows = app.screen.query_one("#trial-list", Rows)
        assert "≠" in "".join(rows.render_line(y).text for y in range(rows.size.height))


async def test_two_marked_trials_are_told_apart(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        await pilot.press("d")  # nothing is marked yet
        assert not app.screen.query_one("#difference").display
        await to_trial(pilot, settle, 20, 8)
        await pilot.press("d")
        await settle(pilot)
        told = drawn(app, "#difference")
        assert "A = trial 20" in told
        assert "A is better than B by 4.50 ± 0.00 (95 %, 2 paired seeds)" in told.replace("\n", " ")
        assert "zero" in told  # class by class
        await pilot.press("d")
        await settle(pilot)
        assert app.screen.query_one("#spec").display


async def test_trials_of_two_datasets_cannot_be_told_apart(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    queue_trials(home, [TrialRequest(((0, 0),), (Teachers.NONE,), dataset="birds")])
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        await to_trial(pilot, settle, 31, 8, 7)  # the third takes the place of the first
        await to_trial(pilot, settle, 31)
        await pilot.press("space", "d")
        await settle(pilot)
        assert "birds" in drawn(app, "#difference")
        await pilot.press("space")  # marks it off
        await settle(pilot)
        assert not app.screen.query_one("#difference").display
