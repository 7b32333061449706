"""What must be said below a table: signs, marks, what was left out. One sentence each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from wnkd_tui.report.captions import seeds_label
from wnkd_tui.report.columns import TX_VAL
from wnkd_tui.report.rows import LARGE_DELTA, Row, Setting
from wnkd_tui.report.sheet import MARKS, Cell
from wnkd_tui.report.stats import Difference

_MEANINGS = {
    "best": "best of a {}",
    "second": "second best",
    "tied": "not told apart: 0 is in the 95 % interval of the paired difference",
}
_NO_WIDTH = 0.005  # half of an interval that is shown as 0.00
_EQUAL = (
    "± 0.00 of a difference: all seeds differ alike, which on few validation images may be chance."
)
_VOID = f"Void: shares whose convergence delta is above {LARGE_DELTA}."
_COARSE = 0.1  # percentage points that one validation image is worth, from which on it is said
_TEXTS = "T_x val is on each row's own text: where that is gt, or in part (mixed), it is the label."


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
    if "apart" in used:
        notes.append(f"No best is marked where a {compared} has numbers of different seeds.")
    if any(gap.certain and (gap.half or 0.0) < _NO_WIDTH for gap in gaps):
        notes.append(_EQUAL)
    marked = [cell.stat for cell in cells if cell.stat and cell.rank in ("best", "second")]
    if any(stat.n == 1 for stat in [*marked, *gaps]):
        notes.append("One seed: no interval, so marks and differences stand on the mean alone.")
    return notes


def on_texts(rows: Iterable[Row]) -> list[str]:
    """What T_x read to be validated, where that is not one text."""
    texts = {row.tx.val_text for row in rows if row.tx and row.cell(TX_VAL)}
    return [_TEXTS] if len(texts) > 1 else []


def on_accuracies(rows: Sequence[Row]) -> list[str]:
    """On what text T_x's are, how fine all can be told at all, and what `on_results` says."""
    sizes = dict.fromkeys((row.setting.dataset, row.val_n) for row in rows if row.val_n)
    coarse = [
        f"One of {count} validation images of {dataset} is {100 / count:.2f} percentage points."
        for dataset, count in sizes
        if 100 / count >= _COARSE
    ]
    return [*on_texts(rows), *coarse, *on_results(rows)]


def on_void(rows: Iterable[Row]) -> list[str]:
    """That shares of the attribution do not count, where there are such."""
    return [_VOID] if any(row.is_void for row in rows) else []


def on_results(rows: Sequence[Row]) -> list[str]:
    """What was changed between one result and another, as far as it is known."""
    older = sum(row.older for row in rows)
    left_out = f"{older} older results left out: newer ones of the same seed count."
    return [*_on_sizes(rows), *([left_out] if older else [])]


def _on_sizes(rows: Sequence[Row]) -> list[str]:
    found: dict[tuple[Setting, str], set[int]] = defaultdict(set)
    for row in rows:
        for field, words in (("train_n", "training"), ("val_n", "validation")):
            found[row.setting, words] |= row.sizes(field)
    return [
        f"{setting.dataset} was changed in between: results here are of"
        f" {' and '.join(map(str, sorted(sizes)))} {words} images."
        for (setting, words), sizes in found.items()
        if len(sizes) > 1
    ]
