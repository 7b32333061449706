"""Table 1: our best trial's student against those of other methods, dataset by dataset."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wnkd_tui.report import paper
from wnkd_tui.report.cells import (
    Filled,
    accuracies,
    by_epoch,
    differences,
    epochs,
    gap_json,
    made,
    ranked_rows,
    texts,
)
from wnkd_tui.report.comparing import across_datasets, caption, row_label
from wnkd_tui.report.conditions import SCHEMA, condition_json
from wnkd_tui.report.notes import on_accuracies, on_signs
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import Sheet
from wnkd_tui.report.stats import Difference, Epoch, Shown, difference

# Key → title and, where it is built, the column of a row.
METHODS = {
    "lfme": ("LFME", "student_lfme"),
    "dmae": ("DMAE", None),
    "ffkd": ("FFKD", None),
    "zscore": ("Z-score", "student_zscore"),
    "baseline": ("baseline", "student_ensemble"),
    "ours": ("ours", "student_tmtx"),
}
_BUILT = [column for _, column in METHODS.values() if column]
_WHO = (
    "Ours: T_m T_x,(img, 0%gt 100%wn) S_s; baseline: T_1s T_2w T_3s S_s; Z-score: from T_m's"
    " standardised logits.",
    "LFME is for long-tailed sets; DMAE and FFKD are not built yet.",
)


def sheets(rows: Sequence[Row], shown: Shown = "best") -> list[Sheet]:
    """A sheet for every recipe, size limit and encoder, with a row for every dataset."""
    return [_sheet(group, shown) for group in _groups(rows)]


def to_json(rows: Sequence[Row], shown: Shown = "best") -> dict[str, Any]:
    """Accuracies in percent, null where nothing is known."""
    found = [_row_json(row, shown) for group in _groups(rows) for row in group]
    return {"schema": SCHEMA, "epoch": shown, "rows": found}


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    groups = [[row for row in group if is_measured(row)] for group in across_datasets(rows)]
    return [group for group in groups if group]


def is_measured(row: Row) -> bool:
    """Whether the row has a number to show."""
    return any(row.cell(name) for name in _BUILT)


def _sheet(rows: Sequence[Row], shown: Shown) -> Sheet:
    theirs = [paper.table1(row) for row in rows]
    methods: list[Filled] = []
    for key, (title, column) in METHODS.items():
        papers = [line.get(key) for line in theirs]
        filled = accuracies(rows, column or key, title, shown, key=key, papers=papers)
        methods += filled if column else [_unbuilt(one) for one in filled]
    every = len(epochs(shown))
    for first in range(every):
        methods[first::every] = ranked_rows(methods[first::every])
    columns = [
        texts("dataset", "dataset", map(row_label, rows)),
        *methods,
        *by_epoch(
            shown,
            "ours_minus_baseline",
            "ours − baseline",
            lambda key, title, epoch: differences(key, title, [_gap(row, epoch) for row in rows]),
        ),
    ]
    beside = [row for row, line in zip(rows, theirs, strict=True) if line]
    return made(
        "Table 1",
        caption(rows, [cell.stat for _, cells in methods for cell in cells], shown),
        columns,
        [
            *on_signs((cells for _, cells in columns), compared="row"),
            *_WHO,
            *paper.notes(beside, shown),
            *on_accuracies(rows),
        ],
    )


def _unbuilt(column: Filled) -> Filled:
    head, cells = column
    return head, [replace(cell, text="–") for cell in cells]


def _gap(row: Row, epoch: Epoch) -> Difference | None:
    return difference(row.accuracy("student_tmtx", epoch), row.accuracy("student_ensemble", epoch))


def _row_json(row: Row, shown: Shown) -> dict[str, Any]:
    cells = {key: row.cell(column) if column else None for key, (_, column) in METHODS.items()}
    best, last = (_gap(row, epoch) for epoch in epochs("both"))
    return {
        **condition_json(row),
        **{key: cell.to_dict(shown) if cell else None for key, cell in cells.items()},
        "ours_minus_baseline": gap_json(best, last, shown),
        "paper": paper.to_json(paper.table1(row), row, shown),
    }
