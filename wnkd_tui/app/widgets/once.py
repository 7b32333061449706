"""What takes long to render, rendered once for a width: a widget asks for it several times."""

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment


class Once:
    """Shows `renderable`, which must not change."""

    def __init__(self, renderable: RenderableType) -> None:
        self._renderable = renderable
        self._rendered: dict[int, list[Segment]] = {}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        if width not in self._rendered:
            self._rendered[width] = list(console.render(self._renderable, options))
        yield from self._rendered[width]
