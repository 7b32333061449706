"""A text of any length in a place of fixed size. A new text is no new layout of its page."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.segment import Segment
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Written(ScrollView):
    """Renders a text once for a width; of its lines those in sight are drawn."""

    # The bar is always there: one that comes and goes would change the width, and lay all out anew.
    DEFAULT_CSS = """
    Written { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text: RenderableType = ""
        self._lines: Sequence[list[Segment]] = ()
        self._window = Size()  # kept while it is hidden

    @property
    def plain(self) -> str:
        """All of it as it is wrapped, without colours."""
        return "\n".join("".join(piece.text for piece in line) for line in self._lines)

    def write(self, text: RenderableType) -> None:
        """Shows `text`, which must not change, from where one has scrolled to."""
        self._text = text
        self._wrap()
        self._fit()

    def on_resize(self, _: Resize) -> None:
        before, self._window = self._window, self.scrollable_content_region.size
        if self._window.width != before.width:
            self._wrap()
        if self._window != before:
            self._fit()

    def _wrap(self) -> None:
        width = self._window.width
        if width:
            options = self.app.console.options.update_width(width)
            self._lines = self.app.console.render_lines(self._text, options, pad=False)

    def _fit(self) -> None:
        """Tells how far it can be scrolled."""
        width, height = self._window
        size = Size(width, max(height, len(self._lines)))
        self.set_reactive(Written.virtual_size, size)  # set plainly it lays out the page
        self.vertical_scrollbar.window_virtual_size = size.height
        self._put(min(self.scroll_y, self.max_scroll_y))
        self.refresh()

    def _put(self, top: float) -> None:
        """Its line `top` is the first in sight, from this moment on."""
        self.scroll_y = self.scroll_target_y = top

    def render_line(self, y: int) -> Strip:
        width, base, y = self.size.width, self.rich_style, y + self.scroll_offset.y
        line = self._lines[y] if y < len(self._lines) else []
        return Strip(Segment.apply_style(line, base)).adjust_cell_length(width, base)
