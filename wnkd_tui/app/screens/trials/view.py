"""What the trials page knows: every trial, all of the selected one, and how two of them differ."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.errors import WnkdError
from engine.recipe import load_recipe
from wnkd_tui.app.poller import Source
from wnkd_tui.home import Home
from wnkd_tui.report import classes, differences
from wnkd_tui.report.chosen import choose
from wnkd_tui.report.nouns import Nouns, retrieved
from wnkd_tui.report.sheet import Sheet
from wnkd_tui.store import queries
from wnkd_tui.store.rows import JobRow, ResultRow, TrialRow

Curve = tuple[tuple[int, float], ...]
_BUCKETS = 160
_CURVED = ("T_x", "student")


@dataclass(frozen=True)
class TrialDetail:
    """`curves` are validation top-1 by kind of job; `nouns` what each class retrieves; `classes`
    their names in the order of the accuracies, none where the dataset is gone."""

    trial: TrialRow
    jobs: tuple[JobRow, ...]
    curves: Mapping[str, Curve]
    nouns: Nouns
    recipe: str  # its summary
    classes: tuple[str, ...]


@dataclass(frozen=True)
class TrialsView:
    trials: tuple[TrialRow, ...]
    top1: Mapping[int, float]  # of the student at its best epoch, by trial
    detail: TrialDetail | None
    difference: tuple[Sheet, ...] | str  # a string says why there is none


@dataclass(frozen=True)
class TrialsQuestion:
    """`selected` None takes the newest trial; of `compared` the first two are told apart."""

    selected: int | None
    compared: tuple[int, ...] = ()

    def read(self, source: Source) -> TrialsView:
        conn, home = source.conn, source.home
        trials = tuple(reversed(queries.trials(conn)))
        results = queries.results(conn)
        top1 = {
            row.trial: float(row.result["best"]["val_top1"])
            for row in results
            if row.kind == "student"
        }
        chosen = next((t for t in trials if t.id == self.selected), trials[0] if trials else None)
        detail = _detail(conn, home, chosen) if chosen else None
        compared = [trial for id in self.compared for trial in trials if trial.id == id]
        return TrialsView(trials, top1, detail, _difference(conn, results, compared))


def _difference(
    conn: sqlite3.Connection, results: Sequence[ResultRow], trials: Sequence[TrialRow]
) -> tuple[Sheet, ...] | str:
    """The two trials with all their seeds: on the whole, then class by class."""
    if len(trials) != 2:
        return "mark two trials to compare them"
    if replace(trials[0].spec, seed=0) == replace(trials[1].spec, seed=0):
        return "A and B differ in nothing but their seed: mark two trials"
    try:
        first, second = choose(results, trials)
        dataset = queries.dataset(conn, trials[0].dataset)
    except WnkdError as error:
        return str(error)
    return (
        differences.sheet(first, second),
        classes.sheet([first, second], dataset, by="difference"),
    )


def _detail(conn: sqlite3.Connection, home: Home, trial: TrialRow) -> TrialDetail:
    jobs = queries.jobs(conn, trial=trial.id)
    curves = {}
    for job in jobs:
        if job.kind in _CURVED:
            found = queries.metrics(conn, job.id, ["val_top1"], buckets=_BUCKETS)
            curves[job.kind] = tuple(found.get("val_top1", ()))
    datasets = {row.name: row.classes for row in queries.datasets(conn)}
    return TrialDetail(
        trial,
        tuple(jobs),
        curves,
        retrieved(home, jobs).relaxed,
        load_recipe(trial.recipe, trial.dataset).summary,
        datasets.get(trial.dataset, ()),
    )
