"""Table 3: what it brings that T_x learns its noun bank, dataset by dataset."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wnkd_tui.report import paper
from wnkd_tui.report.cells import (
    OfEpoch,
    beside,
    by_epoch,
    differences,
    epochs,
    gap_json,
    made,
    numbers,
    texts,
)
from wnkd_tui.report.columns import FIXED, LEARNED, TEXT_UPDATE, TX_VAL
from wnkd_tui.report.comparing import across_datasets, caption, is_ours, row_label
from wnkd_tui.report.conditions import SCHEMA, condition_json
from wnkd_tui.report.notes import on_accuracies, on_signs
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import Sheet
from wnkd_tui.report.stats import Difference, Epoch, Shown, Stat, difference

# Key → title and the column of a row.
_WHO = {"tx": ("T_x", TX_VAL), "student": ("student", "student_tmtx")}
_WHAT = "T_x,(img, 0%gt 100%wn), and the student that T_m teaches too; gain: learned − fixed."
_MISSING = "A missing half is queued with --set text_update=fixed or =learned."


@dataclass(frozen=True)
class Pair:
    """One condition under both ways of T_x to treat its noun bank; not both are None."""

    fixed: Row | None
    learned: Row | None

    @property
    def row(self) -> Row:
        """The condition; its changes do not name what the pair varies."""
        row = self.learned or self.fixed
        assert row is not None
        return replace(row, tx_changes=_others(row))

    def stat(self, half: str, column: str, epoch: Epoch) -> Stat | None:
        row: Row | None = getattr(self, half)
        return row.accuracy(column, epoch) if row else None

    def gap(self, column: str, epoch: Epoch) -> Difference | None:
        """Learned minus fixed."""
        return difference(self.stat(LEARNED, column, epoch), self.stat(FIXED, column, epoch))


def sheets(rows: Sequence[Row], shown: Shown = "best") -> list[Sheet]:
    """A sheet for every recipe, size limit and encoder, with a row for every dataset."""
    return [_sheet(pairs, shown) for pairs in _groups(rows)]


def to_json(rows: Sequence[Row], shown: Shown = "best") -> dict[str, Any]:
    """Accuracies in percent, null where nothing is known."""
    found = [_pair_json(pair, shown) for pairs in _groups(rows) for pair in pairs]
    return {"schema": SCHEMA, "epoch": shown, "rows": found}


def measured(rows: Iterable[Row]) -> list[Row]:
    """Rows of our best trial, bank fixed or learned, with a number to show."""
    return [row for row in rows if is_ours(row) and (row.cell(TX_VAL) or row.cell("student_tmtx"))]


def _groups(rows: Iterable[Row]) -> list[list[Pair]]:
    return [_pairs(group) for group in across_datasets(measured(rows))]


def _pairs(rows: Iterable[Row]) -> list[Pair]:
    apart: dict[Any, dict[str | None, Row]] = {}
    for row in rows:
        key = (row.setting, row.tx, _others(row))
        apart.setdefault(key, {})[_update(row)] = row
    pairs = []
    for halves in apart.values():
        # Without a change it is the recipe's own value, which the other half's change is not.
        own = FIXED if LEARNED in halves else LEARNED
        named = {update or own: row for update, row in halves.items()}
        pairs.append(Pair(named.get(FIXED), named.get(LEARNED)))
    return pairs


def _update(row: Row) -> str | None:
    value = dict(row.tx_changes).get(TEXT_UPDATE)
    return None if value is None else str(value)


def _others(row: Row) -> tuple[tuple[str, Any], ...]:
    return tuple(change for change in row.tx_changes if change[0] != TEXT_UPDATE)


def _sheet(pairs: Sequence[Pair], shown: Shown) -> Sheet:
    rows = [pair.row for pair in pairs]
    theirs = [paper.table3(row) for row in rows]
    columns = [texts("dataset", "dataset", map(row_label, rows))]
    for who, (title, column) in _WHO.items():
        for half in (FIXED, LEARNED):
            papers = [line.get(f"{who}_{half}") for line in theirs]
            columns += by_epoch(
                shown,
                f"{who}_{half}",
                f"{title} {half}",
                _of_half(pairs, half, column, papers, shown),
            )
        columns += by_epoch(shown, f"{who}_gain", f"{title} gain", _of_gap(pairs, column))
    found = [row for pair in pairs for row in (pair.fixed, pair.learned) if row]
    compared = [row for row, line in zip(rows, theirs, strict=True) if line]
    notes = on_signs(cells for _, cells in columns)
    notes.append(_WHAT)
    if len(found) < 2 * len(pairs):
        notes.append(_MISSING)
    return made(
        "Table 3",
        caption(rows, [cell.stat for _, cells in columns for cell in cells], shown),
        columns,
        [*notes, *paper.notes(compared, shown), *on_accuracies(found)],
    )


def _of_half(
    pairs: Sequence[Pair], half: str, column: str, papers: Sequence[float | None], shown: Shown
) -> OfEpoch:
    return lambda key, title, epoch: numbers(
        key,
        title,
        [pair.stat(half, column, epoch) for pair in pairs],
        papers=beside(papers, shown, epoch),
    )


def _of_gap(pairs: Sequence[Pair], column: str) -> OfEpoch:
    return lambda key, title, epoch: differences(
        key, title, [pair.gap(column, epoch) for pair in pairs]
    )


def _pair_json(pair: Pair, shown: Shown) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for who, (_, column) in _WHO.items():
        for half, row in ((FIXED, pair.fixed), (LEARNED, pair.learned)):
            cell = row.cell(column) if row else None
            told[f"{who}_{half}"] = cell.to_dict(shown) if cell else None
        best, last = (pair.gap(column, epoch) for epoch in epochs("both"))
        told[f"{who}_gain"] = gap_json(best, last, shown)
    row = pair.row
    return {
        **condition_json(row),
        **told,
        "paper": paper.to_json(paper.table3(row), row, shown),
    }
