"""How long queued jobs will take, from how long such jobs took here.

Jobs of one signature (their kind and the settings that decide what a unit of work costs) take time
in proportion to their work: epochs × training images for what trains. A signature's rate is all
seconds of its done jobs over all of their work, on the device that was measured last; an estimate
is the sum of rate × work over the jobs that are not done, each alone on its slot.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.plan import JobSpec, Plan
from engine.spec import TrialSpec
from wnkd_tui.store import queries
from wnkd_tui.store.rows import DatasetRow

Signature = tuple[Any, ...]
Jobs = Callable[[str], Mapping[str, Any]]  # settings of the job of a key
CENTRES = (300, 3)  # TAC's rule for `clusters`: images per centre, centres per class at least

_DONE = """
SELECT job.key, job.kind, job.spec, job.device, job.finished_at - job.started_at AS seconds,
    (SELECT trial.spec FROM trial_job JOIN trial ON trial.id = trial_job.trial_id
     WHERE trial_job.job_id = job.id LIMIT 1) AS trial
FROM job
-- One attempt: of a job that was resumed only the last stretch has its times. A device: a job that
-- found its artifact made already names none.
WHERE job.state = 'done' AND job.attempt = 1 AND job.device IS NOT NULL
ORDER BY job.finished_at
"""


@dataclass(frozen=True)
class Estimate:
    """Of `jobs` that are not done yet; `unknown_jobs` of them have no measured rate and count for
    nothing. `hours` of one slot (a GPU, or a core) on `device`: None where all are unknown."""

    hours: float | None
    device: str | None
    jobs: int
    unknown_jobs: int

    @property
    def text(self) -> str:
        """`estimated: about 2.1 GPU hours on NVIDIA H100 (measured rates; 3 of 4 jobs unknown)`."""
        if not self.jobs:
            return "estimated: nothing is left to do"
        if self.hours is None or self.device is None:
            return "estimated: unknown (no such job was measured here yet)"
        is_cpu = self.device.upper().startswith("CPU")
        unit, where = ("CPU", "") if is_cpu else ("GPU", f" on {self.device}")
        told = f"{self.hours:.1f} {unit} hours"
        if self.hours < 1:
            minutes = max(1, round(self.hours * 60))
            told = f"{minutes} {unit} minute{'' if minutes == 1 else 's'}"
        gaps = f"; {self.unknown_jobs} of {self.jobs} jobs unknown" if self.unknown_jobs else ""
        return f"estimated: about {told}{where} (measured rates{gaps})"


NOTHING = Estimate(None, None, 0, 0)


def estimate(conn: sqlite3.Connection, plans: Sequence[Plan]) -> Estimate:
    """The time for what `plans` need and nobody has done yet; each job counts once."""
    datasets = {row.name: row for row in queries.datasets(conn)}
    done = conn.execute(_DONE).fetchall()
    device = done[-1]["device"] if done else None
    rates = _rates([row for row in done if row["device"] == device], datasets, _stored(conn))
    states = dict(conn.execute("SELECT key, state FROM job").fetchall())
    left: dict[str, float | None] = {}  # job key → seconds
    for plan in plans:
        planned = {job.key: job.settings for job in plan.jobs}
        for job in plan.jobs:
            if job.key not in left and states.get(job.key) != "done":
                left[job.key] = _seconds(job, plan.spec, datasets, planned.__getitem__, rates)
    known = [seconds for seconds in left.values() if seconds is not None]
    hours = sum(known) / 3600 if known or not left else None
    return Estimate(hours, device, len(left), len(left) - len(known))


def _rates(
    done: Sequence[sqlite3.Row], datasets: Mapping[str, DatasetRow], jobs: Jobs
) -> dict[Signature, float]:
    """Seconds per unit of work."""
    seconds: dict[Signature, float] = defaultdict(float)
    work: dict[Signature, float] = defaultdict(float)
    for row in done:
        trial = TrialSpec.from_dict(json.loads(row["trial"]))
        if trial.dataset not in datasets:
            continue
        record = json.loads(row["spec"])
        job = JobSpec(row["kind"], record["name"], record["settings"], record["inputs"])
        try:
            at = signature(job, trial, jobs)
            work[at] += amount(job, trial, datasets[trial.dataset], jobs)
        except (KeyError, TypeError):  # of an older wnkd, with other settings
            continue
        seconds[at] += row["seconds"]
    return {at: seconds[at] / work[at] for at in seconds if work[at]}


def _seconds(
    job: JobSpec,
    trial: TrialSpec,
    datasets: Mapping[str, DatasetRow],
    jobs: Jobs,
    rates: Mapping[Signature, float],
) -> float | None:
    rate = rates.get(signature(job, trial, jobs))
    return None if rate is None else rate * amount(job, trial, datasets[trial.dataset], jobs)


def signature(job: JobSpec, trial: TrialSpec, jobs: Jobs) -> Signature:
    """What decides the cost of a unit of the job's work; equal signatures have one rate."""
    settings = job.settings
    encoder = trial.tx.encoder if trial.tx else None
    names: tuple[str, ...] = ()
    match job.kind:
        case "nouns":
            names = ("encoder", "nouns")
        case "embed":
            names = ("encoder", "size")
        case "views":
            names = ("encoder", "size", "image_size")
        case "relax":
            return (job.kind, encoder, settings["restarts"], settings["iterations"])
        case "T_x":
            return (job.kind, encoder, settings["modality"], settings["stem"], _batch(settings))
        case "attribution":
            stem = jobs(job.inputs["T_x"])["stem"]
            return (job.kind, encoder, stem)
        case "logits":
            teacher = jobs(job.inputs["teacher"])
            if "stem" in teacher:
                return (job.kind, encoder, teacher["modality"], teacher["stem"])
            pixels = (settings["image_size"], settings["precision"])
            return (job.kind, teacher["arch"], *pixels)
        case "teacher" | "student":
            pixels = (settings["image_size"], settings["precision"])
            return (job.kind, settings["arch"], *pixels, _batch(settings))
    return (job.kind, *(settings[name] for name in names))


