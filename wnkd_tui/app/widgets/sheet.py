"""A report's table with its notes, as wide as there is room."""

from rich.console import Group, RenderableType
from rich.text import Text

from wnkd_tui.report.sheet import Sheet
from wnkd_tui.report.terminal import Fitting


def drawn(sheet: Sheet) -> RenderableType:
    """Without its label and caption, which stand elsewhere."""
    notes = Text("\n".join(sheet.notes), "dim")
    return Group(Fitting(sheet, unicode=True), Text(), notes)
