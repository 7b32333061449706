"""Label leakage: what text gives T_x beyond the image, and what becomes of it in the student."""

from collections.abc import Iterable, Sequence
from typing import Any

from engine.spec import Modality, MultimodalSpec
from wnkd_tui.report.captions import caption, tables
from wnkd_tui.report.cells import (
    OfEpoch,
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
from wnkd_tui.report.notes import on_accuracies, on_signs
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import Sheet
from wnkd_tui.report.stats import Accuracy, Difference, Epoch, Shown, Stat, difference

STUDENTS = ("student_tx", "student_tmtx")
_NOTES = (
    "Leakage index: T_x val minus that of the T_x that sees the image alone, in percentage points.",
    "Entropy: mean over validation images, in nats, of what T_x or all teachers together say at"
    " the last epoch; ln(classes) is a teacher that knows nothing.",
    "Fidelity: part of the validation images, in percent, where the student's answer is its"
    " teachers', last epoch.",
    "Gain: the student minus the student alone, in percentage points.",
)
_NO_IMAGE_ONLY = (
    "Without an index: a T_x on the image alone, of the same changes, is missing"
    " (wnkd queue add --modality img)."
)


def sheets(rows: Sequence[Row], shown: Shown = "best") -> list[Sheet]:
    """A sheet for every group of rows with image and text that may be compared."""
    places = by_condition(rows)
    return [_sheet(group, places, shown) for group in tables(measured(rows))]


def to_json(rows: Sequence[Row], shown: Shown = "best") -> dict[str, Any]:
    """Accuracies, index, fidelity and gain in percent or percentage points, entropies in nats."""
    places = by_condition(rows)
    found = [_row_json(row, image_only_of(row, places), shown) for row in measured(rows)]
    return {"schema": SCHEMA, "epoch": shown, "rows": found}


def measured(rows: Iterable[Row]) -> list[Row]:
    return [
        row for row in rows if row.tx and row.tx.modality is Modality.IMG_TEXT and row.cell(TX_VAL)
    ]


def image_only_of(row: Row, rows: Conditions) -> Row | None:
    """The row of a T_x that sees no text, everything else as in `row`."""
    if row.tx is None:
        return None
    return counterpart(row, [MultimodalSpec(row.tx.encoder, Modality.IMG)], rows)


def index(row: Row, image_only: Row | None, epoch: Epoch) -> Difference | None:
    if image_only is None:
        return None
    return difference(row.accuracy(TX_VAL, epoch), image_only.accuracy(TX_VAL, epoch))


def gain(row: Row, student: str, epoch: Epoch) -> Difference | None:
    return difference(row.accuracy(student, epoch), row.accuracy("student_alone", epoch))


def _sheet(rows: Sequence[Row], every: Conditions, shown: Shown) -> Sheet:
    without_text = [image_only_of(row, every) for row in rows]
    columns = [
        texts("trial", "trial", (row.name for row in rows)),
        texts("val_text", "val text", (str(row.tx.val_text) if row.tx else "" for row in rows)),
        *accuracies(rows, TX_VAL, TITLES[TX_VAL], shown),
        *by_epoch(shown, "image_only", "image only", _of_image_only(without_text)),
        *by_epoch(
            shown,
            "leakage_index",
            "leakage index",
            lambda key, title, epoch: differences(
                key,
                title,
                [index(row, other, epoch) for row, other in zip(rows, without_text, strict=True)],
            ),
        ),
        numbers("entropy", "T_x entropy", [row.stat(TX_VAL, "entropy") for row in rows], digits=3),
    ]
    for student in STUDENTS:
        if not any(row.cell(student) for row in rows):
            continue
        if student == "student_tmtx":  # T_x's alone stands there already
            entropies = [row.stat(student, "teacher_entropy") for row in rows]
            columns.append(numbers("tmtx_entropy", "T_m+T_x entropy", entropies, digits=3))
        fidelities = [row.stat(student, "fidelity") for row in rows]
        columns += [
            numbers(f"{student}_fidelity", f"{TITLES[student]} fidelity", fidelities),
            *by_epoch(shown, f"{student}_gain", f"{TITLES[student]} gain", _of_gain(rows, student)),
        ]
    notes = [*on_signs(cells for _, cells in columns), *_NOTES]
    if None in without_text:
        notes.append(_NO_IMAGE_ONLY)
    stats = [row.accuracy(TX_VAL, epoch) for row in rows for epoch in epochs(shown)]
    return made("Leakage", caption(rows, stats, shown), columns, [*notes, *on_accuracies(rows)])


def _of_image_only(rows: Sequence[Row | None]) -> OfEpoch:
    def stats(epoch: Epoch) -> list[Stat | None]:
        return [row.accuracy(TX_VAL, epoch) if row else None for row in rows]

    return lambda key, title, epoch: numbers(key, title, stats(epoch))


def _of_gain(rows: Sequence[Row], student: str) -> OfEpoch:
    return lambda key, title, epoch: differences(
        key, title, [gain(row, student, epoch) for row in rows]
    )


def _row_json(row: Row, image_only: Row | None, shown: Shown) -> dict[str, Any]:
    best, last = (index(row, image_only, epoch) for epoch in epochs("both"))
    return {
        **condition_json(row),
        "tx_val": _told(row.cell(TX_VAL), shown),
        "image_only": _told(image_only.cell(TX_VAL) if image_only else None, shown),
        "leakage_index": gap_json(best, last, shown),
        "entropy": stat_json(row.stat(TX_VAL, "entropy")),
        **{student: _student_json(row, student, shown) for student in STUDENTS},
    }


def _student_json(row: Row, student: str, shown: Shown) -> dict[str, Any] | None:
    cell = row.cell(student)
    if cell is None:
        return None
    best, last = (gain(row, student, epoch) for epoch in epochs("both"))
    return {
        **cell.to_dict(shown),
        "teacher_entropy": stat_json(row.stat(student, "teacher_entropy")),
        "fidelity": stat_json(row.stat(student, "fidelity")),
        "gain": gap_json(best, last, shown),
    }


def _told(cell: Accuracy | None, shown: Shown) -> dict[str, Any] | None:
    return cell.to_dict(shown) if cell else None
