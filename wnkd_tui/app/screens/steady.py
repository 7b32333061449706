"""What keeps a screen from falling over its own changes."""

from typing import TYPE_CHECKING, Any

from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget

# No Screen itself: of two bases that are, Textual's style sheets know the first alone.
if TYPE_CHECKING:
    _Base = Screen[Any]
else:
    _Base = object


class Steady(_Base):
    """Textual 8.2 begins to select text in a widget that was just removed, and finds no parent."""

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        widget, offset = super().get_widget_and_offset_at(x, y)
        if widget is not None and widget is not self and widget.parent is None:
            return None, None
        return widget, offset
