"""The form: methods, changes to the recipe, a person's own files, and what queueing would cost."""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Button, Checkbox, Input, Select, Static

from engine.spec import Method, Teachers
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.form.choose import ChooseSetting
from wnkd_tui.app.screens.form.screen import TrialForm
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home
from wnkd_tui.store import queries

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]
Database = Callable[[Home], sqlite3.Connection]


def told(app: WnkdApp) -> str:
    return str(app.screen.query_one("#told", Static).render())


def line(app: WnkdApp, name: str) -> Input:
    return app.screen.query_one(f"#{name}", Input)


def choose(app: WnkdApp, *students: Teachers) -> None:
    for box in app.screen.query(Checkbox):
        box.value = box.name in students


async def open_form(pilot: Pilot[None], settle: Settle, until: Until) -> WnkdApp:
    app = pilot.app
    assert isinstance(app, WnkdApp)
    await settle(pilot)
    await pilot.press("n")
    await until(pilot, lambda: isinstance(app.screen, TrialForm))
    return app


async def test_changes_are_checked_while_one_types_and_queued(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Database
) -> None:
    async with make_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_form(pilot, settle, until)
        choose(app, Teachers.TX)
        line(app, "changes").value = "stem=no"
        await until(pilot, lambda: told(app).startswith("✗ change: T_x.stem: Input should be"))
        assert app.screen.query_one("#queue", Button).disabled
        line(app, "changes").value = "stem=linear, student.tau=2"
        await until(pilot, lambda: told(app).startswith("1 trial: "))
        assert "estimated: about" in told(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not isinstance(app.screen, TrialForm))
        conn = db(home)
        await until(pilot, lambda: len(queries.trials(conn)) == 31)
        changes = dict(queries.trials(conn)[-1].changes)
        conn.close()
    assert changes == {"T_x.stem": "linear", "student.tau": 2.0}


async def test_the_list_of_settings_is_filtered_and_one_is_put_into_the_line(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    async with make_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_form(pilot, settle, until)
        line(app, "changes").value = "stem=linear"
        await until(pilot, lambda: "3 trials" in told(app))
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, ChooseSetting))
        await pilot.press(*"student", "space", *"arch")
        await pilot.pause()
        rows = app.screen.query_one(Rows)
        assert rows.row
        assert rows.row.name == "student.arch"
        await pilot.press("backspace", "backspace", "backspace", "backspace", "down")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TrialForm))
        assert line(app, "changes").value == "stem=linear, student.tau="
        assert line(app, "changes").has_focus
        await until(pilot, lambda: "✗" in told(app))
        await pilot.press("2")
        await until(pilot, lambda: told(app).startswith("3 trials"))
        for _ in range(2):  # as a double enter: the second is on its way when the first opens it
            app.screen.query_one("#settings", Button).press()
        await until(pilot, lambda: isinstance(app.screen, ChooseSetting))
        await pilot.pause()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, TrialForm))


async def test_a_name_is_completed_by_the_right_arrow(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    async with make_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_form(pilot, settle, until)
        await until(pilot, lambda: told(app))
        line(app, "changes").focus()
        await pilot.press(*"text_u")
        await until(pilot, lambda: line(app, "changes")._suggestion)
        await pilot.press("right")
        assert line(app, "changes").value == "text_update="
        await until(pilot, lambda: line(app, "changes")._suggestion == "text_update=fixed")


async def test_own_files_are_taken_into_the_home_when_queued_and_not_before(
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    db: Database,
    tmp_path: Path,
) -> None:
    nouns = tmp_path / "my nouns, few.txt"
    nouns.write_text("ace\ndeuce\ndyad\n")
    async with make_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_form(pilot, settle, until)
        choose(app, Teachers.TX)
        line(app, "changes").value = f"nouns={tmp_path}/none.txt"
        await until(pilot, lambda: "none.txt" in told(app) and "✗" in told(app))
        line(app, "changes").value = f'nouns="{nouns}"'
        await until(pilot, lambda: told(app).startswith("1 trial: "))
        assert not list(home.files.glob("*"))
        await pilot.press("ctrl+s")
        conn = db(home)
        await until(pilot, lambda: len(queries.trials(conn)) == 31)
        ((name, value),) = queries.trials(conn)[-1].changes
        conn.close()
    assert name == "relax.nouns"
    assert isinstance(value, str)
    assert (home.files / value.removeprefix("file:")).read_text() == "ace\ndeuce\ndyad\n"


async def test_a_method_asks_for_its_teachers(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Database
) -> None:
    async with make_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_form(pilot, settle, until)
        app.screen.query_one("#method", Select).value = "zscore"
        await until(pilot, lambda: "✗ zscore standardises teachers' logits" in told(app))
        choose(app, Teachers.ENSEMBLE)
        await until(pilot, lambda: told(app).startswith("1 trial: "))
        await pilot.click("#queue")
        conn = db(home)
        await until(pilot, lambda: len(queries.trials(conn)) == 31)
        spec = queries.trials(conn)[-1].spec
        conn.close()
    assert (spec.method, spec.teachers, spec.tx) == (Method.ZSCORE, Teachers.ENSEMBLE, None)
