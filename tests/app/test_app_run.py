"""Page 6: one trial with its jobs in full."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static
from typer.testing import CliRunner

from engine.spec import Method, Modality, MultimodalSpec, Teachers, TrialSpec, ValidationText
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.form.screen import TrialForm
from wnkd_tui.app.screens.run.command import command
from wnkd_tui.app.screens.run.curves import CurvesPane
from wnkd_tui.app.screens.run.origins import origin
from wnkd_tui.app.screens.run.view import TABS, telling
from wnkd_tui.app.widgets.chart import Chart
from wnkd_tui.app.widgets.log_text import LogText
from wnkd_tui.app.widgets.log_view import LogView
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.app.widgets.written import Written
from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def drawn(app: WnkdApp, selector: str) -> str:
    """What a widget shows, tables and pictures too."""
    widget = app.screen.query_one(selector)
    return "\n".join(strip.text for strip in widget.render_lines(widget.region.reset_offset))


def said(app: WnkdApp) -> str:
    """The text of the view in sight, as far as it goes down."""
    return app.screen.query_one("#run-text", Written).plain


def part(app: WnkdApp) -> Any:
    assert app.page
    return app.page.answer.part


async def to_tab(pilot: Pilot[None], settle: Settle, tab: str) -> None:
    page = pilot.app.screen
    while page._tab != tab:  # type: ignore[attr-defined]
        await pilot.press("tab")
    await settle(pilot)


async def test_every_view_of_a_trial(
    home: Home, make_app: MakeApp, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(home)
    async with app.run_test(size=(160, 60)) as pilot:
        await settle(pilot)
        app.open_trial(7)
        await settle(pilot)
        assert app.page
        assert app.page.answer.job.kind == "student"  # what tells most
        assert "Trial 7" in drawn(app, "RunPage > .title")
        assert set(part(app).points) == {"train_loss", "val_loss", "train_top1", "val_top1"}
        assert "● training" in drawn(app, "#curve-loss")
        assert not app.screen.query_one("#curve-rate").display  # nobody measured it

        asked: list[object] = []
        with monkeypatch.context() as patch:
            patch.setattr(app.poller, "ask", asked.append)
            app.page.action_tab(1)  # type: ignore[attr-defined]
            assert not asked  # before its name is drawn
            assert [name.name for name in app.screen.query("Name.here")] == ["Results"]
            await pilot.pause()
            await pilot.pause()
        assert asked == [app.page.question()]
        app.page.ask()
        await to_tab(pilot, settle, "Results")
        told = said(app)
        assert "answers as its teachers do  90.00 % of validation" in told
        assert "1.200 nats" in told
        assert "digits (1438 train, 359 val) · recipe demo · seed 0" in told
        assert "wordnet-graph (a stand-in, not CLIP) · img+text" in told
        assert "best 94.00 % (epoch 10), last 93.50 % (epoch 12)" in told
        assert "zero 97.6, one 96.8" in told

        await to_tab(pilot, settle, "Spec")
        told = said(app)
        assert "kd (Eq. 1 to 3)" in told
        assert "--teachers T_m+T_x" in told
        assert "Settings of student" in told
        await pilot.press("d", *"24", "enter")
        await settle(pilot)
        told = said(app)
        assert "Trial 7 (A) and trial 24 (B)" in told
        assert "T_x.stem" in told
        await pilot.press("d")
        await settle(pilot)
        assert part(app).difference is None
        await pilot.press("d", *"999", "enter")
        await settle(pilot)
        assert "no trial 999" in said(app)
        await pilot.press("d", "d", *"x1", "enter")
        assert "whole number" in str(app.screen.query_one(".fault", Static).render())
        await pilot.press("escape")

        await to_tab(pilot, settle, "Environment")
        told = said(app)
        assert "host 431 MiB" in told
        assert "CPython" in told
        assert "textual" in told

        await to_tab(pilot, settle, "Artifacts")
        assert "not made yet" in said(app)
        assert part(app).key == app.page.answer.job.key
        assert "events.jsonl" in said(app)

        await to_tab(pilot, settle, "Attribution")
        told = said(app)
        assert "0.610" in told
        assert "convergence delta 0.001 of all attribution, 359 samples, 50 steps" in told
        assert "deuce 30" in told
        assert TABS[-1] == "Attribution"
        await pilot.press("tab")
        await settle(pilot)
        assert drawn(app, "#curve-loss").startswith("loss")


async def test_jobs_are_gone_through_by_keys_and_clicks(
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = make_app(home)
    copied: list[str] = []
    monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        app.open_trial(7)
        await settle(pilot)
        page, rows = app.page, app.screen.query_one("#run-jobs", Rows)
        assert page
        kinds = [row.kind for row in page.answer.jobs]
        assert kinds[-1] == "student"
        assert page.answer.job.id == rows.key
        await pilot.press("left_square_bracket")
        await settle(pilot)
        assert page.answer.job == page.answer.jobs[-2]
        assert app.job == page.answer.job.id
        await pilot.click(rows, offset=(4, 1))
        await settle(pilot)
        assert page.answer.job == page.answer.jobs[0]
        failed = next(j for j in queries.jobs(connect(home)) if j.state == "failed")
        await pilot.press("5")
        app.open_trial(failed.trials[0], failed.id)
        await settle(pilot)
        assert page.answer.job.id == failed.id
        assert "loss is not finite" in drawn(app, ".told")
        await pilot.click("Choices Name:last-of-type")
        await settle(pilot)
        assert page.kept()["tab"] == "Attribution"
        await pilot.press("y")
        assert copied[0].startswith("wnkd queue add --dataset digits --recipe demo")
        await pilot.press("e")
        assert isinstance(app.screen, TrialForm)
        await pilot.press("escape", "o")
        await until(pilot, lambda: app.page and app.page.NAME == "grid")


async def test_curves_have_a_cursor_and_a_scale(
    home: Home, make_app: MakeApp, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn = connect(home)
    student = next(job for job in queries.jobs(conn, trial=7) if job.kind == "student")
    rows = [
        (student.id, name, step, 0.1) for step in range(1, 13) for name in ("lr", "samples_per_s")
    ]
    rows += [(student.id, "train_loss", step, step / 1000) for step in range(13, 1001)]
    conn.executemany("INSERT INTO metric (job_id, name, step, value) VALUES (?, ?, ?, ?)", rows)
    conn.close()
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.open_trial(7)
        await settle(pilot)
        points = part(app).points["train_loss"]
        assert len(points) <= 160
        assert any(point.low < point.high for point in points)
        await pilot.press("right")
        assert "epoch " in drawn(app, "#curve-loss")
        assert " to " in drawn(app, "#curve-loss").splitlines()[-1]  # least and greatest
        read: list[str | None] = []
        with monkeypatch.context() as patch:
            patch.setattr(Chart, "read", lambda chart, *_: read.append(chart.id))
            await pilot.press("l", "l")
        assert read == ["curve-loss"] * 2  # nothing else has a logarithm
        await pilot.press("l")
        assert drawn(app, "#curve-loss").startswith("log10 of loss")
        shown = []
        for _ in range(4):
            chart = next(c for c in app.screen.query("CurvesPane > Chart") if c.display)
            shown.append(chart.id)
            await pilot.press("v")
            await pilot.pause()
        assert shown == ["curve-loss", "curve-top1", "curve-rate", "curve-speed"]
        assert app.screen.query_one("#curve-loss").display
        assert isinstance(app.screen.query_one(CurvesPane), CurvesPane)


async def test_a_long_log_is_read_searched_and_followed(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    conn = connect(home)
    job = next(job for job in queries.jobs(conn) if job.state == "running")
    conn.close()
    output = home.job(job.key) / "output.log"
    output.write_text("".join(f"said {number}\n" for number in range(20_000)))
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.open_trial(job.trials[0], job.id)
        await settle(pilot)
        await to_tab(pilot, settle, "Log")
        log, text = app.screen.query_one(LogView), app.screen.query_one(LogText)
        assert text.has_focus
        assert "said 19999" in drawn(app, "LogText")
        assert len(text.part.lines) < 1000
        with output.open("a") as file:
            file.write("the newest\n")
        await until(pilot, lambda: "the newest" in drawn(app, "LogText"))  # no event told of it
        await pilot.press("pageup")
        await settle(pilot)
        assert text.around
        assert "the newest" not in drawn(app, "LogText")

        await pilot.press("slash", *"SAID 777", "enter")  # forwards: none is behind
        await until(
            pilot, lambda: "no 'SAID 777' that way" in str(log.query_one(".where").render())
        )
        await pilot.press("N")
        await until(pilot, lambda: "said 7779" in drawn(app, "LogText"))
        await settle(pilot)
        assert text.found
        assert [line.text for line in text.part.lines if line.place == text.found] == ["said 7779"]
        await pilot.press("N")
        await until(pilot, lambda: found_line(text) == "said 7778")
        await pilot.press("n")
        await until(pilot, lambda: found_line(text) == "said 7779")
        await pilot.press("home")
        await settle(pilot)
        assert "started" in drawn(app, "LogText").splitlines()[0]
        for _ in range(5):
            await pilot.press("pagedown")
        await settle(pilot)
        assert "said" in drawn(app, "LogText")
        await pilot.press("escape")
        assert not text.wanted
        await pilot.press("F")
        await settle(pilot)
        assert text.following
        assert "the newest" in drawn(app, "LogText")


def found_line(text: LogText) -> str:
    return next((line.text for line in text.part.lines if line.place == text.found), "")


async def test_without_a_trial_it_says_what_to_press(
    new_home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(new_home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("6")
        await settle(pilot)
        assert "No trial to show" in drawn(app, "RunPage > .empty")
        await pilot.press("tab", "e", "y", "o", "l", "v", "right", "right_square_bracket")
        await settle(pilot)
        assert app.page
        assert app.page.NAME == "run"


def test_what_runs_is_shown_first(home: Home) -> None:
    conn = connect(home)
    jobs = queries.jobs(conn, trial=13)
    conn.close()
    assert next(job.state for job in jobs if job is telling(jobs)) == "running"
    assert telling([]) is None


SPECS = [
    TrialSpec("digits", "demo", Teachers.NONE, None, seed=3),
    TrialSpec(
        "digits", "demo", Teachers.TX, MultimodalSpec("wordnet-graph", wn=50), limit_train=200
    ),
    TrialSpec("digits", "demo", Teachers.TM, None, method=Method.ZSCORE),
    TrialSpec(
        "digits",
        "demo",
        Teachers.TM_TX,
        MultimodalSpec("wordnet-graph", Modality.TEXT, noise=20, val_text=ValidationText.MIXED),
        changes=(("T_x.stem", "linear"), ("student.tau", 2.0)),
    ),
    TrialSpec("digits", "demo", Teachers.TX, MultimodalSpec("wordnet-graph", Modality.IMG)),
    TrialSpec("digits", "demo", Teachers.TX, MultimodalSpec("wordnet-graph")),
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_the_command_queues_the_same_trial(
    spec: TrialSpec, new_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shlex

    from wnkd_tui.cli.root import app as cli

    monkeypatch.setenv("WNKD_HOME", str(new_home.root))
    told = CliRunner().invoke(cli, [*shlex.split(command(spec))[1:], "--json"])
    assert told.exit_code == 0, told.output
    assert len(json.loads(told.stdout)["trials"]) == 1
    conn = connect(new_home)
    assert [row.spec for row in queries.trials(conn)] == [spec]
    conn.close()


@pytest.mark.parametrize(
    ("kind", "name", "value", "words", "own"),
    [
        ("student", "dataset", "digits", "asked for", True),
        ("student", "tau", 3.0, "recipe demo", False),
        ("student", "image_size", 8, "recipe demo for digits; else 32", False),
        ("T_x", "stem", "linear", "changed; recipe demo has mlp", True),
        ("T_x", "text_update", "fixed", "without effect here", False),
        ("T_x", "lambda_hier", 7.0, "without effect here", False),
        ("teacher", "optimiser.momentum", 0.5, "recipe demo of then; now 0.9", False),
        ("embed", "size", 32, "recipe demo", False),
        ("logits", "augment.pad", 1, "recipe demo, augmentation", False),
        ("teacher", "dataset_key", "abc", "content of the dataset", False),
        ("logits", "order.batch", 64, "follows from the others", False),
    ],
)
def test_settings_tell_where_they_come_from(
    kind: str, name: str, value: object, words: str, own: bool
) -> None:
    spec = TrialSpec(
        "digits",
        "demo",
        Teachers.TX,
        MultimodalSpec("wordnet-graph"),
        changes=(("T_x.stem", "linear"),),
    )
    assert origin(spec, kind, name, value) == (words, own)
