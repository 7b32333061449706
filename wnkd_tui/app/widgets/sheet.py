"""A report's table with its notes, as wide as there is room."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.segment import Segment
from rich.text import Text
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from wnkd_tui.report.sheet import Sheet
from wnkd_tui.report.terminal import Fitting


def drawn(sheet: Sheet) -> RenderableType:
    """Without its label and caption, which stand elsewhere."""
    notes = Text("\n".join(sheet.notes), "dim")
    return Group(Fitting(sheet, unicode=True), Text(), notes)


class SheetTable(Widget):
    """A sheet that may be long. It is rendered once for a width, and only its lines in sight are
    drawn: a Static would go through all of them for its height, and again to draw them."""

    DEFAULT_CSS = """
    SheetTable { height: auto; }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._sheet: Sheet | None = None
        self._rendered: tuple[int, Sequence[Sequence[Segment]]] = (0, ())  # for a width

    def tell(self, sheet: Sheet | None) -> None:
        if sheet != self._sheet:
            self._sheet = sheet
            self._rendered = (0, ())
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        lines = self._lines(self.size.width)
        return Strip(Segment.apply_style(lines[y] if y < len(lines) else (), self.rich_style))

    def _lines(self, width: int) -> Sequence[Sequence[Segment]]:
        if self._sheet is None:
            return ()
        if self._rendered[0] != width:
            options = self.app.console_options.update(width=width, highlight=False)
            lines = self.app.console.render_lines(drawn(self._sheet), options, pad=False)
            self._rendered = width, lines
        return self._rendered[1]
