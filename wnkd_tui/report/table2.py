"""Table 2: teacher and student top-1 over the text mix."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.spec import ValidationText
from wnkd_tui.report import paper
from wnkd_tui.report.captions import caption, tables
from wnkd_tui.report.cells import (
    Filled,
    accuracies,
    by_epoch,
    differences,
    epochs,
    gap_json,
    made,
    numbers,
    stat_json,
    texts,
)
from wnkd_tui.report.columns import TITLES, TX_VAL
from wnkd_tui.report.conditions import SCHEMA, condition_json
from wnkd_tui.report.counterparts import Conditions, by_condition, counterpart
from wnkd_tui.report.notes import on_accuracies, on_signs, on_void
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import Cell, Sheet
from wnkd_tui.report.stats import Difference, Epoch, Shown, difference

COLUMNS = (TX_VAL, "student_alone", "student_tm", "student_tx", "student_tmtx")
# T_x is not ranked: its accuracy on text that tells the label says nothing against another's.
RANKED = ("student_tx", "student_tmtx")
_ALL_GT = "T_x with 100 % gt"


def sheets(rows: Sequence[Row], shown: Shown = "best") -> list[Sheet]:
    """A sheet for every group of rows that may be compared."""
    return [_sheet(group, shown) for group in tables(measured(rows))]


def to_json(rows: Sequence[Row], shown: Shown = "best") -> dict[str, Any]:
    """The shape people keep; accuracies in percent, shares 0 to 1, null where nothing is known."""
    found = []
    for group in tables(measured(rows)):
        student, places = _compared(group), by_condition(group)
        found += [_row_json(row, student, places, shown) for row in group]
    return {"schema": SCHEMA, "epoch": shown, "rows": found}


def measured(rows: Sequence[Row]) -> list[Row]:
    """Rows with a number to show."""
    return [row for row in rows if row.image_share or any(row.cell(name) for name in COLUMNS)]


def _sheet(rows: Sequence[Row], shown: Shown) -> Sheet:
    # The T_m column is for trials that few queue: it takes room only where it says something.
    names = [n for n in COLUMNS if n != "student_tm" or any(row.cell(n) for row in rows)]
    theirs = [paper.table2(row) for row in rows]
    columns = [
        texts("trial", "trial", (row.name for row in rows)),
        texts("val_text", "val text", (str(row.tx.val_text) if row.tx else "" for row in rows)),
    ]
    for name in names:
        papers = [line.get(name) for line in theirs]
        columns += accuracies(rows, name, TITLES[name], shown, rank=name in RANKED, papers=papers)
    student = _compared(rows)
    columns += _deltas(rows, student, shown) if student else []
    head, shares = numbers("image_share", "image share", [row.image_share for row in rows])
    void = [row.is_void for row in rows]
    columns.append(
        (head, [Cell("void") if it else cell for it, cell in zip(void, shares, strict=True)])
    )
    stats = [row.accuracy(name, epoch) for row in rows for name in names for epoch in epochs(shown)]
    notes = on_signs(cells for _, cells in columns)
    if student:
        notes.append(f"Δ vs 100%gt: {TITLES[student]} minus the same from {_ALL_GT}.")
    beside = [row for row, line in zip(rows, theirs, strict=True) if line]
    return made(
        "Table 2",
        caption(rows, stats, shown),
        columns,
        [*notes, *paper.notes(beside, shown), *on_accuracies(rows), *on_void(rows)],
    )


def _deltas(rows: Sequence[Row], student: str, shown: Shown) -> list[Filled]:
    places = by_condition(rows)

    def column(key: str, title: str, epoch: Epoch) -> Filled:
        head, cells = differences(key, title, [_gap(row, student, places, epoch) for row in rows])
        own = [bool(row.tx and row.tx.gt == 100) for row in rows]
        return head, [Cell("ref.") if it else cell for it, cell in zip(own, cells, strict=True)]

    return by_epoch(shown, "delta_vs_gt", "Δ vs 100%gt", column)


def _compared(rows: Sequence[Row]) -> str | None:
    """The student whose differences are shown: taught by T_m and T_x, or by T_x alone."""
    places = by_condition(rows)
    for student in ("student_tmtx", "student_tx"):
        if any(_gap(row, student, places, "best") for row in rows):
            return student
    return None


def _gap(row: Row, student: str, rows: Conditions, epoch: Epoch) -> Difference | None:
    """A row's student minus the one whose T_x is told the exact class name of every sample."""
    if row.tx is None or row.tx.gt == 100:
        return None
    exact = replace(row.tx, wn=0, noise=0)
    at = counterpart(row, [exact, replace(exact, val_text=ValidationText.GT)], rows)
    return difference(row.accuracy(student, epoch), at.accuracy(student, epoch)) if at else None


def _row_json(row: Row, student: str | None, rows: Conditions, shown: Shown) -> dict[str, Any]:
    cells = {name: row.cell(name) for name in COLUMNS}
    delta = None
    if student:
        best, last = (_gap(row, student, rows, epoch) for epoch in epochs("both"))
        delta = gap_json(best, last, shown)
    return {
        **condition_json(row),
        **{name: cell.to_dict(shown) if cell else None for name, cell in cells.items()},
        "delta_vs_gt": {"of": student, **delta} if delta else None,
        "image_share": stat_json(row.image_share),
        "text_share": stat_json(row.text_share),
        "paper": paper.to_json(paper.table2(row), row, shown),
    }
