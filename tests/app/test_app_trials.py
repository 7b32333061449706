"""Page 5: the list of trials in any order, what is put on them, and how two of them differ."""

from collections.abc import Awaitable, Callable

from textual.pilot import Pilot
from textual.widgets import Input

from engine.spec import Teachers
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.form.screen import TrialForm
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home
from wnkd_tui.queue.adding import TrialRequest, queue_trials
from wnkd_tui.store.database import connect
from wnkd_tui.store.find import labels, listing
from wnkd_tui.store.find.listing import Search
from wnkd_tui.store.rows import TrialLine

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def drawn(app: WnkdApp, selector: str) -> str:
    """What a widget shows, tables and pictures too."""
    strips = app.screen.query_one(selector).render_lines(
        app.screen.query_one(selector).region.reset_offset
    )
    return "\n".join(strip.text for strip in strips)


def rows_of(app: WnkdApp) -> Rows[TrialLine]:
    return app.screen.query_one("#trial-list", Rows)


def keys_of(app: WnkdApp) -> list[object]:
    return list(rows_of(app)._keys)


async def to_trial(pilot: Pilot[None], settle: Settle, *trials: int) -> None:
    for trial in trials:
        pilot.app.screen.query_one("#trial-list", Rows).go_to(trial)
        await pilot.pause()
        await settle(pilot)
        if len(trials) > 1:
            await pilot.press("space")
            await settle(pilot)


async def test_the_selected_trial_is_told_in_short_and_opens_in_full(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 50)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        assert keys_of(app) == list(range(30, 0, -1))
        await to_trial(pilot, settle, 7)
        assert app.page
        detail = app.page.answer.detail
        assert (detail.trial.id, detail.trial.state) == (7, "done")
        assert [job.kind for job in detail.jobs].count("student") == 1
        assert set(detail.curves) == {"T_x", "student"}
        assert "kd of T_m+T_x" in drawn(app, "#spec")
        assert "val top-1 94.00 %" in drawn(app, "#spec")
        await to_trial(pilot, settle, 24)
        assert "T_x.stem linear" in drawn(app, "#spec")
        assert "≠" in "".join(rows_of(app).render_line(y).text for y in range(12))
        await pilot.press("e")
        assert isinstance(app.screen, TrialForm)
        await pilot.press("escape", "enter")
        await settle(pilot)
        assert app.page.NAME == "run"
        assert app.trial == 24


async def test_the_list_is_sorted_by_keys_and_by_its_heads(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        await pilot.press("s")  # by the student's top-1
        await settle(pilot)
        rows = rows_of(app)
        best = [row.acc for row in rows._listing.rows.values()]
        assert rows.order == ("acc", True)
        assert "Top-1▼" in rows.render_line(0).text
        assert keys_of(app)[0] == 30
        assert app.trial == 30  # the first of the new order
        assert rows._listing.rows[30].acc == max(one for one in best if one is not None)
        await pilot.press("S")
        await settle(pilot)
        assert keys_of(app)[0] != 30
        head = rows.render_line(0).text
        await pilot.click(rows, offset=(head.index("Name") + 1, 0))
        await settle(pilot)
        assert rows.order == ("name", False)
        await pilot.click(rows, offset=(head.index("Name") + 1, 0))
        await settle(pilot)
        assert rows.order == ("name", True)
        names = [rows._listing.rows[key].name for key in keys_of(app)]
        assert names == sorted(names, key=str.lower, reverse=True)
        await pilot.click(rows, offset=(head.index("Name") + 1, 0))
        await settle(pilot)
        assert rows.order == ("", False)  # the third one takes it off
        assert keys_of(app) == list(range(30, 0, -1))
        assert "▲" not in rows.render_line(0).text
        await pilot.press("o", "end", "up", "enter")  # image, which has no column
        await settle(pilot)
        assert rows.order == ("image", True)
        assert keys_of(app) == list(listing.trial_ids(connect(home), Search("", "image", True)))
        assert "Image▼" in rows.render_line(0).text
        await pilot.press("o", "home", "enter")
        await settle(pilot)
        assert rows.order == ("", False)
        assert "Image" not in rows.render_line(0).text


async def test_tags_and_notes_are_put_on_and_taken_back(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    conn = connect(home)
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        await pilot.press("space", "space", "plus", *"paper, two", "enter")
        await until(pilot, lambda: labels.tags(conn) == {"paper": 2, "two": 2})
        await settle(pilot)
        assert "paper two" in drawn(app, "#trial-list")
        await pilot.press("escape", "T", *"-two", "enter")  # of the one under the cursor
        await until(pilot, lambda: app.deeds.undoable and "-two" in app.deeds.undoable)
        assert labels.tags(conn) == {"paper": 2, "two": 2}  # which had none
        await pilot.press("z", "z")
        await until(pilot, lambda: labels.tags(conn) == {})
        await pilot.press("N", *"looks good", "enter")
        await until(pilot, lambda: listing.trial_lines(conn, [28])[28].note == "looks good")
        await until(pilot, lambda: "looks good" in drawn(app, "#spec"))
        await pilot.press("plus", *"no/tag", "enter")
        assert "is no tag" in drawn(app, ".fault")  # what was typed is still there
        await pilot.press("escape")
        await pilot.press("N", "ctrl+u", "enter")
        await until(pilot, lambda: listing.trial_lines(conn, [28])[28].note == "")
        await pilot.press("z")
        await until(pilot, lambda: listing.trial_lines(conn, [28])[28].note == "looks good")
    conn.close()


async def test_marked_trials_are_removed_after_asking(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        await pilot.press("space", "space", "x", "y")
        await until(pilot, lambda: len(keys_of(app)) == 28)
        assert keys_of(app)[0] == 28


async def test_filter_order_and_selection_are_kept(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        await pilot.press("slash", *"method:zscore", "enter")
        await settle(pilot)
        await pilot.press("s", "down")
        await settle(pilot)
        assert app.trial == 22
        app._remember()  # as it does every few seconds
    again = make_app(home)
    async with again.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert again.page
        assert again.page.NAME == "trials"
        assert keys_of(again) == [23, 22]
        assert again.trial == 22
        assert again.screen.query_one("#find-text", Input).value == "method:zscore"


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
        assert app.page
        told = "".join(note for sheet in app.page.answer.difference for note in sheet.notes)
        assert "A = trial 20" in app.page.answer.difference[0].caption
        assert "A is better than B by 4.50 ± 0.00 (95 %, 2 paired seeds)" in told
        assert "A = trial 20" in drawn(app, "#difference > Static")
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
        await to_trial(pilot, settle, 31, 8)
        await pilot.press("d")
        await settle(pilot)
        assert "birds" in drawn(app, "#difference > Static")
        await pilot.press("escape")  # takes the marks off
        await settle(pilot)
        assert not app.screen.query_one("#difference").display
