"""The reports of page 4: for each, groups of what may be compared, with charts and a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from wnkd_tui.report import classes, curves, fig2, fig3, leakage, shots, table1, table2, table3
from wnkd_tui.report.captions import tables
from wnkd_tui.report.cells import epochs
from wnkd_tui.report.chosen import Chosen
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import Figure, Sheet
from wnkd_tui.report.stats import Shown
from wnkd_tui.store.rows import DatasetRow

Sweep = Literal["both", "wn", "noise"]


@dataclass(frozen=True)
class Found:
    """What is measured. `students` are, for each setting, the best of every kind of student."""

    rows: tuple[Row, ...]
    datasets: Mapping[str, DatasetRow]
    students: tuple[tuple[Chosen, ...], ...]


@dataclass(frozen=True)
class View:
    """What is seen at once."""

    figures: tuple[Figure, ...]
    sheet: Sheet


@dataclass(frozen=True)
class Report:
    """`words` say what it is for; `groups` puts it together."""

    words: str
    groups: Callable[[Found, Shown, Sweep], list[View]]


def swept(rows: Sequence[Row], sweep: Sweep) -> list[Row]:
    """The rows of one sweep, from 100 % gt on; both are the paper's order with gt in the middle."""
    if sweep == "both":
        return list(rows)
    away = "noise" if sweep == "wn" else "wn"
    chosen = [row for row in rows if row.tx and not getattr(row.tx, away)]
    return sorted(chosen, key=lambda row: getattr(row.tx, sweep))


def _table2(found: Found, shown: Shown, sweep: Sweep) -> list[View]:
    """With the charts of teacher and students, and of T_x's attribution."""
    groups = []
    for rows in tables(found.rows):
        for sheet in table2.sheets(rows, shown):
            drawn = [_named(curves.accuracy(swept(rows, sweep), one), one) for one in epochs(shown)]
            drawn += fig3.figures(swept(rows, sweep))
            groups.append(View(tuple(one for one in drawn if one.lines), sheet))
    return groups


def _fig2(found: Found, shown: Shown, _: Sweep) -> list[View]:
    groups = []
    for rows in fig2.series(found.rows):
        drawn = (
            _named(*both) for both in zip(fig2.figures(rows, shown), epochs(shown), strict=True)
        )
        groups.append(View(tuple(drawn), *fig2.sheets(rows, shown)))
    return groups


def _fig3(found: Found, _: Shown, __: Sweep) -> list[View]:
    return [
        View((figure,), sheet)
        for figure, sheet in zip(fig3.figures(found.rows), fig3.sheets(found.rows), strict=True)
    ]


def _classes(found: Found, shown: Shown, _: Sweep) -> list[View]:
    return [
        View((), classes.sheet(chosen, found.datasets[chosen[0].spec.dataset], shown))
        for chosen in found.students
        if chosen[0].spec.dataset in found.datasets
    ]


def _alone(sheets: Callable[[Found, Shown], list[Sheet]]) -> Callable[..., list[View]]:
    """Groups of tables without a chart."""
    return lambda found, shown, _: [View((), sheet) for sheet in sheets(found, shown)]


def _named(figure: Figure, epoch: str) -> Figure:
    return replace(figure, label=f"{figure.label}, {epoch} epoch")


REPORTS: Mapping[str, Report] = {
    "table1": Report(
        "our best trial's student against other methods",
        _alone(lambda found, shown: table1.sheets(found.rows, shown)),
    ),
    "table2": Report("teacher and students over the text mix", _table2),
    "table3": Report(
        "fixed against learned text embeddings",
        _alone(lambda found, shown: table3.sheets(found.rows, shown)),
    ),
    "fig2": Report("T_x on text alone, and its student", _fig2),
    "fig3": Report("how much of T_x's decision comes from image and text", _fig3),
    "leakage": Report(
        "what label text gives away, entropy and fidelity",
        _alone(lambda found, shown: leakage.sheets(found.rows, shown)),
    ),
    "shots": Report(
        "many-, medium- and few-shot classes",
        _alone(lambda found, shown: shots.sheets(found.rows, found.datasets, shown)),
    ),
    "classes": Report("every class, for the best student of each kind", _classes),
}
