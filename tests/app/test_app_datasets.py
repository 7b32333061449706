"""Page 2: what a dataset holds, and how it looks."""

import sqlite3
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from wnkd_tui.app.application import WnkdApp
from wnkd_tui.app.screens.datasets.about import facts
from wnkd_tui.app.screens.datasets.screen import DatasetsPage
from wnkd_tui.home import Home
from wnkd_tui.store import queries

MakeApp = Callable[..., WnkdApp]
Settle = Callable[[Pilot[None]], Awaitable[None]]
Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


def drawn(app: WnkdApp, selector: str) -> str:
    """What a widget shows, tables and pictures too."""
    strips = app.screen.query_one(selector).render_lines(
        app.screen.query_one(selector).region.reset_offset
    )
    return "\n".join(strip.text for strip in strips)


async def test_datasets_show_their_classes_and_lead_to_their_grid(
    home: Home, make_app: MakeApp, settle: Settle
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await settle(pilot)
        assert isinstance(app.page, DatasetsPage)
        assert [line.state for line in app.page.answer.lines] == ["built in", "missing", "missing"]
        assert "zero" in drawn(app, "#about")
        await pilot.press("down", "down")
        await pilot.pause()
        assert "class 99" in drawn(app, "#about")
        await pilot.press("enter")
        await settle(pilot)
        assert app.page
        assert app.page.NAME == "grid"
        assert app.page.answer.basis.dataset == "cifar100"


def test_a_dataset_tells_what_it_holds_and_what_was_left_out(
    home: Home, db: Callable[..., sqlite3.Connection]
) -> None:
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


async def test_pictures_are_drawn_or_it_is_said_why_not(
    home: Home, make_app: MakeApp, settle: Settle, until: Until
) -> None:
    app = make_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "▀" * 20 in drawn(app, "#about"))
        await pilot.pause()
        assert "zero                  one" in drawn(app, "#about")
        await pilot.press("down")
        await until(pilot, lambda: "/data/birds: no such folder" in drawn(app, "#about"))
        await pilot.press("p")
        assert "barn owl" in drawn(app, "#about")
