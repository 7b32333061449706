"""Rows that are compared because they differ in T_x's text, image or validation text alone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.changes import Changes
from engine.spec import MultimodalSpec, Teachers, TrialSpec
from wnkd_tui.report.rows import Row, Setting

# Dataset, size and recipe; T_x; all changes → the row of that condition.
Conditions = Mapping[tuple[Setting, MultimodalSpec | None, Changes], Row]


def by_condition(rows: Iterable[Row]) -> Conditions:
    """The rows for `counterpart`; of several under one condition the first."""
    found: dict[tuple[Setting, MultimodalSpec | None, Changes], Row] = {}
    for row in rows:
        found.setdefault((replace(row.setting, changes=()), row.tx, row.changes), row)
    return found


def counterpart(row: Row, others: Iterable[MultimodalSpec], rows: Conditions) -> Row | None:
    """The row that differs from `row` in T_x's text, image or validation text alone: the first of
    `others` that is there, under `row`'s changes as far as they matter to it."""
    place, changes = replace(row.setting, changes=()), row.changes
    for tx in others:
        for teachers in (Teachers.TM_TX, Teachers.TX):
            want = TrialSpec(
                place.dataset, place.recipe, teachers, tx, 0, place.limit_train, changes=changes
            )
            if found := rows.get((place, tx, want.changes)):
                return found
    return None
