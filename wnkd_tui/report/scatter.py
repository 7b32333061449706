"""A T_x's accuracy, or how much its text leaks, against what its students gain: one sign for each
condition, as far as both are measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import correlation
from typing import Any, Literal

from wnkd_tui.report.captions import caption, tables
from wnkd_tui.report.cells import Filled, accuracies, by_epoch, differences, epochs, made, texts
from wnkd_tui.report.cells import stat_json as told
from wnkd_tui.report.columns import TITLES, TX_VAL
from wnkd_tui.report.conditions import SCHEMA, condition_json
from wnkd_tui.report.counterparts import by_condition
from wnkd_tui.report.leakage import STUDENTS, gain, image_only_of, index, measured
from wnkd_tui.report.notes import on_accuracies, on_signs
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import Figure, Line, Point, Sheet
from wnkd_tui.report.stats import Epoch, Shown, Stat

Against = Literal["accuracy", "leakage"]
_X_LABELS: dict[Against, str] = {
    "accuracy": "T_x top-1 %, validation",
    "leakage": "leakage index of T_x",
}
_X_WORDS: dict[Against, str] = {"accuracy": "T_x val", "leakage": "leakage index"}
_LEAST = 3  # points that a correlation needs to say anything
_GAIN = "Gain: the student minus the student alone, in percentage points."
_BARS = "Error bars: one standard deviation over seeds, both ways."
_INDEX = "Leakage index: T_x val minus that of the T_x that sees the image alone, same seeds."


@dataclass(frozen=True)
class Group:
    """Rows that may be compared, each with the row of its T_x on the image alone."""

    rows: tuple[Row, ...]
    image_only: tuple[Row | None, ...]
    against: Against

    def xs(self, epoch: Epoch) -> list[Stat | None]:
        if self.against == "accuracy":
            return [row.accuracy(TX_VAL, epoch) for row in self.rows]
        pairs = zip(self.rows, self.image_only, strict=True)
        return [index(row, other, epoch) for row, other in pairs]

    def line(self, student: str, epoch: Epoch) -> Line:
        """From left to right."""
        found = [
            Point(row.name, x, y)
            for row, x in zip(self.rows, self.xs(epoch), strict=True)
            if x and (y := gain(row, student, epoch))
        ]
        found.sort(key=lambda point: (point.x.mean, point.y.mean))
        return Line(TITLES[student], cloud=tuple(found))

    def lines(self, epoch: Epoch) -> list[Line]:
        every = [self.line(student, epoch) for student in STUDENTS]
        return [line for line in every if line.cloud]


def figures(
    rows: Sequence[Row], shown: Shown = "best", against: Against = "accuracy"
) -> list[Figure]:
    """A scatter for every group of rows that may be compared, and every epoch."""
    return [_figure(group, epoch) for group in _groups(rows, against) for epoch in epochs(shown)]


def sheets(
    rows: Sequence[Row], shown: Shown = "best", against: Against = "accuracy"
) -> list[Sheet]:
    """The figures' numbers."""
    return [_sheet(group, shown) for group in _groups(rows, against)]


def to_json(
    rows: Sequence[Row], shown: Shown = "best", against: Against = "accuracy"
) -> dict[str, Any]:
    """Percent and percentage points, for the best and the last epoch."""
    found = [
        {
            **condition_json(row),
            "x": {epoch: told(group.xs(epoch)[place]) for epoch in epochs("both")},
            **{
                f"{student}_gain": {
                    epoch: told(gain(row, student, epoch)) for epoch in epochs("both")
                }
                for student in STUDENTS
            },
        }
        for group in _groups(rows, against)
        for place, row in enumerate(group.rows)
    ]
    return {"schema": SCHEMA, "epoch": shown, "against": against, "rows": found}


def _groups(rows: Sequence[Row], against: Against) -> list[Group]:
    places = by_condition(rows)
    groups = []
    for alike in tables([row for row in measured(rows) if gains(row)]):
        others = [image_only_of(row, places) for row in alike]
        pairs = [
            (row, other)
            for row, other in zip(alike, others, strict=True)
            if against == "accuracy" or index(row, other, "best")
        ]
        if pairs:
            kept, without_text = zip(*pairs, strict=True)
            groups.append(Group(kept, without_text, against))
    return groups


def gains(row: Row) -> bool:
    """Whether a student of its T_x and a student alone share a seed."""
    return any(gain(row, student, "best") for student in STUDENTS)


def _figure(group: Group, epoch: Epoch) -> Figure:
    lines = group.lines(epoch)
    return Figure(
        "Scatter",
        caption(group.rows, group.xs(epoch), epoch),
        "scatter",
        _X_LABELS[group.against],
        "gain of the student",
        {},
        tuple(lines),
        (
            _GAIN,
            *_bars(lines),
            *on_accuracies(group.rows),
            *_correlations(lines, group.against),
        ),
    )


def _sheet(group: Group, shown: Shown) -> Sheet:
    rows = group.rows
    columns = [
        texts("trial", "trial", (row.name for row in rows)),
        texts("val_text", "val text", (str(row.tx.val_text) if row.tx else "" for row in rows)),
        *_xs(group, shown),
    ]
    for student in STUDENTS:
        if any(gain(row, student, "best") for row in rows):
            columns += _gain_columns(rows, student, shown)
    notes = [*on_signs(cells for _, cells in columns), _GAIN]
    notes += [_INDEX] if group.against == "leakage" else []
    for epoch in epochs(shown):
        said = _correlations(group.lines(epoch), group.against)
        notes += [f"{one[:-1]} ({epoch} epoch)." for one in said] if shown == "both" else said
    stats = [stat for epoch in epochs(shown) for stat in group.xs(epoch)]
    return made("Scatter", caption(rows, stats, shown), columns, [*notes, *on_accuracies(rows)])


def _xs(group: Group, shown: Shown) -> list[Filled]:
    if group.against == "accuracy":
        return accuracies(group.rows, TX_VAL, TITLES[TX_VAL], shown)
    pairs = list(zip(group.rows, group.image_only, strict=True))
    return by_epoch(
        shown,
        "leakage_index",
        "leakage index",
        lambda key, title, epoch: differences(
            key, title, [index(row, other, epoch) for row, other in pairs]
        ),
    )


def _gain_columns(rows: Sequence[Row], student: str, shown: Shown) -> list[Filled]:
    return by_epoch(
        shown,
        f"{student}_gain",
        f"{TITLES[student]} gain",
        lambda key, title, epoch: differences(
            key, title, [gain(row, student, epoch) for row in rows]
        ),
    )


def _bars(lines: Sequence[Line]) -> list[str]:
    """What error bars are, where there is one."""
    stats = [stat for line in lines for point in line.cloud for stat in (point.x, point.y)]
    return [_BARS] if any(stat.n > 1 for stat in stats) else []


def _correlations(lines: Sequence[Line], against: Against) -> list[str]:
    """What a straight line would make of the means."""
    told = []
    for line in lines:
        xs = [point.x.mean for point in line.cloud]
        ys = [point.y.mean for point in line.cloud]
        if len(xs) >= _LEAST and len(set(xs)) > 1 and len(set(ys)) > 1:
            told.append(
                f"{line.name}: {_X_WORDS[against]} against gain has Pearson's r ="
                f" {correlation(xs, ys):+.2f} over {len(xs)} conditions."
            )
    return told
