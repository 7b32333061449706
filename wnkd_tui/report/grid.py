"""Tables that fit: numbers in one line where there is room, in two where there is not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.box import ASCII2, SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table

_ANY_WIDTH = 1000


@dataclass(frozen=True)
class Fitting:
    """`build(compact)` makes the table; the compact one is shown where the other is too wide."""

    build: Callable[[bool], Table]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = self.build(False)
        needed = console.measure(wide, options=options.update(max_width=_ANY_WIDTH)).maximum
        yield wide if needed <= options.max_width else self.build(True)


def grid(texts: Sequence[str], numbers: Sequence[str], *, unicode: bool, compact: bool) -> Table:
    """An empty table in the reports' style: columns of texts, then columns of numbers."""
    box = SIMPLE_HEAD if unicode else ASCII2
    table = Table(box=box, show_edge=False, padding=(0, 1, 0, 0))
    for head in (*texts, *numbers):
        table.add_column(
            "\n".join(head.rsplit(" ", 1)) if compact else head,
            justify="right" if head in numbers else "left",
            overflow="fold",
        )
    return table
