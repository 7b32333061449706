"""The grid's table: cells are chosen by keys or with the mouse held down."""

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.events import Click, MouseDown, MouseMove, MouseUp
from textual.message import Message
from textual.widgets import DataTable
from textual.widgets.data_table import RowKey


class Matrix(DataTable[Text]):
    """A click posts `CellSelected`, enter `Opened`; a stretch of cells `Stretched`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", tooltip="Open the newest trial of the cell"),
        Binding("home,H", "scroll_home", "First column", show=False),
        Binding("end,L", "scroll_end", "Last column", show=False),
        *(
            Binding(
                f"shift+{way}",
                f"stretch({down},{right})",
                f"Mark {way}",
                show=False,
                tooltip="Mark the cells from here on",
            )
            for way, down, right in (
                ("up", -1, 0),
                ("down", 1, 0),
                ("left", 0, -1),
                ("right", 0, 1),
            )
        ),
    ]

    class Opened(Message):
        """The cell under the cursor is to be opened."""

    class Stretched(Message):
        """The cells between two corners are chosen; `new`: no stretch went before this one."""

        def __init__(self, first: Coordinate, last: Coordinate, *, new: bool) -> None:
            super().__init__()
            self.first, self.last, self.new = first, last, new

        def __contains__(self, at: tuple[int, int]) -> bool:
            (top, bottom), (left, right) = (
                sorted(pair) for pair in zip(self.first, self.last, strict=True)
            )
            return top <= at[0] <= bottom and left <= at[1] <= right

    def _update_dimensions(self, new_rows: Iterable[RowKey]) -> None:
        """Measures labels anew: a line drawn before this keeps its row as one without a label."""
        self._clear_caches()
        super()._update_dimensions(new_rows)
        self.refresh()

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, cursor_type="cell", cell_padding=0)
        self._corner: Coordinate | None = None  # where the stretch began
        self._end: Coordinate | None = None  # how far it goes
        self._held = False  # the mouse button is
        self._dragged = False  # and was moved to another cell

    def action_open(self) -> None:
        self.post_message(self.Opened())

    # By keys.

    def action_stretch(self, down: int, right: int) -> None:
        new = self._corner is None or self._end != self.cursor_coordinate
        if new:
            self._corner = self.cursor_coordinate
        row, column = self.cursor_coordinate
        to = Coordinate(
            max(0, min(row + down, self.row_count - 1)),
            max(0, min(column + right, len(self.columns) - 1)),
        )
        self._stretch(to, new=new)

    def _stretch(self, to: Coordinate, *, new: bool) -> None:
        self._end = to
        self.move_cursor(row=to.row, column=to.column)
        if self._corner is not None:
            self.post_message(self.Stretched(self._corner, to, new=new))

    # By the mouse.

    def on_mouse_down(self, event: MouseDown) -> None:
        at = _cell(event)
        self._held, self._dragged = at is not None, False
        if at:
            self._corner = self._end = at
            self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        at = _cell(event) if self._held else None
        if at and at != self._end:
            self._stretch(at, new=not self._dragged)
            self._dragged = True

    def on_mouse_up(self, event: MouseUp) -> None:
        if self._held:
            self._held = False
            self.release_mouse()

    async def _on_click(self, event: Click) -> None:
        """What was dragged is marked already; what was drawn before may have gone meanwhile."""
        at = event.style.meta
        gone = at.get("row", -1) >= self.row_count or at.get("column", -1) >= len(self.columns)
        if self._dragged or gone:
            self._dragged = False
            event.stop()
            event.prevent_default()


def _cell(event: MouseDown | MouseMove) -> Coordinate | None:
    """The cell under the mouse; None over labels, heads and beside the table."""
    at = event.style.meta
    if at.get("row", -1) < 0 or at.get("column", -1) < 0:
        return None
    return Coordinate(at["row"], at["column"])
