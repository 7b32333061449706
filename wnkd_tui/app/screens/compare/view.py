"""What the compare page knows: the report's rows, in groups that may be compared."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from wnkd_tui.home import Home
from wnkd_tui.report.captions import seeds_label, table_label, tables
from wnkd_tui.report.rows import Row, collect
from wnkd_tui.report.stats import Epoch
from wnkd_tui.store import queries

Sweep = Literal["both", "wn", "noise"]
# column of a row → the theme's colour of its line
LINES = {
    "tx_val": "teacher",
    "student_alone": "state-waiting",
    "student_tx": "student",
    "student_tmtx": "student-both",
}


@dataclass(frozen=True)
class CompareView:
    groups: tuple[tuple[Row, ...], ...]


@dataclass(frozen=True)
class CompareQuestion:
    def read(self, conn: sqlite3.Connection, home: Home) -> CompareView:
        groups = tables(collect(queries.results(conn)))
        return CompareView(tuple(tuple(group) for group in groups))


def swept(rows: Sequence[Row], sweep: Sweep) -> list[Row]:
    """The rows of one sweep, from 100 % gt on; both are the paper's order with gt in the middle."""
    if sweep == "both":
        return list(rows)
    away = "noise" if sweep == "wn" else "wn"
    chosen = [row for row in rows if row.tx and not getattr(row.tx, away)]
    return sorted(chosen, key=lambda row: getattr(row.tx, sweep))


def inks_of(rows: Sequence[Row], epoch: Epoch) -> list[str]:
    """The colours of the lines that have a point, in the chart's order."""
    return [
        ink
        for column, ink in LINES.items()
        if any(row.accuracy(column, epoch) for row in rows if row.tx)
    ]


def caption(rows: Sequence[Row], epoch: Epoch) -> str:
    """What must be said with every chart of `rows`."""
    stats = [row.accuracy(column, epoch) for row in rows for column in LINES]
    texts = sorted({str(row.tx.val_text) for row in rows if row.tx})
    said = [table_label(rows), seeds_label(stats), f"{epoch} epoch"]
    if texts:
        said.append(f"validation text {' and '.join(texts)}")
    return " · ".join(said)
