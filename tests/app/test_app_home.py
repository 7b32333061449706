"""Page 1: how everything stands, and the way from each line to what it tells of."""

import os
import sqlite3
from collections.abc import Awaitable, Callable

import pytest
from rich.text import Text
from textual.pilot import Pilot
from textual.widgets import Static

from engine import process as processes
from engine.process import ProcessId
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.home import view
from wnkd_tui.app.screens.home.latest import FEW, latest
from wnkd_tui.app.screens.home.lines import clock, gauges
from wnkd_tui.app.screens.home.screen import EVERY, HomePage
from wnkd_tui.app.screens.home.section import Few, Section
from wnkd_tui.app.screens.home.view import MOST, HomeQuestion
from wnkd_tui.home import Home
from wnkd_tui.queue.vitals import GpuVitals, Vitals
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]
NOW = 1_800_000_000.0  # the tests' clock


def few(app: WnkdApp, name: str) -> Few:
    return app.screen.query_one(f"#{name}", Section).few


def lines(app: WnkdApp, name: str) -> list[str]:
    """What stands in a section, its heading first, and the line below it last."""
    table = few(app, name)
    shown = [table.render_line(y).text.rstrip() for y in range(table.size.height)]
    more = app.screen.query_one(f"#{name} .more", Static)
    return [*shown, *([str(more.render())] if more.display else [])]


def said(app: WnkdApp) -> str:
    return str(app.screen.query_one("#said", Static).render())


