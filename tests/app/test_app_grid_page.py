"""Page 3 and the form: what is marked or typed is queued, and nothing else."""

import sqlite3
from collections.abc import Awaitable, Callable

from rich.style import Style
from rich.text import Text
from textual.coordinate import Coordinate
from textual.events import Click
from textual.pilot import Pilot
from textual.widgets import Checkbox, DataTable, Input, OptionList, Static
from textual.widgets.data_table import RowKey

from engine.spec import Method, Modality, Teachers, TrialSpec
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.form.screen import TrialForm
from wnkd_tui.app.screens.grid.drawn import GridTable
from wnkd_tui.app.screens.grid.screen import GridPage
from wnkd_tui.app.screens.grid.sweep import SweepList
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.knobs import Knob
from wnkd_tui.home import Home
from wnkd_tui.store import queries

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]
Database = Callable[[Home], sqlite3.Connection]


def specs(home: Home, db: Database) -> set[TrialSpec]:
    conn = db(home)
    found = {trial.spec for trial in queries.trials(conn)}
    conn.close()
    return found


def words(app: WnkdApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


async def to_grid(pilot: Pilot[None], settle: Settle) -> None:
    await pilot.press("3")
    await settle(pilot)


async def test_marked_cells_are_queued(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Database
) -> None:
    app = make_app(home)
    before = specs(home, db)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        await pilot.press("down", "right", "right", "space", "right", "space")
        await settle(pilot)
        assert words(app, "#grid-preview").startswith("2 trials: ")
        await pilot.press("q")
        await until(pilot, lambda: len(specs(home, db)) == len(before) + 2)
        await settle(pilot)
        assert "◆" not in str(app.screen.query_one(DataTable).get_cell_at((1, 2)))
    new = specs(home, db) - before
    assert {(s.teachers, s.tx.wn) for s in new if s.tx} == {(Teachers.TX, 80), (Teachers.TM_TX, 80)}


async def test_a_row_and_the_whole_sweep_can_be_marked(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        await pilot.press("a")
        await settle(pilot)
        assert words(app, "#grid-preview").startswith("3 trials, queued or done already")
        await pilot.press("A")
        await settle(pilot)
        assert words(app, "#grid-preview").startswith("19 trials (11 there): ")
        await pilot.press("A")
        await settle(pilot)
        assert "space marks" in words(app, "#grid-preview")


async def test_a_teacher_alone_cannot_be_marked(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        await pilot.press("space")
        await settle(pilot)
        assert "space marks" in words(app, "#grid-preview")


async def test_knobs_turn_by_key_and_by_click(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        page = app.page
        assert isinstance(page, GridPage)
        await pilot.press("s")
        await settle(pilot)
        assert page.answer.grid.basis.seeds == (0, 1, 2)
        await pilot.click("#knob-dataset")
        await settle(pilot)
        assert page.answer.grid.basis.dataset == "birds"
        await pilot.press("y", "y")
        await settle(pilot)
        assert app.screen.query_one(DataTable).row_count == 1  # images alone: no text to mix
        assert "stand-in" in str(app.screen.query_one("#knob-encoder", Knob).render())


async def test_a_cell_opens_its_trial(
    home: Home, make_app: MakeApp, settle: Settle, db: Database
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        await pilot.press("right", "right")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert app.page
        assert app.page.NAME == "run"
        conn = db(home)
        assert queries.trial(conn, app.trial or 0).name == "T_x,(img, 0%gt 100%wn) S_s"
        conn.close()


async def test_the_form_queues_a_sweep(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Database
) -> None:
    app = make_app(home)
    before = specs(home, db)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, TrialForm))
        app.screen.query_one("#wn", Input).value = "20,80"
        for box in app.screen.query(Checkbox):
            box.value = box.name == Teachers.TX.value
        await until(pilot, lambda: words(app, "#told").startswith("2 trials: "))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(specs(home, db)) == len(before) + 2)
    new = specs(home, db) - before
    assert sorted(spec.tx.wn for spec in new if spec.tx) == [20, 80]


async def test_the_form_says_what_is_wrong_and_queues_nothing(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Database
) -> None:
    app = make_app(home)
    before = specs(home, db)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, TrialForm))
        app.screen.query_one("#wn", Input).value = "120"
        await until(pilot, lambda: "✗ wn must be 0 to 100 percent, got 120" in words(app, "#told"))
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, TrialForm)
        app.screen.query_one("#wn", Input).value = "50"
        app.screen.query_one("#images", Input).value = "99999"
        await until(pilot, lambda: "more than the 1438 training images" in words(app, "#told"))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, TrialForm))
    assert specs(home, db) == before


