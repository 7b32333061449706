"""What the trials page knows: which trials are found, the lines in sight, the selected one, and how
two of them differ."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import WnkdError
from engine.recipe import load_recipe
from wnkd_tui.app.listing import Listing, Window
from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.searching import Found, Known, find, known, values
from wnkd_tui.report import classes, differences
from wnkd_tui.report.chosen import choose
from wnkd_tui.report.sheet import Sheet
from wnkd_tui.store import liveness, queries
from wnkd_tui.store.find import listing
from wnkd_tui.store.find.listing import Search
from wnkd_tui.store.rows import JobRow, TrialLine, TrialRow

Curve = tuple[tuple[int, float], ...]
_BUCKETS = 160
_CURVED = ("T_x", "student")


@dataclass(frozen=True)
class TrialDetail:
    """`curves` are validation top-1 by kind of job."""

    trial: TrialLine
    jobs: tuple[JobRow, ...]
    curves: Mapping[str, Curve]
    recipe: str  # its summary


@dataclass(frozen=True)
class TrialsView(Found[TrialLine]):
    """A string as `difference` says why there is none."""

    detail: TrialDetail | None = None
    difference: tuple[Sheet, ...] | str = ()


@dataclass(frozen=True)
class TrialsQuestion:
    """`selected` None takes the first one; of `compared` the first two are told apart."""

    search: Search
    window: Window
    selected: int | None
    compared: tuple[int, ...] = ()
    completing: bool = False

    def read(self, source: Source) -> TrialsView:
        conn = source.conn
        deserted = liveness.deserted(conn)
        keys, error = find(source, "trials", self.search, deserted)
        lines: Mapping[Any, TrialLine] = source.once(
            ("lines", self.search, self.window, deserted),
            lambda: listing.trial_lines(conn, self.window.of(keys)),
        )
        selected = self.selected
        if error is None and selected not in keys:
            selected = next(iter(keys), None)
        return TrialsView(
            Listing(keys, lines),
            source.once("total", lambda: queries.count_trials(conn)),
            error,
            known(source) if self.completing else Known(),
            values(source, "trials", self.search, self.window.of(keys), deserted),
            source.once(("trial", selected, deserted), lambda: _detail(conn, selected)),
            source.once(("differ", self.compared), lambda: _difference(conn, self.compared)),
        )


def _difference(conn: sqlite3.Connection, compared: tuple[int, ...]) -> tuple[Sheet, ...] | str:
    """The two trials with all their seeds: on the whole, then class by class."""
    trials = sorted(queries.trials(conn, ids=compared), key=lambda row: compared.index(row.id))
    if len(trials) != 2:
        return "mark two trials to compare them"
    if replace(trials[0].spec, seed=0) == replace(trials[1].spec, seed=0):
        return "A and B differ in nothing but their seed: mark two trials"
    try:
        among = [id for trial in trials for id in _of_all_seeds(conn, trial)]
        first, second = choose(queries.results(conn, trials=among), trials)
        dataset = queries.dataset(conn, trials[0].dataset)
    except WnkdError as error:
        return str(error)
    return (
        differences.sheet(first, second),
        classes.sheet([first, second], dataset, by="difference"),
    )


def _of_all_seeds(conn: sqlite3.Connection, trial: TrialRow) -> Sequence[int]:
    """The trial with its other seeds; and some more, which are told apart later."""
    text = f'name:="{trial.name}" dataset:="{trial.dataset}" recipe:="{trial.recipe}"'
    return listing.trial_ids(conn, Search(text))


def _detail(conn: sqlite3.Connection, id: int | None) -> TrialDetail | None:
    line = listing.trial_lines(conn, [id]).get(id) if id is not None else None
    if line is None:
        return None
    jobs = queries.jobs(conn, trial=line.id, per_class=False)
    curves = {}
    for job in jobs:
        if job.kind in _CURVED:
            found = queries.metrics(conn, job.id, ["val_top1"], buckets=_BUCKETS)
            curves[job.kind] = tuple(found.get("val_top1", ()))
    summary = load_recipe(line.spec.recipe, line.spec.dataset).summary
    return TrialDetail(line, tuple(jobs), curves, summary)
