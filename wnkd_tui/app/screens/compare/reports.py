"""The reports of page 7: for each, groups of what may be compared, of which one is seen at once.

Groups are cheap to find, however many there are; charts and tables are made of the chosen one.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.spec import Modality
from wnkd_tui.app.screens.compare.best import best_students
from wnkd_tui.report import (
    classes,
    curves,
    fig2,
    fig3,
    leakage,
    scatter,
    shots,
    table1,
    table2,
    table3,
)
from wnkd_tui.report.captions import tables
from wnkd_tui.report.cells import epochs
from wnkd_tui.report.chosen import Chosen, but_seed, choose
from wnkd_tui.report.comparing import across_datasets
from wnkd_tui.report.rows import Row, collect
from wnkd_tui.report.scatter import Against
from wnkd_tui.report.sheet import Figure, Sheet
from wnkd_tui.report.stats import Shown
from wnkd_tui.store.datasets import DatasetRow
from wnkd_tui.store.rows import ResultRow, TrialRow

Sweep = Literal["both", "wn", "noise"]
RUNS = "curves"  # the view of runs, which is no report of rows


@dataclass(frozen=True)
class Found:
    """What is measured, single classes left out; `whole` reads results of trials with them."""

    rows: Sequence[Row]
    results: Sequence[ResultRow]
    datasets: Mapping[str, DatasetRow]
    whole: Callable[[Collection[int]], list[ResultRow]]


@dataclass(frozen=True)
class Options:
    """How a report is to be shown."""

    shown: Shown = "best"
    sweep: Sweep = "both"
    against: Against = "accuracy"


@dataclass(frozen=True)
class View:
    """What is seen at once. `data` is what a table is exported as, where that is another one."""

    figures: tuple[Figure, ...]
    sheet: Sheet
    data: Sheet | None = None


@dataclass(frozen=True)
class Report:
    """`words` say what it is for, `knobs` what of it can be turned. `view` draws one of `groups`.
    One that is `across` is of all datasets."""

    words: str
    groups: Callable[[Found], Sequence[Any]]
    view: Callable[[Any, Found, Options], View]
    knobs: tuple[str, ...] = ("setting", "group", "epoch")
    across: bool = False


def swept(rows: Sequence[Row], sweep: Sweep) -> list[Row]:
    """The rows of one sweep, from 100 % gt on; both are the paper's order with gt in the middle."""
    if sweep == "both":
        return list(rows)
    away = "noise" if sweep == "wn" else "wn"
    chosen = [row for row in rows if row.tx and not getattr(row.tx, away)]
    return sorted(chosen, key=lambda row: getattr(row.tx, sweep))


