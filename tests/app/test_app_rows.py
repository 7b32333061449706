"""The list that every page shares: long ones are read in windows, marks stay with their rows."""

from array import array
from collections.abc import Sequence

from rich.text import Text
from textual.app import App, ComposeResult

from wnkd_tui.app.listing import Listing, Window
from wnkd_tui.app.theme import DARK
from wnkd_tui.app.widgets.columns import Column
from wnkd_tui.app.widgets.rows import Rows

MANY = 50_000


class Long(App[None]):
    """A list of `MANY` numbers; only what is wanted is there."""

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.keys = array("q", range(MANY))
        self.wanted: list[Window] = []

    def compose(self) -> ComposeResult:
        column = Column[int]("Number", lambda row, _: Text(f"n{row}"), width=10)
        yield Rows([column], lambda row: row, id="rows", markable=True)

    @property
    def rows(self) -> Rows[int]:
        return self.query_one("#rows", Rows)

    def fill(self, keys: Sequence[int]) -> None:
        self.keys = array("q", keys)
        self.rows.list(Listing(self.keys, {key: key for key in self.rows.window.of(self.keys)}))

    def on_lines_wanted(self, event: Rows.Wanted) -> None:
        self.wanted.append(event.table.window)
        self.fill(self.keys)

    def line(self, y: int) -> str:
        return "".join(segment.text for segment in self.rows.render_line(y)).strip()


async def test_a_long_list_is_read_in_windows() -> None:
    app = Long()
    async with app.run_test(size=(40, 20)) as pilot:
        app.fill(range(MANY))
        await pilot.pause()
        assert app.line(1) == "n0"
        await pilot.press("end")
        await pilot.pause()
        assert app.rows.row == MANY - 1
        assert app.line(19) == f"n{MANY - 1}"
        assert app.wanted
        assert all(window.count <= 100 for window in app.wanted)
        before = len(app.wanted)
        await pilot.press("up", "up", "up")
        await pilot.pause()
        assert len(app.wanted) == before  # what is near was read with it


async def test_rows_that_are_not_there_yet_are_told_as_such() -> None:
    app = Long()
    async with app.run_test(size=(40, 20)) as pilot:
        app.rows.list(Listing(app.keys, {key: key for key in range(5)}))
        await pilot.pause(0)
        app.rows._listing = Listing(app.keys, {key: key for key in range(5)})
        assert app.line(5) == "n4"
        assert app.line(6) == "…"


async def test_marks_and_cursor_stay_with_their_rows() -> None:
    app = Long()
    async with app.run_test(size=(40, 20)) as pilot:
        app.fill(range(10))
        await pilot.press("down", "space", "space")
        assert app.rows.marks == {1, 2}
        assert app.rows.key == 3
        app.fill([5, 4, 3, 2])  # rows moved, one that was marked is gone
        await pilot.pause()
        assert app.rows.key == 3
        assert app.rows.marks == {2}
        assert app.rows.chosen == (2,)
        await pilot.press("escape")
        assert app.rows.chosen == (3,)
        await pilot.press("A")
        assert app.rows.chosen == (5, 4, 3, 2)
        await pilot.press("A")
        assert not app.rows.marks


async def test_a_click_in_front_of_a_row_marks_it() -> None:
    app = Long()
    async with app.run_test(size=(40, 20)) as pilot:
        app.fill(range(10))
        await pilot.pause()
        await pilot.click("#rows", offset=(1, 4))
        assert app.rows.marks == {3}
        await pilot.click("#rows", offset=(9, 5))
        assert app.rows.marks == {3}
        assert app.rows.key == 4


async def test_an_empty_list_has_nothing_to_do() -> None:
    app = Long()
    async with app.run_test(size=(40, 20)) as pilot:
        app.fill([])
        await pilot.press("down", "space", "A", "enter", "end")
        assert app.rows.chosen == ()
        assert app.rows.row is None
