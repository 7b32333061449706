"""From single results to rows: what was measured alike is averaged over seeds, nothing else is.

A row is one T_x condition: dataset, size of the training split, encoder, recipe, modality, text mix
and validation text. Students without T_x have none of the last five, so they are joined to the rows
of their dataset, size and recipe, for the seeds that the row has.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from engine.spec import Modality, MultimodalSpec, Teachers
from wnkd_tui.report.stats import Accuracy, Epoch, Stat
from wnkd_tui.store.rows import ResultRow

STUDENT_COLUMNS = {
    Teachers.NONE: "student_alone",
    Teachers.TM: "student_tm",
    Teachers.TX: "student_tx",
    Teachers.TM_TX: "student_tmtx",
}


@dataclass(frozen=True)
class Setting:
    """What must be equal before two students may be compared at all."""

    dataset: str
    limit_train: int | None
    recipe: str


@dataclass(frozen=True)
class Row:
    """One line of Table 2 and one bar of Figure 3; a number that nobody measured is None.

    `tx` is None in the one row of a setting that has no T_x yet. Shares are 0 to 1. `older` counts
    results left out because a newer one of the same trial and seed exists (a recipe or a dataset
    was changed in between).
    """

    setting: Setting
    tx: MultimodalSpec | None
    tx_val: Accuracy | None = None
    student_alone: Accuracy | None = None
    student_tm: Accuracy | None = None
    student_tx: Accuracy | None = None
    student_tmtx: Accuracy | None = None
    image_share: Stat | None = None
    text_share: Stat | None = None
    delta_share: Stat | None = None
    train_n: int | None = None
    val_n: int | None = None
    samples: int | None = None
    older: int = 0

    @property
    def name(self) -> str:
        return self.tx.name if self.tx else "S_s"

    @property
    def table(self) -> tuple[Setting, str, str]:
        """Rows with an equal `table` stand in one table and one chart."""
        return (self.setting, *((self.tx.encoder, self.tx.modality.value) if self.tx else ("", "")))

    def accuracy(self, column: str, epoch: Epoch) -> Stat | None:
        cell: Accuracy | None = getattr(self, column)
        return cell.at(epoch) if cell else None


def collect(results: Iterable[ResultRow], dataset: str | None = None) -> list[Row]:
    """Rows in the paper's order: per table from 100 % wn over gt to 100 % noise."""
    chosen = [one for one in results if dataset in (None, one.spec.dataset)]
    by_setting: dict[Setting, list[ResultRow]] = defaultdict(list)
    for one in chosen:
        spec = one.spec
        by_setting[Setting(spec.dataset, spec.limit_train, spec.recipe)].append(one)
    rows = [row for setting, ones in by_setting.items() for row in _rows(setting, ones)]
    return sorted(rows, key=_order)


def _rows(setting: Setting, results: list[ResultRow]) -> list[Row]:
    apart: dict[MultimodalSpec | None, _Seeds] = defaultdict(_Seeds)
    for one in results:
        apart[one.spec.tx].add(one)
    without = apart.pop(None, _Seeds())
    if not apart:
        return [without.row(setting, None)]
    rows = []
    for tx, seeds in apart.items():
        joined = without.only(seeds.seeds())
        alone = joined.row(setting, None)
        row = seeds.row(setting, tx)
        rows.append(
            replace(
                row,
                student_alone=alone.student_alone,
                student_tm=alone.student_tm,
                train_n=row.train_n or alone.train_n,
                val_n=row.val_n or alone.val_n,
                older=row.older + alone.older,
            )
        )
    return rows


class _Seeds:
    """The newest result per column and seed."""

    def __init__(self) -> None:
        self.columns: dict[str, dict[int, ResultRow]] = defaultdict(dict)
        self.jobs: dict[tuple[str, int], set[int]] = defaultdict(set)

    def add(self, one: ResultRow) -> None:
        column = _column(one)
        if column is None:
            return
        jobs = self.jobs[column, one.spec.seed]
        if one.job >= max(jobs, default=one.job):
            self.columns[column][one.spec.seed] = one
        jobs.add(one.job)

    def seeds(self) -> set[int]:
        return {seed for column in self.columns.values() for seed in column}

    def only(self, seeds: set[int]) -> "_Seeds":
        part = _Seeds()
        for column, values in self.columns.items():
            part.columns[column] = {s: one for s, one in values.items() if s in seeds}
        part.jobs.update({at: jobs for at, jobs in self.jobs.items() if at[1] in seeds})
        return part

    def row(self, setting: Setting, tx: MultimodalSpec | None) -> Row:
        return Row(
            setting,
            tx,
            **{name: self._accuracy(name) for name in ("tx_val", *STUDENT_COLUMNS.values())},
            image_share=self._stat("attribution", "image_share"),
            text_share=self._stat("attribution", "text_share"),
            delta_share=self._stat("attribution", "delta_share"),
            train_n=self._size("train_n"),
            val_n=self._size("val_n"),
            samples=self._size("samples"),
            older=sum(len(jobs) - 1 for jobs in self.jobs.values()),
        )

    def _stat(self, column: str, field: str) -> Stat | None:
        return Stat.of(one.result[field] for _, one in sorted(self.columns[column].items()))

    def _accuracy(self, column: str) -> Accuracy | None:
        ones = [one.result for _, one in sorted(self.columns[column].items())]
        best = Stat.of(one["best"]["val_top1"] for one in ones)
        last = Stat.of(one["last"]["val_top1"] for one in ones)
        return Accuracy(best, last) if best and last else None

    def _size(self, field: str) -> int | None:
        """A count that is the same in all of a row's results; None where it is not known."""
        found = {
            one.result[field]
            for column in self.columns.values()
            for one in column.values()
            if field in one.result
        }
        return int(found.pop()) if len(found) == 1 else None


def _column(one: ResultRow) -> str | None:
    if one.kind == "student":
        return STUDENT_COLUMNS[one.spec.teachers]
    return {"T_x": "tx_val", "attribution": "attribution"}.get(one.kind)


def _order(row: Row) -> tuple[Any, ...]:
    setting, tx = row.setting, row.tx
    size = setting.limit_train or 2**62
    first = (setting.dataset, -size, setting.recipe)
    if tx is None:
        return (*first, "", 0, 0, 0, "")
    modality = list(Modality).index(tx.modality)
    return (*first, tx.encoder, modality, tx.noise, -tx.wn, str(tx.val_text))
