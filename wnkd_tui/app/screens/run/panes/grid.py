"""How the texts set words in columns."""

from rich.table import Table


def grid() -> Table:
    """An empty table without lines, two cells between its columns."""
    return Table.grid(padding=(0, 2))