def amount(job: JobSpec, trial: TrialSpec, dataset: DatasetRow, jobs: Jobs) -> float:
    """Units of the job's work; what a unit is differs by kind."""
    settings = job.settings
    train = trial.limit_train or sum(dataset.train_per_class)
    val = sum(dataset.val_per_class)
    match job.kind:
        case "embed":
            return train + val
        case "relax":
            return train * _centres(settings["clusters"], train, len(dataset.classes))
        case "T_x":
            return _epochs(settings["optimiser"]) * train
        case "teacher":
            return _epochs(settings["optimiser"]) * train * _share(settings.get("group"), dataset)
        case "logits":
            return _epochs(settings if "epochs" in settings else settings["order"]) * train
        case "student" | "views":
            return _epochs(settings) * train
        case "attribution":
            return int(settings["steps"]) * (int(settings["samples"]) or val)
    return 1  # wordnet and nouns: once, whole


def _centres(clusters: int | str, train: int, classes: int) -> float:
    per_centre, per_class = CENTRES
    return max(train / per_centre, per_class * classes) if isinstance(clusters, str) else clusters


def _share(group: Sequence[int] | None, dataset: DatasetRow) -> float:
    """The part of the training images that is of the classes in `group`; None: all classes."""
    sizes = dataset.train_per_class
    return 1.0 if group is None else sum(sizes[i] for i in group) / sum(sizes)


def _epochs(settings: Mapping[str, Any]) -> int:
    return int(settings["epochs"])


def _batch(settings: Mapping[str, Any]) -> int:
    return int(settings["optimiser"]["batch"])


def _stored(conn: sqlite3.Connection) -> Jobs:
    """Settings of the jobs in the database."""

    def settings(key: str) -> Mapping[str, Any]:
        row = conn.execute("SELECT spec FROM job WHERE key = ?", [key]).fetchone()
        return dict(json.loads(row["spec"])["settings"]) if row else {}

    return settings
