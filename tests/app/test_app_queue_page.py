"""Page 4 driven by keys and clicks against a real database."""

import sqlite3
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.ask import Ask
from wnkd_tui.app.screens.queue.detail import JobPane
from wnkd_tui.app.screens.queue.screen import QueuePage
from wnkd_tui.app.widgets.header import Header
from wnkd_tui.app.widgets.log_tail import LogTail
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.rows import JobRow

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def here(app: WnkdApp) -> str:
    return app.page.NAME if app.page else ""


def jobs(app: WnkdApp) -> Rows[JobRow]:
    return app.screen.query_one("#jobs", Rows)


def state_of(home: Home, job: int) -> str:
    conn = sqlite3.connect(home.db)
    found = conn.execute("SELECT state FROM job WHERE id = ?", [job]).fetchone()
    conn.close()
    return str(found[0]) if found else "gone"


def listed(app: WnkdApp) -> list[JobRow]:
    """The jobs that the page has rows of, in the list's order."""
    listing = app.page.answer.listing  # type: ignore[union-attr]
    return [listing.rows[key] for key in listing.keys if key in listing.rows]


async def to_state(pilot: Pilot[None], app: WnkdApp, state: str) -> JobRow:
    """Puts the cursor on the first job in `state`."""
    job = next(job for job in listed(app) if job.state == state)
    jobs(app).go_to(job.id)
    await pilot.pause()
    return job


async def to_queue(pilot: Pilot[None], settle: Settle) -> None:
    await settle(pilot)
    await pilot.press("4")
    await settle(pilot)


async def until_page(pilot: Pilot[None], app: WnkdApp, name: str) -> None:
    await pilot.pause()
    assert here(app) == name


async def test_what_needs_eyes_comes_first(home: Home, make_app: MakeApp, settle: Settle) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        assert isinstance(app.page, QueuePage)
        states = [job.state for job in listed(app)]
        assert states[:4] == ["running", "failed", "lost", "waiting"]
        assert states[-1] == "done"
        status = str(app.screen.query_one(Header).query_one(".status", Static).render())
        assert "worker runs elsewhere (4242)" in status
        assert "✗ 1" in status