async def test_a_cell_and_a_trial_fill_the_form(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        await pilot.press("end", "down", "down", "f")
        await until(pilot, lambda: isinstance(app.screen, TrialForm))
        form = app.screen
        assert isinstance(form, TrialForm)
        assert (form.fields().wn, form.fields().teachers) == ("50", (Teachers.TM_TX,))
        await pilot.press("escape", "5")
        await settle(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, TrialForm))
        form = app.screen
        assert isinstance(form, TrialForm)
        fields = form.fields()
        assert (fields.wn, fields.changes) == ("100", "T_x.text_update=fixed")


async def test_the_methods_grid_marks_only_what_can_be_queued(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Database
) -> None:
    app = make_app(home)
    before = specs(home, db)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        await pilot.press("v")
        await settle(pilot)
        await pilot.press("end", "space")  # LFME on digits
        await settle(pilot)
        assert "space marks" in words(app, "#grid-preview")
        await pilot.press("down", "space")  # LFME on birds
        await settle(pilot)
        assert words(app, "#grid-preview").startswith("1 trial: ")
        assert "estimated: " in words(app, "#grid-preview")
        await pilot.press("q")
        await until(pilot, lambda: len(specs(home, db)) == len(before) + 1)
    (new,) = specs(home, db) - before
    assert (new.dataset, new.method) == ("birds", Method.LFME)


async def test_changes_turn_to_those_of_trials(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        await pilot.press("c")
        await settle(pilot)
        assert "T_x.stem linear" in words(app, "#knob-changes")
        table = app.screen.query_one(DataTable)
        assert "91.00" in str(table.get_cell_at((0, 2)))
        assert "·" in str(table.get_cell_at((0, 3)))
        await pilot.press("r")  # another recipe has other changes
        await settle(pilot)
        assert "none" in words(app, "#knob-changes")


async def test_a_whole_sweep_is_weighed_and_queued(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Database
) -> None:
    app = make_app(home)
    before = specs(home, db)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, SweepList))
        options = app.screen.query_one(OptionList)

        def said(name: str) -> str:
            return str(options.get_option(name).prompt)

        await until(pilot, lambda: "…" not in said("leakage"))
        assert "19 trials (11 there): 16 new jobs" in said("table2")
        assert "estimated: about" in said("table2")
        assert "3 trials, queued or done already" in said("table1")
        options.highlighted = options.get_option_index("fig2")
        await pilot.press("enter")
        await until(pilot, lambda: len(specs(home, db)) == len(before) + 2)
    new = specs(home, db) - before
    assert {(s.tx.wn, s.tx.modality) for s in new if s.tx} == {
        (20, Modality.TEXT),
        (80, Modality.TEXT),
    }


def marks(app: WnkdApp) -> list[tuple[int, int]]:
    """Rows and columns of the cells that are marked."""
    table = app.screen.query_one(DataTable)
    return [
        (row, column)
        for row in range(table.row_count)
        for column in range(len(table.columns))
        if "◆" in str(table.get_cell_at(Coordinate(row, column)))
    ]


