"""Page 7: every report, in groups of what may be compared; its cursor, its curves, its files."""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.ask import Ask
from wnkd_tui.app.screens.compare.best import best_students
from wnkd_tui.app.screens.compare.export import Export
from wnkd_tui.app.screens.compare.screen import ComparePage
from wnkd_tui.app.screens.compare.state import State
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.choices import Name
from wnkd_tui.home import Home
from wnkd_tui.store import queries

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


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


async def press(pilot: Pilot[None], settle: Settle, *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def turn_to(pilot: Pilot[None], settle: Settle, report: str) -> None:
    name = next(name for name in pilot.app.screen.query(Name) if name.name == report)
    await pilot.click(name)
    await settle(pilot)


async def test_table_2_draws_both_charts_and_says_on_what(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 80)) as pilot:
        await press(pilot, settle, "7")
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


async def test_sweep_epoch_group_and_setting_turn(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 40)) as pilot:
        await press(pilot, settle, "7", "m")
        assert "100noise" not in chart(app, 0)
        await press(pilot, settle, "m")
        assert "100wn" not in chart(app, 0)
        await press(pilot, settle, "m", "b")
        assert "last epoch" in words(app, "#compare-caption")
        await press(pilot, settle, "b")
        assert "best and last epoch" in words(app, "#compare-caption")
        assert "Teacher and students, last epoch" in chart(app, 1)
        await pilot.click("#knob-group")
        await settle(pilot)
        assert "· text ·" in words(app, "#compare-caption")
        await press(pilot, settle, "G", "d")
        assert "digits (200) · demo" in words(app, "#knob-setting")
        await press(pilot, settle, "D")
        assert isinstance(app.screen, Ask)
        await pilot.press("home", "enter")
        await settle(pilot)
        assert "digits · demo" in words(app, "#knob-setting")
        await press(pilot, settle, "R")
        assert "Table 1" in words(app, "#compare-caption")


async def test_a_turn_is_painted_before_it_is_asked_for_and_turns_add_up(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 40)) as pilot:
        await press(pilot, settle, "7")
        page = app.screen
        assert isinstance(page, ComparePage)
        asked, shown = page.question(), words(app, "#knob-setting")
        page.action_setting()
        assert "digits (200) · demo" in words(app, "#knob-setting")
        assert "…" in words(app, "#knob-group")  # only the answer knows how many there are
        assert app.poller.question == asked
        page.action_setting()  # from there on, not from what the old answer shows
        assert words(app, "#knob-setting") == shown
        page.action_group()
        page.action_group()
        await settle(pilot)
        assert app.poller.question == page.question() != asked
        assert "3 of" in words(app, "#knob-group")


async def test_every_report_has_its_table(home: Home, make_app: MakeApp, settle: Settle) -> None:
    said = {
        "table1": "Z-score",
        "table3": "learned",
        "fig2": "S from T_x",
        "fig3": "image share",
        "leakage": "leakage",
        "scatter": "S from T_m+T_x gain",
        "shots": "many-shot",
        "classes": "zero",
        "curves": "at epoch",
    }
    app = make_app(home)
    async with app.run_test(size=(160, 100)) as pilot:
        await press(pilot, settle, "7")
        for report, word in said.items():
            await turn_to(pilot, settle, report)
            assert word in drawn(app, "#sheet"), report
        await turn_to(pilot, settle, "scatter")
        assert "over T_x top-1 %" in chart(app, 0)
        await press(pilot, settle, "m")
        assert "over leakage index" in chart(app, 0)


async def test_a_report_of_nothing_says_what_to_do(
    home: Home, make_app: MakeApp, settle: Settle, db: Callable[..., sqlite3.Connection]
) -> None:
    conn = db(home)
    conn.execute("DELETE FROM trial WHERE modality = 'text'")
    conn.close()
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, settle, "7", "r", "r")
        assert "Nothing of this is measured yet" in words(app, "#compare-caption")
        assert not app.screen.query_one(".charts").display
        assert app.screen.check_action("export", ()) is False


