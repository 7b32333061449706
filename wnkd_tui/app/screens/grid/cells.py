"""How far the trials behind each cell of the grid are, and what they found. Pure functions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from engine.spec import Method, TrialSpec
from wnkd_tui.app.screens.grid.paper import number
from wnkd_tui.app.screens.grid.places import Basis, Kind, Layout, Line, Place
from wnkd_tui.report.stats import Accuracy, Epoch, Stat

# What a cell of several seeds says first; a seed that nobody queued is "absent".
_TELLING = ("failed", "lost", "running", "waiting", "paused", "cancelled")


@dataclass(frozen=True)
class Stage:
    """What a job of a trial has come to: its state, and top-1 in percent by epoch once done."""

    state: str
    progress: float = 0.0  # 0 to 1
    found: Mapping[Epoch, float] | None = None


@dataclass(frozen=True)
class Known:
    """A trial behind a cell. `stages` are of its T_x and its student; `progress` is 0 to 1."""

    trial: int
    state: str
    progress: float
    stages: Mapping[str, Stage]


@dataclass(frozen=True)
class Cell:
    """`state` of the seeds together; `seeds` of them are done; `progress` is 0 to 1. `trial` is the
    newest one behind it, None where nobody queued any. A cell where nothing can be queued is
    "balanced": LFME learns from the shot groups of a long-tailed set. `paper` is its own number.
    """

    state: str
    value: Accuracy | None = None
    seeds: int = 0
    progress: float = 0.0
    trial: int | None = None
    paper: float | None = None


@dataclass(frozen=True)
class _Seed:
    state: str
    progress: float
    trial: int | None = None
    found: Mapping[Epoch, float] | None = None


def wanted(layout: Layout, basis: Basis, lines: Sequence[Line]) -> set[TrialSpec]:
    """All trials that the grid's cells tell of."""
    return {
        spec
        for line in lines
        for kind in layout.columns.values()
        for seed in basis.seeds
        for spec in basis.specs(line, kind, seed)
    }


def matrix(
    layout: Layout,
    basis: Basis,
    lines: Sequence[Line],
    known: Mapping[TrialSpec, Known],
    balanced: Collection[str] = (),
) -> dict[Place, Cell]:
    """Every cell of the grid. `balanced` names the datasets without shot groups."""
    return {
        (line, title): Cell("balanced")
        if kind.method is Method.LFME and line.dataset in balanced
        else _cell(layout, basis, (line, title), known)
        for line in lines
        for title, kind in layout.columns.items()
    }


def _cell(layout: Layout, basis: Basis, place: Place, known: Mapping[TrialSpec, Known]) -> Cell:
    line, title = place
    each = {seed: _seed(basis, line, layout.columns[title], seed, known) for seed in basis.seeds}
    states = [one.state for one in each.values()]
    return Cell(
        state=next((state for state in _TELLING if state in states), _rest(states)),
        value=_accuracy(each),
        seeds=states.count("done"),
        progress=fmean(one.progress for one in each.values()),
        trial=max((one.trial for one in each.values() if one.trial), default=None),
        paper=number(layout, basis, place),
    )


def _seed(
    basis: Basis, line: Line, kind: Kind, seed: int, known: Mapping[TrialSpec, Known]
) -> _Seed:
    """A student's state is its trial's, T_x's that of the job."""
    for spec in basis.specs(line, kind, seed):
        trial = known.get(spec)
        stage = trial and trial.stages.get("T_x" if kind.teachers is None else "student")
        if trial and stage:
            told = stage if kind.teachers is None else trial
            return _Seed(told.state, told.progress, trial.trial, stage.found)
    return _Seed("absent", 0.0)


def _accuracy(seeds: Mapping[int, _Seed]) -> Accuracy | None:
    """Over the seeds that are done."""
    found = {seed: one.found for seed, one in seeds.items() if one.found}
    best = Stat.of({seed: one["best"] for seed, one in found.items()})
    last = Stat.of({seed: one["last"] for seed, one in found.items()})
    return Accuracy(best, last) if best and last else None


def _rest(states: Sequence[str]) -> str:
    """All done, none there, or some of the seeds done."""
    if "done" not in states:
        return "absent"
    return "partly" if "absent" in states else "done"
