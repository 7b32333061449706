"""How far the trials behind each cell of the grid are, and what they found. Pure functions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from engine.spec import Method
from wnkd_tui.app.screens.grid.places import Basis, Kind, Layout, Line, Place
from wnkd_tui.report.stats import Accuracy, Stat
from wnkd_tui.store.rows import JobRow, TrialRow

# What a cell of several seeds says first; a seed that nobody queued is "absent".
_TELLING = ("failed", "lost", "running", "waiting", "paused", "cancelled")


@dataclass(frozen=True)
class Cell:
    """`state` of the seeds together; `seeds` of them are done; `progress` is 0 to 1. `trial` is the
    newest one behind it, None where nobody queued any. A cell where nothing can be queued is
    "balanced": LFME learns from the shot groups of a long-tailed set.
    """

    state: str
    value: Accuracy | None = None
    seeds: int = 0
    progress: float = 0.0
    trial: int | None = None


@dataclass(frozen=True)
class _Seed:
    state: str
    progress: float
    trial: int | None = None
    result: Mapping[str, Any] | None = None


def matrix(
    layout: Layout,
    basis: Basis,
    lines: Sequence[Line],
    trials: Sequence[TrialRow],
    jobs: Sequence[JobRow],
    balanced: Collection[str] = (),
) -> dict[Place, Cell]:
    """Every cell of the grid; where a trial was queued twice the newer one counts. `balanced` names
    the datasets without shot groups."""
    known = _Known(basis, trials, jobs)
    return {
        (line, column): Cell("balanced")
        if kind.method is Method.LFME and line[0] in balanced
        else known.cell(line, kind)
        for line in lines
        for column, kind in layout.columns.items()
    }


class _Known:
    def __init__(self, basis: Basis, trials: Sequence[TrialRow], jobs: Sequence[JobRow]) -> None:
        self._basis = basis
        self._trials = {trial.spec: trial for trial in trials}
        self._jobs: dict[int, list[JobRow]] = {}
        for job in jobs:
            for trial in job.trials:
                self._jobs.setdefault(trial, []).append(job)

    def cell(self, line: Line, kind: Kind) -> Cell:
        each = {seed: self._seed(line, kind, seed) for seed in self._basis.seeds}
        states = [one.state for one in each.values()]
        return Cell(
            state=next((state for state in _TELLING if state in states), _rest(states)),
            value=_accuracy(each),
            seeds=states.count("done"),
            progress=fmean(one.progress for one in each.values()),
            trial=max((one.trial for one in each.values() if one.trial), default=None),
        )

    def _seed(self, line: Line, kind: Kind, seed: int) -> _Seed:
        """A student's state is its trial's, T_x's that of the job."""
        for spec in self._basis.specs(line, kind, seed):
            if (trial := self._trials.get(spec)) is None:
                continue
            jobs = self._jobs.get(trial.id, [])
            wanted = "T_x" if kind.teachers is None else "student"
            job = next((job for job in jobs if job.kind == wanted), None)
            if job is None:
                continue
            if kind.teachers is None:
                return _Seed(job.state, job.progress, trial.id, job.result)
            progress = fmean(job.progress for job in jobs)
            return _Seed(trial.state, progress, trial.id, job.result)
        return _Seed("absent", 0.0)


def _accuracy(seeds: Mapping[int, _Seed]) -> Accuracy | None:
    """Over the seeds that are done."""
    found = {seed: one.result for seed, one in seeds.items() if one.result}
    best, last = (
        Stat.of({seed: float(result[epoch]["val_top1"]) for seed, result in found.items()})
        for epoch in ("best", "last")
    )
    return Accuracy(best, last) if best and last else None


def _rest(states: Sequence[str]) -> str:
    """All done, none there, or some of the seeds done."""
    if "done" not in states:
        return "absent"
    return "partly" if "absent" in states else "done"
