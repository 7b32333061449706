"""Page 2: what datasets hold, how they look, and what can be done to them."""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from textual.pilot import Pilot
from textual.widgets import Button, Input, Select, Static

from wnkd_tui import pictures
from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.ask import Ask
from wnkd_tui.app.screens.datasets import graphics
from wnkd_tui.app.screens.datasets.about import class_words, facts
from wnkd_tui.app.screens.datasets.adding import AddDataset
from wnkd_tui.app.screens.datasets.screen import DatasetsPage
from wnkd_tui.app.theme import DARK, inks
from wnkd_tui.app.widgets.rows import Rows
from wnkd_tui.home import Home
from wnkd_tui.queue import datasets
from wnkd_tui.queue.adding import TrialRequest, queue_trials
from wnkd_tui.report.nouns import Retrieved
from wnkd_tui.store import queries

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]
Database = Callable[[Home], sqlite3.Connection]


def drawn(app: WnkdApp, selector: str) -> str:
    """What a widget shows, tables and pictures too."""
    strips = app.screen.query_one(selector).render_lines(
        app.screen.query_one(selector).region.reset_offset
    )
    return "\n".join(strip.text for strip in strips)


def images(folder: Path) -> Path:
    draw = np.random.default_rng(0)
    for name, count in (("owl", 5), ("wren", 3)):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = draw.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


async def test_datasets_show_their_classes_and_lead_to_their_grid(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await settle(pilot)
        page = app.page
        assert isinstance(page, DatasetsPage)
        await until(pilot, lambda: drawn(app, "#datasets").count("✗ missing") == 2)
        assert "✓ built in" in drawn(app, "#datasets")
        assert "zero" in drawn(app, "#classes")
        assert "itap of a zero." in drawn(app, "#class")
        assert "zero of hearts 0.50, deuce 0.30" in drawn(app, "#class")
        assert "learned" in drawn(app, "#class")
        await pilot.press("tab", "down")  # the next class
        await pilot.pause()
        assert "one of hearts 0.50" in drawn(app, "#class")
        await pilot.press("tab", "down", "down")
        await settle(pilot)
        assert "missing: /data/cifar100 is gone" in drawn(app, ".title")
        assert "no nouns yet: queue a trial with wn text" in drawn(app, "#class")
        await pilot.press("tab", "end")
        await pilot.pause()
        assert "class 99" in drawn(app, "#class")
        assert page.query_one("#classes", Rows).cursor == 99
        await pilot.press("v")
        await pilot.pause()
        assert "the largest first" in drawn(app, "#curve")
        await pilot.press("g")
        await settle(pilot)
        assert app.page
        assert app.page.NAME == "grid"
        assert app.page.answer.grid.basis.dataset == "cifar100"


def test_a_dataset_tells_what_it_holds_and_what_was_left_out(home: Home, db: Database) -> None:
    conn = db(home)
    birds = queries.dataset(conn, "birds")
    conn.close()
    assert facts(birds) == {
        "kind": "folder",
        "images": "32×32 pixels, colour",
        "balance": "imbalance 15.0: 12 to 180 images a class",
        "shots": "1 many, 1 medium, 1 few (classes by their training images)",
        "skipped": "2 files: barn_owl/07.jpg (cannot be read), barn_owl/._08.jpg (no image)",
    }


def test_a_class_tells_its_texts() -> None:
    colours = inks(DARK.name)
    nouns = Retrieved({"barn_owl": (("owl", 0.6), ("bird", 0.25), ("fish", 0.004))}, {})
    told = class_words("barn_owl", None, nouns, colours).plain
    assert "itap of a barn owl.  and 6 more of the paper's templates" in told
    assert told.endswith("WordNet    owl 0.60, bird 0.25")
    own = class_words("barn_owl", {"barn_owl": ["an owl"]}, Retrieved({}, {}), colours).plain
    assert "gt prompt  an owl  of your own" in own
    assert "artifact is gone" in own
    wrong = class_words("barn_owl", "p.csv: no prompts in it", "nouns.json is damaged", colours)
    assert "p.csv: no prompts" in wrong.plain
    assert "is damaged" in wrong.plain


async def test_pictures_are_drawn_or_it_is_said_why_not(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "▀" * 20 in drawn(app, "#drawn"))
        await pilot.pause()
        assert "zero                  one" in drawn(app, "#drawn")
        await pilot.press("down")
        await until(pilot, lambda: "/data/birds: no such folder" in drawn(app, "#drawn"))
        await pilot.press("p")
        await pilot.pause()
        assert "barn owl" in drawn(app, "#classes")


def test_pictures_begin_at_a_class(home: Home, db: Database) -> None:
    conn = db(home)
    source = queries.dataset(conn, "digits").source
    conn.close()
    assert [one.name for one in pictures.samples(source, 2, 8)] == ["eight", "nine"]


async def test_a_dataset_is_added_checked_and_removed(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Database, tmp_path: Path
) -> None:
    folder = images(tmp_path / "owls")
    app = make_app(home)
    conn = db(home)

    def known() -> set[str]:
        return {row.name for row in queries.datasets(conn)}

    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AddDataset))
        line = app.screen.query_one
        line("#path", Input).value = str(tmp_path / "nothing")
        await until(pilot, lambda: "there is no such folder" in str(line("#seen", Static).render()))
        line("#path", Input).value = str(folder)[:-2]
        await until(pilot, lambda: line("#path", Input)._suggestion)
        await pilot.press("right")
        assert line("#path", Input).value == f"{folder}/"
        await until(pilot, lambda: "2 folders: owl, wren" in str(line("#seen", Static).render()))
        line("#kind", Select).value = "scene"
        await until(pilot, lambda: line("#name", Input).value == "scene")
        line("#kind", Select).value = "folder"
        await until(pilot, lambda: line("#name", Input).value == "")
        line("#name", Input).value = "my owls"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "is no name" in str(line("#told", Static).render()))
        line("#name", Input).value = ""  # then it is the folder's
        await pilot.click(line("#add", Button))
        await until(pilot, lambda: isinstance(app.screen, DatasetsPage))
        assert "owls" in known()
        await settle(pilot)
        await until(pilot, lambda: app.screen.query_one("#datasets", Rows).key == "owls")
        await until(pilot, lambda: "✓ ready" in drawn(app, "#datasets"))
        Image.new("RGB", (8, 8)).save(folder / "owl" / "0.png")
        await pilot.press("C")
        await until(pilot, lambda: "✗ damaged" in drawn(app, "#datasets"))
        assert "damaged: its content is not what was added" in drawn(app, ".title")
        queue_trials(home, [TrialRequest([(0, 0)], dataset="owls", recipe="demo")])
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("y")
        await until(pilot, lambda: any("3 trials" in one.message for one in app._notifications))
        assert "owls" in known()
        conn.execute("DELETE FROM trial WHERE dataset = 'owls'")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("y")
        await until(pilot, lambda: "owls" not in known())
        await until(pilot, lambda: "owls" not in drawn(app, "#datasets"))
    conn.close()
    assert folder.exists()


