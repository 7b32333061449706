"""Charts of rows: accuracy over the text mix (Table 2, and Figure 2 for text alone), attribution.

The x axis is the paper's order of conditions, 100 % wn on the left, gt in the middle, 100 % noise
on the right; give only rows that stand in one table.
"""

from collections.abc import Mapping, Sequence

from engine.changes import text_of
from engine.spec import Modality
from wnkd_tui.report.captions import caption, seeds_label, table_label
from wnkd_tui.report.columns import TITLES, TX_VAL
from wnkd_tui.report.notes import on_accuracies
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import Figure, Line
from wnkd_tui.report.stats import Epoch, Stat

LINES = (TX_VAL, "student_alone", "student_tx", "student_tmtx")
TOP1 = "top-1 %, validation"


def accuracy(rows: Sequence[Row], epoch: Epoch = "best") -> Figure:
    """Teacher against student: T_x and every kind of student over the text mix."""
    rows = [row for row in rows if row.tx]
    lines = [
        Line(TITLES[name], points)
        for name in LINES
        if (points := _points([row.accuracy(name, epoch) for row in rows]))
    ]
    text_alone = bool(rows) and rows[0].tx is not None and rows[0].tx.modality is Modality.TEXT
    return Figure(
        "Figure 2: T_x on text alone and students" if text_alone else "Teacher and students",
        caption(rows, [stat for line in lines for stat in line.points.values()], epoch)
        if rows
        else "",
        "lines",
        "text of T_x's samples",
        TOP1,
        _ticks(rows),
        tuple(lines),
        tuple(on_accuracies(rows)),
    )


def attribution(rows: Sequence[Row]) -> Figure:
    """One stacked bar per T_x: image share below, text share above."""
    rows = [row for row in rows if row.image_share and row.text_share]
    ticks = {
        x: f"{label}/void" if row.is_void else label
        for (x, label), row in zip(_ticks(rows).items(), rows, strict=True)
    }
    return Figure(
        "Attribution of T_x",
        f"{table_label(rows)} · {seeds_label(row.image_share for row in rows)}" if rows else "",
        "stacked",
        "text of T_x's samples",
        "share",
        ticks,
        (
            Line("image", _points([row.image_share for row in rows])),
            Line("text", _points([row.text_share for row in rows])),
        ),
    )


def labels(rows: Sequence[Row]) -> list[str]:
    """`100wn`, `50`, `gt`, `50`, `100noise`: the ends say of what, so that nine fit in a line."""
    last = len(rows) - 1
    return [_label(row, rows, at_end=place in (0, last)) for place, row in enumerate(rows)]


def _label(row: Row, among: Sequence[Row], *, at_end: bool) -> str:
    """The mix; where one mix appears several times also in what its rows differ."""
    tx = row.tx
    if tx is None:
        return "-"
    kind = "wn" if tx.wn else "noise"
    mix = f"{tx.wn or tx.noise}{kind if at_end else ''}" if tx.wn or tx.noise else "gt"
    alike = [
        other for other in among if other.tx and (other.tx.wn, other.tx.noise) == (tx.wn, tx.noise)
    ]
    if len({other.tx.val_text for other in alike if other.tx}) > 1:
        mix += f"/{tx.val_text}"
    if len({other.tx_changes for other in alike}) > 1:
        mix += "".join(f"/{text_of((change,)).split(' ', 1)[1]}" for change in row.tx_changes)
    return mix


def _points(stats: Sequence[Stat | None]) -> dict[float, Stat]:
    return {float(place): stat for place, stat in enumerate(stats) if stat}


def _ticks(rows: Sequence[Row]) -> Mapping[float, str]:
    return {float(place): label for place, label in enumerate(labels(rows))}