async def test_the_selected_job_shows_its_log_and_curves(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        log = app.screen.query_one(LogTail)
        assert "epoch 7" in log.plain
        assert app.screen.query_one("#top1").display
        assert not app.screen.query_one("#loss").display
        await pilot.press("v")
        assert app.screen.query_one("#loss").display
        failed = await to_state(pilot, app, "failed")
        await settle(pilot)
        told = " ".join(log.plain.split())
        assert str(failed.reason) in told  # in full, however short the line above


async def test_a_job_without_curves_leaves_the_room_to_its_log(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(160, 50)) as pilot:
        await to_queue(pilot, settle)
        assert not app.screen.query_one(JobPane).has_class("-no-curves")
        jobs(app).go_to(next(job.id for job in listed(app) if job.kind == "relax"))
        await pilot.pause()
        await settle(pilot)
        assert app.screen.query_one(JobPane).has_class("-no-curves")


async def test_c_cancels_and_r_lets_it_wait_again(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        job = await to_state(pilot, app, "waiting")
        await pilot.press("c")
        await until(pilot, lambda: state_of(home, job.id) == "cancelled")
        await until(pilot, lambda: jobs(app).row.state == "cancelled")  # type: ignore[union-attr]
        await pilot.press("r")
        await until(pilot, lambda: state_of(home, job.id) == "waiting")


async def test_a_failed_job_is_retried(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        job = await to_state(pilot, app, "failed")
        await pilot.press("r")
        await until(pilot, lambda: state_of(home, job.id) == "waiting")


async def test_a_running_job_is_asked_to_end(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        job = await to_state(pilot, app, "running")
        await pilot.press("c")
        await until(pilot, lambda: jobs(app).row.wanted == "cancelled")  # type: ignore[union-attr]
        assert state_of(home, job.id) == "running"  # its supervisor ends it


@pytest.mark.parametrize(("key", "gone"), [("y", True), ("n", False), ("escape", False)])
async def test_removing_a_trial_is_asked_first(
    key: str, gone: bool, home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        job = await to_state(pilot, app, "waiting")
        await pilot.press("x")
        assert isinstance(app.screen, Ask)
        await pilot.press(key)
        await until(pilot, lambda: not isinstance(app.screen, Ask))
        if gone:
            await until(pilot, lambda: state_of(home, job.id) == "gone")
        else:
            assert state_of(home, job.id) == "waiting"


async def test_keys_that_would_do_nothing_are_not_offered(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        await to_state(pilot, app, "done")
        offered = app.screen.active_bindings
        assert "c" not in offered
        assert "r" not in offered
        assert "x" in offered


async def test_enter_and_a_click_open_the_job_in_full(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        await pilot.click("#jobs", offset=(20, 3))
        assert jobs(app).cursor == 2
        chosen = jobs(app).row
        assert chosen
        await pilot.press("enter")
        await until_page(pilot, app, "run")
        assert (app.trial, app.job) == (chosen.trials[0], chosen.id)


async def test_what_another_process_writes_is_seen(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        running = jobs(app).row
        assert running
        conn = sqlite3.connect(home.db)
        conn.execute("UPDATE job SET done = 11 WHERE id = ?", [running.id])
        conn.commit()
        await until(pilot, lambda: jobs(app).row.done == 11)  # type: ignore[union-attr]
        conn.execute("UPDATE job SET state = 'done' WHERE id = ?", [running.id])
        conn.commit()
        conn.close()
        # On top of the list the cursor stays on top: what needs eyes next.
        await until(pilot, lambda: jobs(app).row.state == "failed")  # type: ignore[union-attr]


async def test_the_cursor_stays_on_its_job_wherever_that_goes(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        job = await to_state(pilot, app, "waiting")
        conn = sqlite3.connect(home.db)
        conn.execute("UPDATE job SET state = 'cancelled' WHERE id = ?", [job.id])
        conn.commit()
        conn.close()
        await until(pilot, lambda: jobs(app).row.state == "cancelled")  # type: ignore[union-attr]
        assert jobs(app).row.id == job.id  # type: ignore[union-attr]


async def test_an_empty_queue_leads_on_to_the_demo(
    new_home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Callable[..., object]
) -> None:
    app = make_app(new_home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        assert app.screen.has_class("-empty")
        await pilot.press("d")
        await until(pilot, lambda: not app.screen.has_class("-empty"))
        conn = db(new_home)
        trials = queries.trials(conn)  # type: ignore[arg-type]
        assert {(t.spec.tx.wn, t.spec.tx.noise) for t in trials if t.spec.tx} == {
            (0, 0),
            (50, 0),
            (100, 0),
            (0, 50),
            (0, 100),
        }


async def test_p_holds_a_job_u_lets_it_go_on_and_f_puts_it_first(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        job = [job for job in listed(app) if job.state == "waiting"][-1]
        jobs(app).go_to(job.id)
        await pilot.pause()
        await pilot.press("f")
        await until(pilot, lambda: jobs(app).row.priority == 1)  # type: ignore[union-attr]
        waiting = [job.id for job in listed(app) if job.state == "waiting"]
        assert waiting[0] == job.id
        await pilot.press("p")
        await until(pilot, lambda: state_of(home, job.id) == "paused")
        await until(pilot, lambda: jobs(app).row.state == "paused")  # type: ignore[union-attr]
        await pilot.press("u")
        await until(pilot, lambda: state_of(home, job.id) == "waiting")


async def test_a_running_job_is_asked_to_pause(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        await to_state(pilot, app, "running")
        await pilot.press("p")
        await until(pilot, lambda: jobs(app).row.wanted == "paused")  # type: ignore[union-attr]
        await pilot.press("u")
        await until(pilot, lambda: jobs(app).row.wanted is None)  # type: ignore[union-attr]


async def test_what_holds_the_worker_up_is_told(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    conn = sqlite3.connect(home.db)
    conn.execute("UPDATE supervisor SET note = 'paused: disk full (12 MiB free at /data)'")
    conn.commit()
    conn.close()
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_queue(pilot, settle)
        status = str(app.screen.query_one(Header).query_one(".status", Static).render())
        assert "‖ worker waits" in status
        await until(pilot, lambda: app._notifications)
        conn = sqlite3.connect(home.db)
        conn.execute("UPDATE supervisor SET note = 'paused: disk full (11 MiB free at /data)'")
        conn.commit()
        conn.close()
        await until(pilot, lambda: "11 MiB" in app.status.workers[0].held_up)  # type: ignore[union-attr, operator]
        app.overseer.watch()
        told = [one.message for one in app._notifications]
        assert told == ["worker: paused: disk full (12 MiB free at /data)"]  # once
