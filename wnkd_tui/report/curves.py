"""Charts of rows: accuracy over the text mix (Table 2, and Figure 2 for text alone), attribution.

The x axis is the paper's order of conditions, 100 % wn on the left, gt in the middle, 100 % noise
on the right; give only rows that stand in one table.
"""

from collections.abc import Sequence

from engine.spec import Modality
from wnkd_tui.charts import Look, Series, lines, stacked
from wnkd_tui.report.rows import Row
from wnkd_tui.report.stats import Epoch

_STUDENTS = {
    "student_alone": "student alone",
    "student_tx": "S from T_x",
    "student_tmtx": "S from T_m+T_x",
}


def accuracy(rows: Sequence[Row], look: Look, epoch: Epoch = "best") -> str:
    """Teacher against student: T_x and every kind of student over the text mix."""
    rows = [row for row in rows if row.tx]
    series = []
    for column, name in {"tx_val": "T_x val", **_STUDENTS}.items():
        points = [
            (float(place), stat.mean)
            for place, row in enumerate(rows)
            if (stat := row.accuracy(column, epoch))
        ]
        series.append(Series(name, [y for _, y in points], [x for x, _ in points]))
    text_alone = bool(rows) and rows[0].tx is not None and rows[0].tx.modality is Modality.TEXT
    title = "Figure 2: T_x on text alone and students" if text_alone else "Teacher and students"
    ticks = {float(place): name for place, name in enumerate(labels(rows))}
    return lines(series, look, title=title, y_label="top-1 %, validation", ticks=ticks)


def attribution(rows: Sequence[Row], look: Look) -> str:
    """One stacked bar per T_x: image share below, text share above."""
    shown = [(row, row.image_share, row.text_share) for row in rows]
    known = [(row, image, text) for row, image, text in shown if image and text]
    return stacked(
        labels([row for row, _, _ in known]),
        [
            Series("image", [image.mean for _, image, _ in known]),
            Series("text", [text.mean for _, _, text in known]),
        ],
        look,
        title="Attribution of T_x",
        y_label="share",
    )


def labels(rows: Sequence[Row]) -> list[str]:
    """`100wn`, `50`, `gt`, `50`, `100noise`: the ends say of what, so that nine fit in a line."""
    last = len(rows) - 1
    return [_label(row, rows, at_end=place in (0, last)) for place, row in enumerate(rows)]


def _label(row: Row, among: Sequence[Row], *, at_end: bool) -> str:
    """The mix; with the validation text where one mix appears with several."""
    tx = row.tx
    if tx is None:
        return "-"
    kind = "wn" if tx.wn else "noise"
    mix = f"{tx.wn or tx.noise}{kind if at_end else ''}" if tx.wn or tx.noise else "gt"
    alike = [
        other.tx
        for other in among
        if other.tx and (other.tx.wn, other.tx.noise) == (tx.wn, tx.noise)
    ]
    return f"{mix}/{tx.val_text}" if len(alike) > 1 else mix
