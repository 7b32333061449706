"""Curves of chosen runs over one another: one metric of one kind of job, trial by trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.spec import TrialSpec
from wnkd_tui.report.captions import spec_labels, told_apart
from wnkd_tui.report.cells import Filled, made, numbers, texts
from wnkd_tui.report.conditions import SCHEMA
from wnkd_tui.report.sheet import Figure, Line, Sheet
from wnkd_tui.report.stats import Stat

MOST = 8  # curves that can be told apart
POINTS = 160  # of a curve
WORDS: Mapping[str, str] = {
    "val_top1": "top-1 %, validation",
    "train_top1": "top-1 %, training",
    "val_loss": "loss, validation",
    "train_loss": "loss, training",
}
_LESS_IS_BETTER = "loss"
_DIGITS = 4  # significant, of a number whose size is not known beforehand
_WHAT = "Best: highest value, of a loss lowest; curves of many epochs by the mean of each stretch."


@dataclass(frozen=True)
class Run:
    """The curve of one job of a trial: (epoch, value), epochs rising."""

    trial: int
    spec: TrialSpec
    job: int
    points: tuple[tuple[int, float], ...]

    @property
    def label(self) -> str:
        return f"trial {self.trial}"

    def best(self, metric: str) -> tuple[int, float]:
        better = min if _LESS_IS_BETTER in metric else max
        return better(self.points, key=lambda point: point[1])


def figure(runs: Sequence[Run], kind: str, metric: str) -> Figure:
    return Figure(
        "Curves",
        caption(runs, kind, metric),
        "lines",
        "epoch",
        WORDS.get(metric, metric),
        {},
        tuple(
            Line(
                run.label,
                {float(step): Stat({run.spec.seed: value}) for step, value in run.points},
            )
            for run in runs
        ),
    )


def sheet(runs: Sequence[Run], kind: str, metric: str) -> Sheet:
    """A line a run: what it is, its best value and its last."""
    every = [value for run in runs for _, value in run.points]
    digits = _digits(max(map(abs, every), default=1.0))
    best = [run.best(metric) for run in runs]
    columns = [
        *_whose(runs, kind),
        numbers("best", "best", _stats(runs, [value for _, value in best]), digits=digits),
        numbers("at", "at epoch", _stats(runs, [float(step) for step, _ in best]), digits=0),
        numbers("last", "last", _stats(runs, [run.points[-1][1] for run in runs]), digits=digits),
        numbers(
            "steps", "epochs", _stats(runs, [float(run.points[-1][0]) for run in runs]), digits=0
        ),
    ]
    return made("Curves", caption(runs, kind, metric), columns, [_WHAT])


def points(runs: Sequence[Run], kind: str, metric: str) -> Sheet:
    """Every point that is drawn, for files: a line a point."""
    every = [(run, step, value) for run in runs for step, value in run.points]
    columns = [
        *_whose([run for run, _, _ in every], kind),
        texts("step", "epoch", (str(step) for _, step, _ in every)),
        numbers(metric, metric, [Stat({run.spec.seed: value}) for run, _, value in every]),
    ]
    return made("Curves", caption(runs, kind, metric), columns, [])


def to_json(runs: Sequence[Run], kind: str, metric: str) -> dict[str, Any]:
    found = [
        {
            "trial": run.trial,
            "name": run.spec.name,
            "seed": run.spec.seed,
            "job": run.job,
            "points": [list(point) for point in run.points],
        }
        for run in runs
    ]
    return {"schema": SCHEMA, "kind": kind, "metric": metric, "runs": found}


def caption(runs: Sequence[Run], kind: str, metric: str) -> str:
    """`student · val_top1 · digits · recipe demo`: all that the runs rest on; the table tells them
    apart."""
    on = dict.fromkeys(part for run in runs for part in spec_labels(run.spec, kind))
    return " · ".join([kind, metric, *on])


def _whose(runs: Sequence[Run], kind: str) -> list[Filled]:
    """What each line is of; with what it rests on where not all of them share that."""
    _, own = told_apart([spec_labels(run.spec, kind) for run in runs])
    columns = [
        texts("trial", "trial", (str(run.trial) for run in runs)),
        texts("name", "name", (run.spec.name for run in runs)),
        texts("seed", "seed", (str(run.spec.seed) for run in runs)),
    ]
    return [*columns, texts("setting", "setting", map(" · ".join, own))] if any(own) else columns


def _stats(runs: Sequence[Run], values: Sequence[float]) -> list[Stat]:
    return [Stat({run.spec.seed: value}) for run, value in zip(runs, values, strict=True)]


def _digits(largest: float) -> int:
    """Digits behind the point that leave `_DIGITS` significant ones."""
    whole = len(str(int(largest))) if largest >= 1 else 0
    return max(0, _DIGITS - whole)