async def test_cells_are_marked_by_shift_and_by_dragging(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Database
) -> None:
    app = make_app(home)
    before = specs(home, db)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        await pilot.press("down", "shift+right", "shift+right", "shift+down")
        await pilot.pause()
        assert marks(app) == [(1, 1), (1, 2), (2, 1), (2, 2)]  # T_x has no trial of its own
        await pilot.press("shift+up")  # back again
        await pilot.pause()
        assert marks(app) == [(1, 1), (1, 2)]
        await pilot.press("escape")
        await settle(pilot)
        assert marks(app) == []
        await pilot.press("z")  # nothing was done yet
        cell = 15  # wide, right of labels of 16
        start, end = (20 + 2 * cell, 3), (20 + 3 * cell, 5)
        await pilot.mouse_down("#grid", offset=start)
        await pilot.hover("#grid", offset=(20 + 2 * cell, 4))
        await pilot.hover("#grid", offset=end)
        await pilot.mouse_up("#grid", offset=end)
        await settle(pilot)
        assert marks(app) == [(row, column) for row in (2, 3, 4) for column in (2, 3)]
        assert words(app, "#grid-preview").startswith("6 trials (4 there): ")
        await pilot.click("#grid", offset=start)  # goes there
        await pilot.click("#grid", offset=start)  # and takes its mark off
        await settle(pilot)
        assert (2, 2) not in marks(app)
        await pilot.click("#grid", offset=(3, 1))  # a row by its label
        await settle(pilot)
        assert [at for at in marks(app) if at[0] == 0] == [(0, 1), (0, 2), (0, 3)]
        await pilot.click("#grid", offset=(3, 1))
        await settle(pilot)
        await pilot.press("q")
        await until(pilot, lambda: len(specs(home, db)) == len(before) + 2)
        await until(pilot, lambda: app.deeds.undoable)
        await pilot.press("z")
        await until(pilot, lambda: specs(home, db) == before)


async def test_a_click_on_what_is_gone_since_it_was_drawn_marks_nothing(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_grid(pilot, settle)
        table = app.screen.query_one(GridTable)
        for row, column in ((99, -1), (99, 0), (0, 99)):
            drawn = Style(meta={"row": row, "column": column})
            at = dict.fromkeys(("x", "y", "screen_x", "screen_y"), 3)
            still = dict.fromkeys(("delta_x", "delta_y"), 0)
            held = dict.fromkeys(("shift", "meta", "ctrl"), False)
            table.post_message(Click(table, **at, **still, **held, button=1, style=drawn))
        table.post_message(DataTable.RowLabelSelected(table, RowKey("gone"), 99, Text("gone")))
        await settle(pilot)
        assert app.is_running
        assert marks(app) == []


def charts(app: WnkdApp) -> list[str]:
    """What the charts in sight are of."""
    drawn = (str(chart.render()) for chart in app.screen.query(Chart) if chart.display)
    return [text.partition(" (top-1")[0] for text in drawn]


async def test_a_wide_screen_has_all_modalities_and_the_page_remembers(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(160, 50)) as pilot:
        await to_grid(pilot, settle)
        table = app.screen.query_one(DataTable)
        assert (table.row_count, len(table.columns)) == (9, 10)
        assert "78.00" in str(table.get_cell_at(Coordinate(0, 4)))  # T_x on text alone
        assert str(table.get_cell_at(Coordinate(0, 7))) == ""  # images alone, but 100 % wn
        await pilot.press("right", "right")
        await pilot.pause()
        assert words(app, "#grid-cell").startswith("T_x,(img, 0%gt 100%wn) S_s  ✓ done  best 91.00")
        charted = ["T_x sees img, text", "T_x sees text", "T_x sees img"]
        await until(pilot, lambda: charts(app) == charted)
        await pilot.resize_terminal(100, 50)
        await settle(pilot)
        await until(pilot, lambda: charts(app) == ["Teacher and students"])
        await pilot.press("y", "y", "y")
        await settle(pilot)
        await until(pilot, lambda: charts(app) == charted[2:])  # the cursor stayed in its place
        await pilot.press("up")  # to what T_x learns of text alone
        await until(pilot, lambda: charts(app) == charted[1:2])
        await pilot.press("y")
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert (table.row_count, len(table.columns)) == (9, 4)
        await pilot.press("y", "y", "y", "s", "b")
        await settle(pilot)
        assert table.row_count == 19
        assert "last epoch" in words(app, "#grid-legend")
        app._remember()
    again = make_app(home)
    async with again.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await settle(pilot)
        assert again.screen.query_one(DataTable).row_count == 19
        assert again.page
        assert again.page.answer.grid.basis.seeds == (0, 1, 2)
        assert "last epoch" in words(again, "#grid-legend")
