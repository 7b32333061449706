"""What must be said below a table: signs, marks, what was left out. One sentence each."""

from collections.abc import Iterable, Sequence

from wnkd_tui.report.captions import seeds_label
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import MARKS, Cell
from wnkd_tui.report.stats import Difference

_MEANINGS = {
    "best": "best of a {}",
    "second": "second best",
    "tied": "not told apart: 0 is in the 95 % interval of the paired difference",
}


def on_signs(rows: Iterable[Sequence[Cell]], *, compared: str = "column") -> list[str]:
    """How to read what stands behind a mean: spread, interval, and the marks of what is compared
    along a column or a row."""
    cells = [cell for row in rows for cell in row]
    stats = [cell.stat for cell in cells if cell.stat]
    plain = [stat for stat in stats if not isinstance(stat, Difference)]
    gaps = [stat for stat in stats if isinstance(stat, Difference)]
    notes = []
    if any(stat.n > 1 for stat in plain):
        notes.append(f"{seeds_label(plain)}, mean ± sd (n).")
    if any(gap.half is not None for gap in gaps):
        notes.append("Differences are paired by seed: mean ± half of the 95 % interval.")
    used = {cell.rank for cell in cells}
    told = [f"{sign} {_MEANINGS[rank]}" for rank, sign in MARKS.items() if rank in used]
    if told:
        notes.append(f"{', '.join(told)}.".format(compared))
    marked = [cell.stat for cell in cells if cell.stat and cell.rank in ("best", "second")]
    if any(stat.n == 1 for stat in [*marked, *gaps]):
        notes.append("One seed: no interval, so marks and differences stand on the mean alone.")
    return notes


def on_older(rows: Iterable[Row]) -> list[str]:
    older = sum(row.older for row in rows)
    return [f"{older} older results left out: newer ones of the same seed count."] if older else []