def change(home: Home, sql: str, *values: object) -> None:
    conn = sqlite3.connect(home.db)
    conn.execute(sql, values)
    conn.commit()
    conn.close()


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_everything_at_a_glance(
    size: tuple[int, int], home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    change(home, "UPDATE job SET slot = 'GPU 0' WHERE state = 'running'")
    change(
        home,
        "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before, started_at)"
        " SELECT id, attempt, 'me', 'server', slot, 0, 1 FROM job WHERE state = 'running'",
    )
    app = make_app(home)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await until(pilot, lambda: few(app, "machine").size.height > 1)
        (running,) = lines(app, "running")[1:]
        for words in ("T_x,(img, 0%gt 100", "58%", "2.5 epoch/s", "2s", "GPU 0 server"):
            assert words in running
        bad = lines(app, "bad")[1:]
        assert [line[0] for line in bad] == ["?", "✗"]  # the newest first
        assert "loss is not finite at epoch 3" in bad[1]
        assert len(lines(app, "waiting")) == 6  # heading, four jobs, and when all is done
        assert "all done about 08:00" in lines(app, "waiting")[-1]
        machine = lines(app, "machine")[1:]
        for words, line in zip(
            ("63%  12.0 of 80.0 GiB  54 °C", "12%", "16%", "500 GiB left"),
            (" ".join(line.split()).replace(" GiB 54", " GiB  54") for line in machine),
            strict=True,
        ):
            assert words.replace("  ", " ") in line.replace("  ", " ")
        results = lines(app, "results")
        assert "77.85" in results[1]  # T_x over two seeds
        assert "94.15 ±0.21" in results[1]
        assert results[1].endswith("2")
        left, right = few(app, "running").region, few(app, "machine").region
        assert (left.y == right.y) == (size[0] == 160)  # side by side where there is room
        assert app.screen.query_one("#home").max_scroll_y <= 1  # nearly all of it in sight


async def test_from_line_to_line_and_on_to_what_they_tell(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    change(home, "UPDATE job SET slot = 'GPU 0' WHERE state = 'running'")
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await until(pilot, lambda: few(app, "machine").size.height > 1)
        assert few(app, "running").has_focus
        seen = []
        for _ in range(20):
            table = app.focused
            assert isinstance(table, Few)
            seen.append((table.parent.id, table.cursor))  # type: ignore[union-attr]
            await pilot.press("down")
        walked = list(dict.fromkeys(seen))
        names = [name for name, _ in walked]
        assert list(dict.fromkeys(names)) == ["running", "bad", "waiting", "machine", "results"]
        assert len(walked) == 1 + 2 + 4 + 4 + 4  # every line
        for _ in walked:
            await pilot.press("up")
        assert few(app, "running").has_focus

        await pilot.press("down", "enter")
        await settle(pilot)
        assert app.page.NAME == "run"
        assert queries.job(connect(home), app.job or 0).state == "lost"
        await pilot.press("1")
        await settle(pilot)
        await pilot.click(few(app, "results"), offset=(3, 1), times=2)
        await settle(pilot)
        assert app.page.NAME == "run"
        await pilot.press("1")
        await settle(pilot)
        few(app, "machine").focus()
        await pilot.press("home", "enter")  # the GPU's job
        await settle(pilot)
        assert queries.job(connect(home), app.job or 0).state == "running"
        await pilot.press("1")
        await settle(pilot)
        few(app, "machine").focus()
        await pilot.press("end", "enter")
        await settle(pilot)
        assert app.page.NAME == "queue"
        await pilot.press("1")
        await settle(pilot)
        app.screen.query_one("#home").scroll_end(animate=False)
        await pilot.pause()
        await pilot.click("#results .more")
        await settle(pilot)
        assert app.page.NAME == "compare"


async def test_what_is_not_shown_is_counted(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    change(home, "UPDATE job SET state = 'failed', reason = 'by hand' WHERE id <= 9")
    change(home, "DELETE FROM supervisor")
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert lines(app, "bad")[-1] == "7 more: key 4"
        assert lines(app, "waiting")[-1].split()[-1] != "4"
        assert "unknown" in lines(app, "waiting")[1]
        assert said(app) == "○ 4 waiting, and no worker runs: w starts one"
        await pilot.resize_terminal(160, 50)
        await settle(pilot)
        await until(pilot, lambda: len(lines(app, "bad")) == 12)
        await pilot.resize_terminal(40, 10)
        await settle(pilot)
        assert app.screen.query_one("#home").max_scroll_y > 0
        await pilot.resize_terminal(160, 50)
        assert app.screen.query_one("#results").region.x > 0
        change(home, "UPDATE job SET state = 'done', finished_at = 1.8e9")
        await until(pilot, lambda: app.screen.query_one("#results").region.x == 0)  # all its own
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: len(lines(app, "results")) > 10)


async def test_a_worker_that_waits_or_died_says_what_to_press(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    note = "paused: disk full (3 MiB free at /home; goes on at 500)"
    change(home, "UPDATE supervisor SET note = ?", note)
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert note in said(app)
        assert "wnkd gc" in said(app)
        dead = str(ProcessId.of(os.getpid())).replace(str(os.getpid()), "999999")
        change(
            home,
            "UPDATE supervisor SET process = ?, beat = ?, note = NULL",
            dead,
            processes.uptime() - 60,
        )
        change(home, "UPDATE job SET state = 'done' WHERE state = 'waiting'")
        change(home, "UPDATE job SET supervisor = 'host:4242' WHERE state = 'lost'")
        await until(pilot, lambda: "a worker that died: w starts one" in said(app))


async def test_three_keys_at_the_first_start(
    new_home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(new_home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        words = str(app.screen.query_one(".empty", Static).render())
        assert all(f"\n{key}  " in words for key in "dw7")
        assert "demo" in {b.binding.action for b in app.screen.active_bindings.values()}
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.page, HomePage) and not app.page.answer.empty)
        await settle(pilot)
        assert lines(app, "waiting")[-1] == "25 more: key 4"
        assert not few(app, "running").display
        assert app.screen.check_action("demo", ()) is False


async def test_a_home_that_lost_its_trials_says_where_they_may_be(
    new_home: Home, make_app: MakeApp, settle: Settle
) -> None:
    (new_home.root / "wnkd.db.backup").write_bytes(b"")
    app = make_app(new_home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        words = str(app.screen.query_one(".empty", Static).render())
        assert "cp wnkd.db.backup wnkd.db" in words


async def test_that_an_older_database_was_brought_up_to_date_is_told(
    home: Home, settle: Settle
) -> None:
    (home.root / "wnkd.db.before-0004").write_bytes(b"")
    app = WnkdApp(lambda: home, every=0.05)  # by the real clock
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "wnkd.db.before-0004 is as it was" in said(app)


async def test_the_machine_is_looked_at_while_home_is_in_sight(
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    looks: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wnkd_tui.app.screens.home.screen.EVERY", 0.01)
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await until(pilot, lambda: len(looks) > 3)
        await pilot.press("4")
        await settle(pilot)
        count = len(looks)
        await settle(pilot)
        assert len(looks) == count
        await pilot.press("1")
        await until(pilot, lambda: len(looks) > count + 3)
    count = len(looks)
    assert EVERY == 2.0
    assert len(looks) == count


def test_many_jobs_are_not_read(home: Home) -> None:
    conn = connect(home)
    view = HomeQuestion(False).read(Source(conn, home, lambda: NOW))
    assert not view.forecast.start
    conn.execute("UPDATE job SET state = 'failed'")
    view = HomeQuestion(True).read(Source(conn, home, lambda: NOW))
    assert len(view.bad) == MOST
    assert view.counts == {"failed": 77}
    conn.close()


def test_results_have_the_room_that_nothing_else_takes(home: Home) -> None:
    conn = connect(home)
    busy = HomeQuestion(False).read(Source(conn, home, lambda: NOW))
    assert len(busy.results) == FEW
    conn.execute("UPDATE job SET state = 'cancelled' WHERE state != 'done'")
    calm = HomeQuestion(False).read(Source(conn, home, lambda: NOW))
    assert len(calm.results) > FEW
    assert calm.results[:FEW] == busy.results
    assert {result.encoder for result in calm.results} == {None, "wordnet-graph"}
    conn.close()


def test_results_are_of_all_seeds_and_come_once(home: Home) -> None:
    conn = connect(home)
    found = latest(conn, MOST)
    assert latest(conn, 2) == found[:2]
    assert len({result.trial for result in found}) == len(found)
    by_name = {(result.name, result.changed): result for result in found}
    zscore = by_name["Z-score T_m S_s", False]
    assert zscore.student.seeds == 2
    assert zscore.student.top1 == pytest.approx((91.0 + 91.3) / 2)
    assert zscore.student.spread == pytest.approx(0.3 / 2**0.5)
    assert zscore.teacher is not None  # of image teachers the best one
    conn.execute("UPDATE job SET result = NULL")
    assert latest(conn, MOST) == ()
    conn.close()


def test_results_are_read_again_when_a_job_is_done_and_at_no_other_change(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    monkeypatch.setattr(view, "latest", lambda *of: read.append(of) or latest(*of))
    conn = connect(home)
    source = Source(conn, home, lambda: NOW)

    def after(sql: str) -> int:
        conn.execute(sql)
        source.changed()
        HomeQuestion(foresee=False).read(source)
        return len(read)

    assert after("SELECT 1") == 1
    assert after("UPDATE supervisor SET heartbeat = heartbeat + 2") == 1
    assert after("UPDATE job SET done = done + 1 WHERE state = 'running'") == 1
    assert after("UPDATE job SET state = 'done' WHERE state = 'running'") == 2
    conn.close()


@pytest.mark.parametrize(
    ("ahead", "words"), [(0, "08:00"), (3600, "09:00"), (90_000, "Sat 09:00"), (6e5, "Jan 22")]
)
def test_times_to_come(ahead: float, words: str) -> None:
    assert clock(NOW + ahead, NOW) == words


def test_gauges_of_a_machine_that_tells_little(machine: Vitals) -> None:
    unknown = Vitals((GpuVitals("1:0", "NVIDIA A100 MIG", None, None, None, None),), "", 1, None,
                     None, None, None, None)  # fmt: skip
    assert [(g.name, g.share, g.told, g.more) for g in gauges(unknown)] == [
        ("GPU 1:0 A100 MIG", None, "", ""),
        ("CPU", None, "1 core", ""),
        ("Memory", None, "", ""),
    ]
    assert Text(gauges(machine)[1].name).plain == "CPU"
