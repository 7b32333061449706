"""Page 4: every report, in groups of what may be compared."""

import sqlite3
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.compare.view import best_students
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.choices import Name
from wnkd_tui.home import Home
from wnkd_tui.store import queries

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]


def words(app: WnkdApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def drawn(app: WnkdApp, selector: str) -> str:
    """What a widget shows, tables and pictures too."""
    strips = app.screen.query_one(selector).render_lines(
        app.screen.query_one(selector).region.reset_offset
    )
    return "\n".join(strip.text for strip in strips)


def chart(app: WnkdApp, number: int) -> str:
    return str(app.screen.query_one(f"#chart-{number}", Chart).render())


async def test_table_2_draws_both_charts_and_says_on_what(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 80)) as pilot:
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
        assert "100wn" in chart(app, 0)
        assert "100noise" in chart(app, 0)
        assert "image" in chart(app, 1)
        assert "S from T_m+T_x" in drawn(app, "#sheet")


async def test_sweep_epoch_and_group_turn(home: Home, make_app: MakeApp, settle: Settle) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("m")
        assert "100noise" not in chart(app, 0)
        await pilot.press("m")
        assert "100wn" not in chart(app, 0)
        await pilot.press("m", "b")
        assert "last epoch" in words(app, "#compare-caption")
        await pilot.press("b")
        assert "best and last epoch" in words(app, "#compare-caption")
        assert "Teacher and students, last epoch" in chart(app, 1)
        await pilot.click("#knob-group")
        await pilot.pause()
        assert "· text ·" in words(app, "#compare-caption")
        await pilot.press("R")
        assert "Table 1" in words(app, "#compare-caption")


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("table1", "Z-score"),
        ("table3", "learned"),
        ("fig2", "S from T_x"),
        ("fig3", "image share"),
        ("leakage", "leakage"),
        ("shots", "many-shot"),
        ("classes", "zero"),
    ],
)
async def test_every_report_has_its_table(
    report: str, said: str, home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(160, 100)) as pilot:
        await pilot.press("4")
        await settle(pilot)
        name = next(name for name in app.screen.query(Name) if name.name == report)
        await pilot.click(name)
        await pilot.pause()
        assert said in drawn(app, "#sheet")


async def test_a_report_of_nothing_says_what_to_do(
    home: Home, make_app: MakeApp, settle: Settle, db: Callable[..., sqlite3.Connection]
) -> None:
    conn = db(home)
    conn.execute("DELETE FROM trial WHERE modality = 'text'")
    conn.close()
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await settle(pilot)
        await pilot.press("r", "r")
        await pilot.pause()
        assert "Nothing of this is measured yet" in words(app, "#compare-caption")
        assert not app.screen.query_one(".charts").display


def test_the_best_student_of_each_kind_speaks_for_its_classes(
    home: Home, db: Callable[..., sqlite3.Connection]
) -> None:
    conn = db(home)
    groups = best_students(queries.results(conn), queries.trials(conn))
    conn.close()
    changes = [max((one.spec.changes for one in group), key=len) for group in groups]
    assert changes == [(), (("T_x.stem", "linear"),), (("T_x.text_update", "fixed"),)]
    plain = {one.spec.name for one in groups[0]}
    assert plain == {
        "S_s",
        "T_x,(img, 0%gt 100%wn) S_s",
        "T_m T_x,(img, 0%gt 100%wn) S_s",
        "T_1s T_2w T_3s S_s",
        "Z-score T_m S_s",
    }
