"""A dataset's images on the screen: as pixels where the terminal can, else as half blocks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import ItemGrid, Vertical, VerticalScroll
from textual.widgets import Label, Static

from wnkd_tui.app.screens.datasets import graphics

if TYPE_CHECKING:
    from wnkd_tui.pictures import Sample


class Gallery(VerticalScroll):
    """`tell` gives it images, or a line that says why there are none."""

    DEFAULT_CSS = """
    Gallery {
        & ItemGrid { height: auto; grid-gutter: 1 2; }
        & .picture { width: 20; height: 11; }
        & .picture > Image { width: 20; height: 10; }
    }
    """
    _shown: "Sequence[Sample] | str" = ""

    def compose(self) -> ComposeResult:
        yield Static(id="drawn")

    @property
    def side(self) -> int:
        """Pixels of an image's side that can be seen."""
        from wnkd_tui.pictures import FINE, SIDE  # late: Pillow

        return FINE if graphics.pixels(self.app) else SIDE

    def tell(self, found: "Sequence[Sample] | str", inks: Mapping[str, str]) -> None:
        shows = graphics.pixels(self.app)
        told = isinstance(found, str) or shows is None
        self.query_one("#drawn", Static).update(self._drawn(found, inks) if told else "")
        if shows and found is not self._shown:
            self._shown = found
            self.query(ItemGrid).remove()
            if not isinstance(found, str):
                self.mount(ItemGrid(*map(self._picture, found), min_column_width=20))

    def _picture(self, one: "Sample") -> Vertical:
        from PIL import Image  # late, as above

        image = graphics.pixels(self.app)
        shown = image(Image.fromarray(one.pixels)) if image else Static()
        return Vertical(shown, Label(one.name, markup=False), classes="picture")

    def _drawn(self, found: "Sequence[Sample] | str", inks: Mapping[str, str]) -> Text:
        if isinstance(found, str):
            return Text(found, style=inks["faint"])
        from wnkd_tui.pictures import lines  # late, as above

        return Text("\n").join(lines(found, max(30, self.app.size.width - 4)))
