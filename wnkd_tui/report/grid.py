"""The look of the reports' tables on a terminal."""

from collections.abc import Sequence

from rich.box import ASCII2, SIMPLE_HEAD
from rich.table import Table

BETWEEN = 2  # cells between two columns: padding and line


def grid(texts: Sequence[str], numbers: Sequence[str], *, unicode: bool, compact: bool) -> Table:
    """An empty table: columns of texts, then columns of numbers. A compact one breaks its heads."""
    box = SIMPLE_HEAD if unicode else ASCII2
    table = Table(box=box, show_edge=False, padding=(0, 1, 0, 0))
    for head in texts:
        table.add_column(broken(head) if compact else head, overflow="fold")
    for head in numbers:
        table.add_column(
            broken(head) if compact else head, justify="right", overflow="fold", no_wrap=compact
        )
    return table


def broken(head: str) -> str:
    """A column's head in two lines, where it has a place to break."""
    return "\n".join(head.rsplit(" ", 1))
