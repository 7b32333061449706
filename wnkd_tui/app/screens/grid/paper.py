"""The paper's own number for a place of the grid, and in what ours are measured otherwise."""

from engine.changes import of_students, of_t_x
from engine.spec import Method, Teachers
from wnkd_tui.app.screens.grid.places import Basis, Kind, Layout, Place
from wnkd_tui.report import paper
from wnkd_tui.report.columns import STUDENTS, TX_VAL
from wnkd_tui.report.rows import Row, Setting
from wnkd_tui.report.stats import Epoch

_METHODS = {
    (Method.KD, Teachers.TM_TX): "ours",
    (Method.KD, Teachers.ENSEMBLE): "baseline",
    (Method.ZSCORE, Teachers.TM): "zscore",
    (Method.LFME, Teachers.NONE): "lfme",
}


def number(layout: Layout, basis: Basis, place: Place) -> float | None:
    """Top-1 in percent at the best epoch; None where the paper has no such number."""
    row, kind = _row(basis, place), layout.columns[place[1]]
    if layout.by_dataset:
        return paper.table1(row).get(_METHODS.get((kind.method, kind.teachers or Teachers.TX), ""))
    return paper.table2(row).get(_column(kind))


def differs(basis: Basis, place: Place, epoch: Epoch) -> tuple[str, ...]:
    """In what the place is not the paper's: `encoder`, `recipe`, `training set`."""
    return paper.differs(_row(basis, place), epoch)


def _column(kind: Kind) -> str:
    return TX_VAL if kind.teachers is None else STUDENTS[kind.method, kind.teachers]


def _row(basis: Basis, place: Place) -> Row:
    line = place[0]
    setting = Setting(line.dataset, basis.limit_train, basis.recipe, of_students(basis.changes))
    return Row(setting, basis.tx(line), {}, of_t_x(basis.changes))
