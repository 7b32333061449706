"""What the trials page knows: every trial, and everything about the selected one."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from engine.recipe import load_recipe
from wnkd_tui.home import Home
from wnkd_tui.report.nouns import Nouns, retrieved
from wnkd_tui.store import queries
from wnkd_tui.store.rows import JobRow, TrialRow

Curve = tuple[tuple[int, float], ...]
_BUCKETS = 160
_CURVED = ("T_x", "student")


@dataclass(frozen=True)
class TrialDetail:
    """`curves` are validation top-1 by kind of job; `nouns` what each class retrieves."""

    trial: TrialRow
    jobs: tuple[JobRow, ...]
    curves: Mapping[str, Curve]
    nouns: Nouns
    recipe: str  # its summary


@dataclass(frozen=True)
class TrialsView:
    trials: tuple[TrialRow, ...]
    top1: Mapping[int, float]  # of the student at its best epoch, by trial
    detail: TrialDetail | None


@dataclass(frozen=True)
class TrialsQuestion:
    """`selected` None takes the newest trial."""

    selected: int | None

    def read(self, conn: sqlite3.Connection, home: Home) -> TrialsView:
        trials = tuple(reversed(queries.trials(conn)))
        top1 = {
            row.trial: float(row.result["best"]["val_top1"])
            for row in queries.results(conn)
            if row.kind == "student"
        }
        chosen = next((t for t in trials if t.id == self.selected), trials[0] if trials else None)
        return TrialsView(trials, top1, _detail(conn, home, chosen) if chosen else None)


def _detail(conn: sqlite3.Connection, home: Home, trial: TrialRow) -> TrialDetail:
    jobs = queries.jobs(conn, trial=trial.id)
    curves = {}
    for job in jobs:
        if job.kind in _CURVED:
            found = queries.metrics(conn, job.id, ["val_top1"], buckets=_BUCKETS)
            curves[job.kind] = tuple(found.get("val_top1", ()))
    return TrialDetail(
        trial,
        tuple(jobs),
        curves,
        retrieved(home, jobs).relaxed,
        load_recipe(trial.recipe, trial.dataset).summary,
    )
