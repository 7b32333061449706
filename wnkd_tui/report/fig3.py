"""Figure 3: how much of T_x's decision comes from the image and how much from the text."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from wnkd_tui.report import curves
from wnkd_tui.report.captions import seeds_label, table_label, tables
from wnkd_tui.report.cells import made, numbers, stat_json, texts
from wnkd_tui.report.columns import ATTRIBUTION
from wnkd_tui.report.conditions import SCHEMA, condition_json
from wnkd_tui.report.notes import on_results, on_signs, on_void
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import Figure, Sheet

OPTIONS = ("steps", "baseline", "target", "share")
_SHARES = (
    "Shares of |attribution| of T_x's input; each image stands with a text of the trial's own mix."
)
_DELTA = "Delta is the convergence delta of IntegratedGradients as a part of all attribution."


def attributed(rows: Iterable[Row]) -> list[Row]:
    """Rows whose T_x has been attributed."""
    return [row for row in rows if row.image_share]


def figures(rows: Iterable[Row]) -> list[Figure]:
    """A stacked bar for each T_x, in groups of rows that may be compared."""
    return [
        replace(
            curves.attribution(group),
            label="Figure 3",
            caption=_caption(group),
            notes=(_SHARES, *on_void(group), *on_results(group)),
        )
        for group in tables(attributed(rows))
    ]


def sheets(rows: Iterable[Row]) -> list[Sheet]:
    """The figures' numbers."""
    return [_sheet(group) for group in tables(attributed(rows))]


def to_json(rows: Iterable[Row]) -> dict[str, Any]:
    """Shares and the convergence delta are parts of all attribution, 0 to 1."""
    return {"schema": SCHEMA, "rows": [_row_json(row) for row in attributed(rows)]}


def _row_json(row: Row) -> dict[str, Any]:
    return {
        **condition_json(row),
        "samples": row.samples,
        "options": _options(row),
        "image_share": stat_json(row.image_share),
        "text_share": stat_json(row.text_share),
        "delta_share": stat_json(row.delta_share),
        "void": row.is_void,
    }


def _options(row: Row) -> dict[str, Any]:
    """How the newest seed was attributed: rows of several ways are several rows."""
    found = row.found[ATTRIBUTION]
    last = found[max(found)]
    return {name: last[name] for name in OPTIONS if name in last}


def _caption(rows: Sequence[Row]) -> str:
    ways = dict.fromkeys(_said(_options(row)) for row in rows)
    seeds = seeds_label(row.image_share for row in rows)
    return f"{table_label(rows)} · {seeds} · IntegratedGradients, {' or '.join(ways)}"


def _said(options: dict[str, Any]) -> str:
    """`50 steps, baseline zero, target label, share pooled`."""
    named = [f"{name} {value}" for name, value in options.items() if name != "steps"]
    return ", ".join([f"{options['steps']} steps", *named] if "steps" in options else named)


def _sheet(rows: Sequence[Row]) -> Sheet:
    columns = [
        texts("trial", "trial", (row.name for row in rows)),
        texts("samples", "samples", (str(row.samples or "") for row in rows)),
    ]
    void = on_void(rows)
    if void:
        columns.append(texts("void", "void", ("void" if row.is_void else "no" for row in rows)))
    columns += [
        numbers("image_share", "image share", [row.image_share for row in rows], digits=3),
        numbers("text_share", "text share", [row.text_share for row in rows], digits=3),
        numbers("delta_share", "delta", [row.delta_share for row in rows], digits=3),
    ]
    notes = [*on_signs(cells for _, cells in columns), _SHARES, _DELTA, *void]
    return made("Figure 3", _caption(rows), columns, [*notes, *on_results(rows)])
