"""The proportion grid: which trials stand behind a cell, and how far they are. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from engine.spec import Modality, MultimodalSpec, Teachers, TrialSpec
from wnkd_tui.queue.wording import Mix
from wnkd_tui.report.rows import Row, collect
from wnkd_tui.report.stats import Accuracy
from wnkd_tui.store.rows import JobRow, ResultRow, TrialRow

Place = tuple[Mix, str]  # a row and a column of the grid

# The paper's rows, in its order.
MIXES: tuple[Mix, ...] = (
    (100, 0),
    (80, 0),
    (50, 0),
    (20, 0),
    (0, 0),
    (0, 20),
    (0, 50),
    (0, 80),
    (0, 100),
)
# Columns: the title, who teaches the student (None: the column of T_x itself), a row's figure.
COLUMNS: Mapping[str, tuple[Teachers | None, str]] = {
    "T_x": (None, "tx_val"),
    "S_s": (Teachers.NONE, "student_alone"),
    "T_x S_s": (Teachers.TX, "student_tx"),
    "T_m T_x S_s": (Teachers.TM_TX, "student_tmtx"),
}
# What a cell of several seeds says first; a seed that nobody queued is "absent".
_TELLING = ("failed", "lost", "running", "waiting", "paused", "cancelled")


@dataclass(frozen=True)
class Basis:
    """What all cells of a grid share."""

    dataset: str
    recipe: str
    encoder: str
    modality: Modality
    seeds: tuple[int, ...]
    limit_train: int | None

    def tx(self, mix: Mix) -> MultimodalSpec:
        return MultimodalSpec(self.encoder, self.modality, *mix)

    def spec(self, mix: Mix, teachers: Teachers, seed: int) -> TrialSpec:
        tx = self.tx(mix) if teachers.multimodal else None
        return TrialSpec(self.dataset, self.recipe, teachers, tx, seed, self.limit_train)


@dataclass(frozen=True)
class Cell:
    """`state` of the seeds together; `seeds` of them are done; `progress` is 0 to 1."""

    state: str
    value: Accuracy | None
    seeds: int
    progress: float


@dataclass(frozen=True)
class Measured:
    """The figures that fit a grid. Students without T_x (`alone`) stand beside every mix."""

    rows: Mapping[MultimodalSpec | None, Row]
    alone: Row | None

    @classmethod
    def of(cls, basis: Basis, results: Iterable[ResultRow]) -> "Measured":
        wanted = (basis.dataset, basis.recipe, basis.limit_train)
        fitting = [
            one
            for one in results
            if (one.spec.dataset, one.spec.recipe, one.spec.limit_train) == wanted
            and one.spec.seed in basis.seeds
            and (tx := one.spec.tx or basis.tx((0, 0))).encoder == basis.encoder
            and tx.modality is basis.modality
        ]
        alone = collect(one for one in fitting if one.spec.tx is None)
        rows = collect(fitting)
        return cls({row.tx: row for row in rows}, alone[0] if alone else None)


def matrix(
    basis: Basis, trials: Sequence[TrialRow], jobs: Sequence[JobRow], measured: Measured
) -> dict[Place, Cell]:
    """Every cell of the grid for `basis`; where a trial was queued twice the newer one counts."""
    known = _Known(basis, trials, jobs, measured)
    mixes = mixes_of(basis.modality)
    return {(mix, column): known.cell(mix, column) for mix in mixes for column in COLUMNS}


def mixes_of(modality: Modality) -> tuple[Mix, ...]:
    """The grid's rows; without text there is nothing to mix."""
    return ((0, 0),) if modality is Modality.IMG else MIXES


class _Known:
    def __init__(
        self,
        basis: Basis,
        trials: Sequence[TrialRow],
        jobs: Sequence[JobRow],
        measured: Measured,
    ) -> None:
        self._basis, self._measured = basis, measured
        self._trials = {trial.spec: trial for trial in trials}
        self._jobs: dict[int, list[JobRow]] = {}
        for job in jobs:
            for trial in job.trials:
                self._jobs.setdefault(trial, []).append(job)

    def cell(self, mix: Mix, column: str) -> Cell:
        teachers, figure = COLUMNS[column]
        each = [self._seed(mix, teachers, seed) for seed in self._basis.seeds]
        states = [state for state, _ in each]
        alone = teachers is Teachers.NONE
        row = self._measured.alone if alone else self._measured.rows.get(self._basis.tx(mix))
        return Cell(
            state=next((s for s in _TELLING if s in states), _rest(states)),
            value=getattr(row, figure) if row else None,
            seeds=states.count("done"),
            progress=fmean(progress for _, progress in each),
        )

    def _seed(self, mix: Mix, teachers: Teachers | None, seed: int) -> tuple[str, float]:
        """State and progress of one seed."""
        if teachers is None:
            return self._teacher(mix, seed)
        trial = self._trials.get(self._basis.spec(mix, teachers, seed))
        if trial is None:
            return "absent", 0.0
        jobs = self._jobs.get(trial.id, [])
        return trial.state, fmean(job.progress for job in jobs) if jobs else 0.0

    def _teacher(self, mix: Mix, seed: int) -> tuple[str, float]:
        for teachers in (Teachers.TX, Teachers.TM_TX):
            trial = self._trials.get(self._basis.spec(mix, teachers, seed))
            for job in self._jobs.get(trial.id, []) if trial else ():
                if job.kind == "T_x":
                    return job.state, job.progress
        return "absent", 0.0


def _rest(states: Sequence[str]) -> str:
    """All done, none there, or some of the seeds done."""
    if "done" not in states:
        return "absent"
    return "partly" if "absent" in states else "done"
