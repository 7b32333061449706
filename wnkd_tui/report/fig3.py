"""Figure 3: how much of T_x's decision comes from the image and how much from the text."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wnkd_tui.charts import Look
from wnkd_tui.report import curves
from wnkd_tui.report.captions import seeds_label, table_label, tables
from wnkd_tui.report.grid import Fitting, grid
from wnkd_tui.report.rows import Row
from wnkd_tui.report.table2 import SCHEMA, condition_json, stat_json

# A convergence delta above this part of all attribution voids the share.
LARGE_DELTA = 0.05


def attributed(rows: Iterable[Row]) -> list[Row]:
    """Rows whose T_x has been attributed."""
    return [row for row in rows if row.image_share]


def to_json(rows: Iterable[Row]) -> dict[str, Any]:
    """Shares and the convergence delta are parts of all attribution, 0 to 1."""
    return {"schema": SCHEMA, "rows": [_row_json(row) for row in attributed(rows)]}


def _row_json(row: Row) -> dict[str, Any]:
    return {
        **condition_json(row),
        "samples": row.samples,
        "image_share": stat_json(row.image_share),
        "text_share": stat_json(row.text_share),
        "delta_share": stat_json(row.delta_share),
        "void": is_void(row),
    }


def is_void(row: Row) -> bool:
    """Whether the convergence delta is too large for the shares to mean anything."""
    return row.delta_share is not None and row.delta_share.mean > LARGE_DELTA


def render(rows: Sequence[Row], look: Look) -> RenderableType:
    """Per group of comparable rows: a stacked bar each, and the numbers."""
    parts: list[RenderableType] = []
    for group in tables(attributed(rows)):
        seeds = seeds_label([row.image_share for row in group])
        parts += [
            Text(f"Figure 3 · {table_label(group)}", style="bold"),
            Text.from_ansi(curves.attribution(group, look)),
            Text(""),
            Fitting(partial(_table, group, look.unicode)),
            Text(""),
            Text(
                "IntegratedGradients, share of |attribution|, each image with a text of the"
                f" trial's own mix; {seeds}",
                style="dim",
            ),
            Text(""),
        ]
    return Group(*parts)


def _table(rows: Sequence[Row], unicode: bool, compact: bool) -> Table:
    numbers = ["image share", "text share", "delta", "samples"]
    table = grid(["trial"], numbers, unicode=unicode, compact=compact)
    between = "\n" if compact else " "
    for row in rows:
        stats = (row.image_share, row.text_share, row.delta_share)
        cells = [stat.text(3, between=between) if stat else "-" for stat in stats]
        if is_void(row):
            cells[-1] += " void"
        table.add_row(row.name, *cells, str(row.samples or "-"))
    return table