async def test_the_cursor_reads_what_the_chart_says(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(160, 50)) as pilot:
        await press(pilot, settle, "7")
        assert "reads the values" in chart(app, 0)
        await pilot.press("right")
        assert "100wn  ● 77.85 ± 0.21  ▲ 88.15 ± 0.21" in chart(app, 0).splitlines()[-1]
        await pilot.press("left", "left")  # at the first place it stays
        assert "100wn  ●" in chart(app, 0)
        await pilot.press("tab", "left")
        assert "100noise  image 0.860" in chart(app, 1).splitlines()[-1]
        first = app.screen.query_one("#chart-0", Chart)
        assert first.stop
        await pilot.click("#chart-0", offset=(first.size.width - 3, 5))
        assert "100noise  ● 70.00" in chart(app, 0)
        await pilot.press("escape")
        assert "reads the values" in chart(app, 0)


async def test_curves_of_runs_lie_over_one_another(
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    db: Callable[..., sqlite3.Connection],
) -> None:
    app = make_app(home)
    async with app.run_test(size=(120, 50)) as pilot:
        await press(pilot, settle, "7", "R", "R")
        assert "8 of " in words(app, "#compare-caption")
        assert "done trials" in words(app, "#compare-caption")
        assert len(app.screen.answer.view.figures[0].lines) == 8
        await press(pilot, settle, "right")
        assert "epoch 1  ●" in chart(app, 0)
        await press(pilot, settle, "m")
        assert "train_loss" in words(app, "#knob-metric")
        await press(pilot, settle, "k")
        assert "T_x · val_top1" in words(app, "#compare-caption")
        await pilot.press("slash", *"wn:50", "enter")
        await until(pilot, lambda: "trials found" in words(app, "#compare-caption"))
        await settle(pilot)
        shown = {int(line.name.split()[1]) for line in app.screen.answer.view.figures[0].lines}
        conn = db(home)
        trials = queries.trials(conn, ids=shown)
        conn.close()
        assert {trial.spec.tx.wn for trial in trials if trial.spec.tx} == {50}
        await pilot.press("5")
        await settle(pilot)
        await pilot.press("space", "space")
        await press(pilot, settle, "7")
        await pilot.press("slash", *(["backspace"] * 5), "enter")
        await until(pilot, lambda: "2 marked trials" in words(app, "#compare-caption"))
        await pilot.press("slash", *" nonsense:1")
        await until(pilot, lambda: "unknown field" in words(app, "#compare-caption"))
        assert State.of(app.screen.kept()) == app.screen._state


async def test_what_is_on_screen_becomes_a_file(
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, settle, "7")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Export))
        path = app.screen.query_one(Input)
        assert path.value == str(tmp_path / "table2-digits-demo.png")
        await pilot.press("m")
        assert path.value.endswith(".md")
        await pilot.press("enter")
        written = tmp_path / "table2-digits-demo.md"
        await until(pilot, lambda: not isinstance(app.screen, Export))
        assert written.read_text().startswith("**Table 2** · digits")

        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Export))
        await pilot.press("m", "enter")  # it is there: nothing is lost without a question
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, Export))
        await pilot.press("c", "tab")
        app.screen.query_one(Input).value = str(tmp_path / "no" / "such.csv")
        await pilot.press("enter")
        await until(pilot, lambda: "cannot write" in words(app, "#export-told"))
        app.screen.query_one(Input).value = str(tmp_path / "table.docx")
        await pilot.press("enter")
        await until(pilot, lambda: "the ending says the form" in words(app, "#export-told"))
        app.screen.query_one(Input).value = str(written)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        written.write_text("old")
        await pilot.press("o")
        await until(pilot, lambda: not isinstance(app.screen, Ask | Export))
        assert written.read_text().startswith("**Table 2**")


async def test_without_matplotlib_the_dialog_says_so(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wnkd_tui.report.export.find_spec", lambda name: None)
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, settle, "7")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Export))
        forms = app.screen.query_one(OptionList)
        assert forms.get_option("png").disabled
        assert app.screen.query_one(Input).value.endswith(".csv")
        await pilot.press("p")
        assert "pip install 'wnkd-tui[plots]'" in words(app, "#export-told")


def test_the_best_student_of_each_kind_speaks_for_its_classes(
    home: Home, db: Callable[..., sqlite3.Connection]
) -> None:
    conn = db(home)
    groups = best_students(queries.results(conn))
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
