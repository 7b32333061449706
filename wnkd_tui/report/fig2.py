"""Figure 2: T_x on text alone and the student it teaches, over the part of WordNet-relaxed text."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from engine.changes import text_of
from engine.spec import Modality, ValidationText
from wnkd_tui.report import paper
from wnkd_tui.report.captions import caption, tables
from wnkd_tui.report.cells import accuracies, by_epoch, differences, epochs, gap_json, made, texts
from wnkd_tui.report.columns import TITLES, TX_VAL
from wnkd_tui.report.conditions import SCHEMA, condition_json
from wnkd_tui.report.counterparts import by_condition, counterpart
from wnkd_tui.report.curves import TOP1
from wnkd_tui.report.notes import on_accuracies, on_signs
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import Figure, Line, Sheet
from wnkd_tui.report.stats import Difference, Epoch, Shown, difference

COLUMNS = (TX_VAL, "student_alone", "student_tx")
_NO_VALUES = (
    "The paper draws this figure on CIFAR100 and tells no values but T_x's 100 % at 100 % gt."
)


def figures(rows: Iterable[Row], shown: Shown = "best") -> list[Figure]:
    """A chart for every series and epoch: lines over the percentage of wn."""
    return [_figure(one, epoch) for one in series(rows) for epoch in epochs(shown)]


def sheets(rows: Iterable[Row], shown: Shown = "best") -> list[Sheet]:
    """The figures' numbers."""
    return [_sheet(one, shown) for one in series(rows)]


def to_json(rows: Iterable[Row], shown: Shown = "best") -> dict[str, Any]:
    """Accuracies in percent, null where nothing is known; series are counted from 1."""
    found = [
        {"series": number, **_row_json(row, shown)}
        for number, one in enumerate(series(rows), start=1)
        for row in one
    ]
    return {"schema": SCHEMA, "epoch": shown, "rows": found}


def series(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows of text alone and no noise that differ in wn only, wn rising from 100 % gt on."""
    found = []
    for group in tables([row for row in rows if _is_text_alone(row)]):
        exact = [row for row in group if row.tx and row.tx.gt == 100]
        relaxed = sorted((row for row in group if row not in exact), key=_apart)
        for _, alike in groupby(relaxed, key=_apart):
            line = sorted(alike, key=_wn)
            start = _start(line[0], exact)
            found.append([start, *line] if start else line)
        found += [] if relaxed else [[row] for row in exact]
    return found


def _is_text_alone(row: Row) -> bool:
    return row.tx is not None and row.tx.modality is Modality.TEXT and not row.tx.noise


def _apart(row: Row) -> tuple[str, str]:
    return text_of(row.tx_changes), str(row.tx and row.tx.val_text)


def _wn(row: Row) -> int:
    return row.tx.wn if row.tx else 0


def _start(row: Row, exact: Sequence[Row]) -> Row | None:
    """The row of 100 % gt to which a series of relaxed text belongs."""
    if row.tx is None:
        return None
    usual = replace(row.tx, wn=0)
    return counterpart(
        row, [usual, replace(usual, val_text=ValidationText.GT)], by_condition(exact)
    )


def _figure(rows: Sequence[Row], epoch: Epoch) -> Figure:
    lines = []
    for name in COLUMNS:
        points = {float(_wn(row)): stat for row in rows if (stat := row.accuracy(name, epoch))}
        theirs = {float(_wn(row)): paper.fig2(row)[name] for row in rows if name in paper.fig2(row)}
        if points:
            lines.append(Line(TITLES[name], points, theirs))
    return Figure(
        "Figure 2",
        _caption(rows, epoch),
        "lines",
        "training samples with WordNet-relaxed text, %",
        TOP1,
        {float(_wn(row)): str(_wn(row)) for row in rows},
        tuple(lines),
        (*_paper_notes(rows, epoch), *on_accuracies(rows)),
    )


def _caption(rows: Sequence[Row], shown: Shown) -> str:
    stats = [
        row.accuracy(name, epoch) for row in rows for name in COLUMNS for epoch in epochs(shown)
    ]
    changed = text_of(rows[-1].tx_changes)
    return " · ".join([caption(rows, stats, shown), *([changed] if changed else [])])


def _sheet(rows: Sequence[Row], shown: Shown) -> Sheet:
    columns = [
        texts("trial", "trial", (row.name for row in rows)),
        texts("val_text", "val text", (str(row.tx.val_text) if row.tx else "" for row in rows)),
    ]
    for name in COLUMNS:
        papers = [paper.fig2(row).get(name) for row in rows]
        columns += accuracies(
            rows, name, TITLES[name], shown, rank=name == "student_tx", papers=papers
        )
    columns += by_epoch(
        shown,
        "gain",
        "S from T_x − alone",
        lambda key, title, epoch: differences(key, title, [_gain(row, epoch) for row in rows]),
    )
    notes = [*on_signs(cells for _, cells in columns), *_paper_notes(rows, shown)]
    return made("Figure 2", _caption(rows, shown), columns, [*notes, *on_accuracies(rows)])


def _gain(row: Row, epoch: Epoch) -> Difference | None:
    return difference(row.accuracy("student_tx", epoch), row.accuracy("student_alone", epoch))


def _paper_notes(rows: Sequence[Row], shown: Shown) -> list[str]:
    return [_NO_VALUES, *paper.notes([row for row in rows if paper.fig2(row)], shown)]


def _row_json(row: Row, shown: Shown) -> dict[str, Any]:
    cells = {name: row.cell(name) for name in COLUMNS}
    best, last = (_gain(row, epoch) for epoch in epochs("both"))
    return {
        **condition_json(row),
        **{name: cell.to_dict(shown) if cell else None for name, cell in cells.items()},
        "gain": gap_json(best, last, shown),
        "paper": paper.to_json(paper.fig2(row), row, shown),
    }
