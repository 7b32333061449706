"""The queue's list as a whole: marks, filter, order, menu, and what lasts until the next start."""

import sqlite3
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.ask import Ask, AskLine
from wnkd_tui.app.screens.queue.screen import QueuePage
from wnkd_tui.app.screens.queue.view import QueueView
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.app.widgets.written import Written
from wnkd_tui.home import Home
from wnkd_tui.store.rows import JobRow

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def page(app: WnkdApp) -> QueuePage:
    assert isinstance(app.page, QueuePage)
    return app.page


def answer(app: WnkdApp) -> QueueView:
    view = page(app).answer
    assert isinstance(view, QueueView)
    return view


def jobs(app: WnkdApp) -> Rows[JobRow]:
    return page(app).rows


def shown(app: WnkdApp) -> list[int]:
    return [int(str(key)) for key in answer(app).listing.keys]


def told(app: WnkdApp) -> list[str]:
    return [str(notice.message) for notice in app._notifications]


def column(home: Home, name: str, *ids: int) -> list[object]:
    conn = sqlite3.connect(home.db)
    found = [conn.execute(f"SELECT {name} FROM job WHERE id = ?", [id]).fetchone()[0] for id in ids]
    conn.close()
    return found


async def to_queue(pilot: Pilot[None], settle: Settle) -> None:
    await settle(pilot)
    await pilot.press("4")
    await settle(pilot)


async def test_deeds_are_done_to_all_that_is_marked(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        jobs(app).go_to(42)
        await pilot.press("space", "space", "space")  # a lost one and two that wait
        await settle(pilot)
        assert jobs(app).marks == {42, 43, 46}
        title = str(app.screen.query_one("JobPane .title", Static).render())
        assert "◆ 3 marked" in title
        await pilot.press("plus")
        await until(pilot, lambda: column(home, "priority", 43, 46, 47) == [1, 1, 0])
        await until(pilot, lambda: any("not 1: 1 lost" in line for line in told(app)))
        await pilot.press("minus", "g")
        await until(pilot, lambda: column(home, "priority", 43, 46, 47) == [-1, -1, 0])
        await pilot.press("P")
        assert isinstance(app.screen, AskLine)
        fault = app.screen.query_one(".fault", Static)
        await pilot.press("x", "enter")
        assert "whole number" in str(fault.render())
        app.screen.query_one(Input).value = "30"
        await pilot.press("enter")
        await until(pilot, lambda: column(home, "priority", 43, 46) == [30, 30])
        await pilot.press("c")
        await until(pilot, lambda: column(home, "state", 43, 46) == ["cancelled"] * 2)
        await pilot.press("z")
        await until(pilot, lambda: column(home, "state", 43, 46) == ["waiting"] * 2)
        await pilot.press("escape")
        assert not jobs(app).marks


async def test_many_at_once_are_asked_first_and_one_moves_by_one(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        await pilot.press("A", "c")
        await pilot.pause()
        assert isinstance(app.screen, Ask)
        await pilot.press("n")
        await pilot.press("A")
        jobs(app).go_to(46)
        await settle(pilot)
        places = column(home, "position", 43, 46)
        await pilot.press("shift+up")
        await until(pilot, lambda: column(home, "position", 46, 43) == places)
        await settle(pilot)
        await pilot.press("J")
        await until(pilot, lambda: column(home, "position", 43, 46) == places)


async def test_the_list_is_filtered_sorted_and_kept_for_the_next_start(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        await pilot.press("slash", *"state:waiting")
        await until(pilot, lambda: len(shown(app)) == 4)
        await pilot.press("enter", "s")
        await until(pilot, lambda: shown(app) == [43, 46, 47, 52])
        await pilot.press("S")
        await until(pilot, lambda: shown(app) == [52, 47, 46, 43])
        assert not page(app).check_action("up", ())
        jobs(app).go_to(46)
        await settle(pilot)
        await pilot.click("#jobs", offset=(20, 0))  # the heading of the kinds
        await settle(pilot)
        assert page(app).question().search.sort == "kind"
        for _ in range(6):
            await pilot.press("s")
        await settle(pilot)
        assert page(app).question().search.sort == "took"
        await pilot.press("slash", "ctrl+s", *"mine", "enter")
        await until(pilot, lambda: any("@mine" in line for line in told(app)))
        app._remember()  # as it does now and then
    again = make_app(home)
    async with again.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(again.page, QueuePage) and again.page.NAME == "queue")
        await settle(pilot)
        assert len(shown(again)) == 4
        assert page(again).question().search.sort == "took"
        assert jobs(again).key == 46
        assert jobs(again).order == ("took", True)
        await pilot.press("slash")
        line = again.screen.query_one("#find-text", Input)
        line.value = "state:waiting nosuch:1"
        await until(pilot, lambda: answer(again).error)
        assert [one.name for one in answer(again).known.saved] == ["mine"]
        assert len(jobs(again)._keys) == 4  # they stay while the filter is wrong
        line.value = "id:9999"
        await until(pilot, lambda: page(again).has_class("-nothing"))
        line.value = "@mine"
        await until(pilot, lambda: jobs(again).order == ("took", True) and len(shown(again)) == 4)


async def test_every_key_is_in_a_menu_and_the_surroundings_of_a_job_are_told(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    conn = sqlite3.connect(home.db)
    conn.execute("UPDATE job SET retry_at = 1800000600.0, losses = 2 WHERE id = 43")
    conn.commit()
    conn.close()
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        jobs(app).go_to(43)
        await settle(pilot)
        await pilot.press("i")
        about = app.screen.query_one("#about", Written)
        assert about.display
        words = about.plain
        assert "lost 2 times; not tried again before 08:10 (in 10m00)" in words
        assert "starts at about" in words
        assert "✓ T_x 40" in words
        assert "needed by nothing" in words
        jobs(app).go_to(40)
        await settle(pilot)
        words = about.plain
        assert "○ student 43" in words
        jobs(app).go_to(43)
        await settle(pilot)
        line = jobs(app).cursor - int(jobs(app).scroll_offset.y) + 1
        await pilot.click("#jobs", offset=(20, line), button=3)
        assert isinstance(app.screen, Ask)
        options = app.screen.query_one(OptionList).options
        assert {"cancel", "pause", "first", "remove", "sort"} <= {one.id for one in options}
        assert "resume" not in {one.id for one in options}
        await pilot.press("p")
        await until(pilot, lambda: column(home, "state", 43) == ["paused"])
        await pilot.press("a")
        await pilot.click(OptionList, offset=(3, 0))
        await until(pilot, lambda: column(home, "state", 43) == ["cancelled"])


async def test_a_worker_that_died_is_told_with_what_to_press(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    conn = sqlite3.connect(home.db)
    conn.execute("UPDATE supervisor SET heartbeat = heartbeat - 3600")
    conn.commit()
    conn.close()
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        gone = app.screen.query_one("#gone", Static)
        assert gone.display
        assert "worker 4242 on server died (07:00)" in str(gone.render())
        assert "w starts another" in str(gone.render())
