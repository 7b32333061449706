"""Accuracy of every class, students of chosen trials side by side."""

from collections.abc import Sequence
from typing import Any, Literal

from engine.errors import SpecError
from wnkd_tui.report.captions import epoch_label, seeds_label, told_apart
from wnkd_tui.report.cells import (
    OfEpoch,
    by_epoch,
    differences,
    epochs,
    gap_json,
    made,
    numbers,
    texts,
)
from wnkd_tui.report.chosen import Chosen
from wnkd_tui.report.conditions import SCHEMA
from wnkd_tui.report.notes import on_signs
from wnkd_tui.report.sheet import Sheet
from wnkd_tui.report.stats import Accuracy, Difference, Epoch, Shown, difference
from wnkd_tui.store.datasets import DatasetRow

By = Literal["class", "difference"]
_EACH = "Every class has its own interval: of 100 classes that are alike, five seem to differ."


def sheet(
    chosen: Sequence[Chosen], dataset: DatasetRow, shown: Shown = "best", by: By = "class"
) -> Sheet:
    """A row for every class, in the dataset's order or by the first trial's lead on the second.

    Raises SpecError for an order by difference of fewer than two trials.
    """
    numbered = _ordered(chosen, dataset, shown, by)
    columns = [
        texts("class", "class", (dataset.classes[i] for i in numbered)),
        texts("train_n", "images", (str(dataset.train_per_class[i]) for i in numbered)),
    ]
    for one in chosen:
        columns += by_epoch(shown, f"trial_{one.id}", one.label, _of_trial(one, numbered))
    if len(chosen) > 1:
        first, second = chosen[:2]
        columns += by_epoch(
            shown,
            "difference",
            f"{first.id} − {second.id}",
            lambda key, title, epoch: differences(
                key, title, [_gap(first, second, i, epoch) for i in numbered]
            ),
        )
    caption = " · ".join(
        [
            *_abouts(chosen),
            seeds_label(one.top1("student", "best") for one in chosen),
            epoch_label(shown),
        ]
    )
    few, many = min(dataset.val_per_class), max(dataset.val_per_class)
    images = f"{few} to {many}" if few < many else f"{few}"
    notes = on_signs(cells for _, cells in columns)
    notes.append(f"The student's accuracy on each class's {images} validation images, in percent.")
    notes += [_EACH] if len(chosen) > 1 else []
    notes += [
        f"{one.label} has no accuracies by class yet."
        for one in chosen
        if all(one.of_class(i, "best") is None for i in numbered)
    ]
    return made("Classes", caption, columns, notes)


def to_json(
    chosen: Sequence[Chosen], dataset: DatasetRow, shown: Shown = "best", by: By = "class"
) -> dict[str, Any]:
    """Accuracies in percent, null where nothing is known; `difference` of the first two trials."""
    return {
        "schema": SCHEMA,
        "epoch": shown,
        "dataset": dataset.name,
        "trials": [{"id": one.id, "name": one.spec.name, "about": one.about} for one in chosen],
        "classes": [
            {
                "class": dataset.classes[i],
                "train_n": dataset.train_per_class[i],
                "accuracies": [_cell_json(one, i, shown) for one in chosen],
                "difference": gap_json(
                    _gap(chosen[0], chosen[1], i, "best"),
                    _gap(chosen[0], chosen[1], i, "last"),
                    shown,
                )
                if len(chosen) > 1
                else None,
            }
            for i in _ordered(chosen, dataset, shown, by)
        ],
    }


def _abouts(chosen: Sequence[Chosen]) -> list[str]:
    """What the trials are: what only some rest on behind their names, what all share at the end."""
    shared, own = told_apart([one.parts("student") for one in chosen])
    titled = [[one.title, *parts] for one, parts in zip(chosen, own, strict=True)]
    return [*(part for parts in titled for part in parts), *shared]


def _ordered(chosen: Sequence[Chosen], dataset: DatasetRow, shown: Shown, by: By) -> list[int]:
    """Class numbers; by difference the first trial's best classes come first, unknown ones last."""
    numbered = list(range(len(dataset.classes)))
    if by == "class":
        return numbered
    if len(chosen) < 2:
        raise SpecError("an order by difference needs two trials")
    leads = {i: _gap(chosen[0], chosen[1], i, epochs(shown)[0]) for i in numbered}

    def place(number: int) -> tuple[bool, float]:
        lead = leads[number]
        return lead is None, -lead.mean if lead else 0.0

    return sorted(numbered, key=place)


def _of_trial(one: Chosen, numbered: Sequence[int]) -> OfEpoch:
    return lambda key, title, epoch: numbers(key, title, [one.of_class(i, epoch) for i in numbered])


def _gap(first: Chosen, second: Chosen, number: int, epoch: Epoch) -> Difference | None:
    return difference(first.of_class(number, epoch), second.of_class(number, epoch))


def _cell_json(one: Chosen, number: int, shown: Shown) -> dict[str, Any] | None:
    best, last = one.of_class(number, "best"), one.of_class(number, "last")
    return Accuracy(best, last).to_dict(shown) if best and last else None
