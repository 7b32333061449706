"""Accuracy of many-, medium- and few-shot classes, for each teacher T_x and each student."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.data.shots import FEW, MANY, shot_groups
from wnkd_tui.report.captions import caption, tables
from wnkd_tui.report.cells import Filled, OfEpoch, by_epoch, epochs, made, texts
from wnkd_tui.report.columns import STUDENTS, TX_VAL, WITHOUT_TX
from wnkd_tui.report.conditions import SCHEMA, condition_json
from wnkd_tui.report.notes import on_results, on_signs, on_texts
from wnkd_tui.report.ranks import ranked
from wnkd_tui.report.rows import Row, over_classes
from wnkd_tui.report.sheet import Cell, Column, Sheet
from wnkd_tui.report.stats import Accuracy, Epoch, Shown, Stat
from wnkd_tui.store.datasets import DatasetRow

TITLES = {"all": "all classes", "many": "many-shot", "medium": "medium-shot", "few": "few-shot"}
_WHAT = (
    "Mean of the classes' accuracies on validation, in percent; T_x is not ranked with students.",
    f"Many-shot classes have more than {MANY} training images, few-shot ones fewer than {FEW}"
    " (Liu et al. 2019), counted in the whole training split.",
)


@dataclass(frozen=True)
class Learner:
    """A T_x or a student of one row; `column` tells which."""

    row: Row
    column: str

    @property
    def name(self) -> str:
        return self.row.name if self.column == TX_VAL else self.row.trial(self.column)

    @property
    def val_text(self) -> str:
        """Of a T_x; a student reads none."""
        return str(self.row.tx.val_text) if self.row.tx and self.column == TX_VAL else ""

    @property
    def is_known(self) -> bool:
        """Whether there are accuracies by class; an older wnkd measured none."""
        return any("per_class" in one for one in self.row.found.get(self.column, {}).values())

    def stat(self, classes: Sequence[int], epoch: Epoch) -> Stat | None:
        return over_classes(self.row.found.get(self.column, {}), epoch, classes)


def sheets(
    rows: Sequence[Row], datasets: Mapping[str, DatasetRow], shown: Shown = "best"
) -> list[Sheet]:
    """A sheet for every group of rows that may be compared; `datasets` by name."""
    found = []
    for group in tables(rows):
        dataset = datasets.get(group[0].setting.dataset)
        learners = _learners(group)
        if dataset and learners:
            found.append(_sheet(group, learners, _groups(dataset), shown))
    return found


def to_json(
    rows: Sequence[Row], datasets: Mapping[str, DatasetRow], shown: Shown = "best"
) -> dict[str, Any]:
    """Accuracies in percent; `groups` says how many classes each has."""
    found = []
    for group in tables(rows):
        dataset = datasets.get(group[0].setting.dataset)
        groups = _groups(dataset) if dataset else {}
        found += [_learner_json(one, groups, shown) for one in _learners(group) if dataset]
    return {"schema": SCHEMA, "epoch": shown, "rows": found}


def _groups(dataset: DatasetRow) -> dict[str, list[int]]:
    """All classes, then the shot groups that have classes."""
    shots = {name: ids for name, ids in shot_groups(dataset.train_per_class).items() if ids}
    return {"all": list(range(len(dataset.train_per_class))), **shots}


def _learners(rows: Iterable[Row]) -> list[Learner]:
    """Every T_x and student whose classes are known; one without T_x once, with most seeds."""
    rows = list(rows)
    found = []
    for column in (TX_VAL, *STUDENTS.values()):
        known = [row for row in rows if Learner(row, column).is_known]
        if column in WITHOUT_TX:
            known = sorted(known, key=lambda row: -len(row.found[column]))[:1]
        found += [Learner(row, column) for row in known]
    return found


def _sheet(
    rows: Sequence[Row], learners: Sequence[Learner], groups: Mapping[str, list[int]], shown: Shown
) -> Sheet:
    columns = [
        texts("trial", "trial", (one.name for one in learners)),
        texts("val_text", "val text", (one.val_text for one in learners)),
    ]
    for name, classes in groups.items():
        columns += by_epoch(shown, name, TITLES[name], _of_group(learners, classes))
    sizes = ", ".join(f"{len(ids)} {TITLES[name]}" for name, ids in groups.items() if name != "all")
    notes = [*on_signs(cells for _, cells in columns), *_WHAT, *on_texts(rows)]
    notes.append(f"Classes: {sizes}.")
    if len(groups) == 2:
        notes.append("All classes are of one group: there is nothing to set apart.")
    stats = [one.stat(groups["all"], epoch) for one in learners for epoch in epochs(shown)]
    return made("Shots", caption(rows, stats, shown), columns, [*notes, *on_results(rows)])


def _of_group(learners: Sequence[Learner], classes: Sequence[int]) -> OfEpoch:
    def filled(key: str, title: str, epoch: Epoch) -> Filled:
        stats = [one.stat(classes, epoch) for one in learners]
        of_students = [
            None if one.column == TX_VAL else stat
            for one, stat in zip(learners, stats, strict=True)
        ]
        cells = [
            Cell(stat=stat, rank=rank)
            for stat, rank in zip(stats, ranked(of_students), strict=True)
        ]
        return Column(key, title), cells

    return filled


def _learner_json(one: Learner, groups: Mapping[str, list[int]], shown: Shown) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, classes in groups.items():
        best, last = (one.stat(classes, epoch) for epoch in epochs("both"))
        accuracy = Accuracy(best, last).to_dict(shown) if best and last else None
        told[name] = {"classes": len(classes), "accuracy": accuracy}
    row = one.row.without_tx if one.column in WITHOUT_TX else one.row
    return {**condition_json(row), "trial": one.name, "column": one.column, "groups": told}