def _fullest(groups: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Those with the most rows in front: a study of one setting makes many small groups."""
    return sorted(groups, key=len, reverse=True)


def _of_table1(found: Found) -> list[Sequence[Row]]:
    groups = across_datasets(found.rows)
    return _fullest([group for group in groups if any(map(table1.is_measured, group))])


def _of_table2(found: Found) -> list[Sequence[Row]]:
    return _fullest(tables(table2.measured(found.rows)))


def _table2(rows: Sequence[Row], _: Found, options: Options) -> View:
    """With the charts of teacher and students, and of T_x's attribution."""
    chosen = swept(rows, options.sweep)
    drawn = [_named(curves.accuracy(chosen, one), one) for one in epochs(options.shown)]
    drawn += fig3.figures(chosen)
    return View(tuple(one for one in drawn if one.lines), *table2.sheets(rows, options.shown))


def _fig2(rows: Sequence[Row], _: Found, options: Options) -> View:
    shown = options.shown
    drawn = (_named(*both) for both in zip(fig2.figures(rows, shown), epochs(shown), strict=True))
    return View(tuple(drawn), *fig2.sheets(rows, shown))


def _of_fig3(found: Found) -> list[Sequence[Row]]:
    return _fullest(tables(fig3.attributed(found.rows)))


def _fig3(rows: Sequence[Row], _: Found, __: Options) -> View:
    return View(tuple(fig3.figures(rows)), *fig3.sheets(rows))


def _of_leakage(found: Found) -> list[Sequence[Row]]:
    return _fullest(tables(leakage.measured(found.rows)))


def _leakage(rows: Sequence[Row], found: Found, options: Options) -> View:
    return View((), *leakage.sheets([*rows, *_image_only(found)], options.shown))


def _of_scatter(found: Found) -> list[Sequence[Row]]:
    return _fullest([group for group in _of_leakage(found) if any(map(scatter.gains, group))])


def _scatter(rows: Sequence[Row], found: Found, options: Options) -> View:
    every = [*rows, *_image_only(found)]
    shown, against = options.shown, options.against
    sheets = scatter.sheets(every, shown, against)
    if not sheets:  # without a T_x on the image alone there is no index
        return View((), Sheet("Scatter", "", (), (), (_NO_INDEX,)))
    drawn = scatter.figures(every, shown, against)
    named = (_named(*both) for both in zip(drawn, epochs(shown), strict=True))
    return View(tuple(named), *sheets)


def _image_only(found: Found) -> list[Row]:
    return [row for row in found.rows if row.tx and row.tx.modality is Modality.IMG]


def _of_shots(found: Found) -> list[Sequence[Row]]:
    """Any learner counts; those of which no class is known are told when they are read."""
    return _fullest(tables(found.rows))


def _shots(rows: Sequence[Row], found: Found, options: Options) -> View:
    first = rows[0]
    changes = [set(row.changes) for row in rows]
    alike = {row.tx for row in rows} | {None}
    ids = {
        one.trial
        for one in found.results
        if one.spec.tx in alike and any(set(one.spec.changes) <= every for every in changes)
    }
    whole = [row for row in collect(found.whole(ids)) if row.table == first.table]
    sheets = shots.sheets(whole, found.datasets, options.shown)
    return View((), sheets[0] if sheets else Sheet("Shots", "", (), (), (_NO_CLASSES,)))


def _classes(chosen: Sequence[Chosen], found: Found, options: Options) -> View:
    dataset = found.datasets.get(chosen[0].spec.dataset)
    if dataset is None:
        return View((), Sheet("Classes", "", (), (), (_NO_DATASET,)))
    alike = {but_seed(one.spec) for one in chosen}
    ids = {one.trial for one in found.results if but_seed(one.spec) in alike}
    trials = [TrialRow(one.id, "", one.spec.name, one.spec, "done", 0.0, 0, 0) for one in chosen]
    return View((), classes.sheet(choose(found.whole(ids), trials), dataset, options.shown))


def _named(figure: Figure, epoch: str) -> Figure:
    return replace(figure, label=f"{figure.label}, {epoch} epoch")


_NO_CLASSES = "The accuracies of single classes are not known: an older wnkd measured none."
_NO_INDEX = (
    "No leakage index here: a T_x on the image alone is missing (3, y turns the modality to img)."
)
_NO_DATASET = "The dataset is not registered any more: wnkd dataset add brings it back."
_KNOBS = ("setting", "group", "epoch")

REPORTS: Mapping[str, Report] = {
    "table1": Report(
        "our best trial's student against other methods",
        _of_table1,
        lambda rows, _, options: View((), *table1.sheets(rows, options.shown)),
        across=True,
    ),
    "table2": Report(
        "teacher and students over the text mix", _of_table2, _table2, (*_KNOBS, "sweep")
    ),
    "table3": Report(
        "fixed against learned text embeddings",
        lambda found: _fullest(across_datasets(table3.measured(found.rows))),
        lambda rows, _, options: View((), *table3.sheets(rows, options.shown)),
        across=True,
    ),
    "fig2": Report(
        "T_x on text alone, and its student", lambda found: fig2.series(found.rows), _fig2
    ),
    "fig3": Report(
        "how much of T_x's decision comes from image and text",
        _of_fig3,
        _fig3,
        ("setting", "group"),
    ),
    "leakage": Report("what label text gives away, entropy and fidelity", _of_leakage, _leakage),
    "scatter": Report(
        "T_x's accuracy or leakage against what its students gain",
        _of_scatter,
        _scatter,
        (*_KNOBS, "against"),
    ),
    "shots": Report("many-, medium- and few-shot classes", _of_shots, _shots),
    "classes": Report(
        "every class, for the best student of each kind",
        lambda found: best_students(found.results),
        _classes,
    ),
}
WORDS: Mapping[str, str] = {
    **{name: report.words for name, report in REPORTS.items()},
    RUNS: "curves of any runs over one another",
}