async def test_reading_stops_when_one_says_so(
    home: Home, make_app: MakeApp, settle: Settle, until: Until, db: Database, tmp_path: Path
) -> None:
    datasets.add(home, datasets.source_of("owls", images(tmp_path / "owls")))
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await settle(pilot)
        page = app.page
        assert isinstance(page, DatasetsPage)
        page.query_one("#datasets", Rows).go_to("owls")
        await settle(pilot)
        page.action_check()
        page.action_check()
        await until(pilot, lambda: any("is stopped" in one.message for one in app._notifications))
        conn = db(home)
        assert datasets.checked(conn) == {}
        conn.close()
        assert "ready" in drawn(app, "#datasets")


async def test_images_are_pixels_where_the_terminal_can(
    home: Home,
    make_app: MakeApp,
    settle: Settle,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[int, int]] = []

    def shows(image: Image.Image) -> Static:
        seen.append(image.size)
        return Static("pixels")

    app = make_app(home)
    assert graphics.pixels(app) is None  # no terminal is there to be asked
    monkeypatch.setattr(graphics, "pixels", lambda _: shows)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("p")
        await until(pilot, lambda: len(app.screen.query(".picture")) == 10)
        assert set(seen) == {(pictures.FINE, pictures.FINE)}
        await pilot.press("down")  # its files are gone
        await until(pilot, lambda: "no such folder" in drawn(app, "#drawn"))
        await until(pilot, lambda: not app.screen.query(".picture"))
