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
from engine.spec import MultimodalSpec, Teachers, TrialSpec
from wnkd_tui.store import queries
from wnkd_tui.store.rows import DatasetRow

Signature = tuple[Any, ...]
Jobs = Callable[[str], Mapping[str, Any]]  # settings of the job of a key
CENTRES = (300, 3)  # TAC's rule for `clusters`: images per centre, centres per class at least

# The settings that decide a signature or an amount, of a job and of the one that it reads.
_OWN = (
    *("arch", "image_size", "precision", "optimiser.batch", "optimiser.epochs", "epochs"),
    *("order.epochs", "group", "encoder", "nouns", "size", "restarts", "iterations", "clusters"),
    *("modality", "stem", "steps", "samples", "teacher_bn"),
)
_READ = ("arch", "modality", "stem")


def _extracted(spec: str, names: Sequence[str]) -> str:
    """A JSON list of these settings, in SQL: what tens of thousands of jobs have in common is
    found without reading them one by one."""
    paths = ", ".join(f"'$.settings.{name}'" for name in names)
    return f"json_extract({spec}, {paths})"


_DONE = f"""
SELECT job.kind, job.device, trial.dataset, trial.limit_train, trial.encoder,
    {_extracted("job.spec", _OWN)} AS own, {_extracted("read.spec", _READ)} AS read,
    sum(job.finished_at - job.started_at) AS seconds, count(*) AS jobs,
    max(job.finished_at) AS finished_at
FROM job
JOIN trial ON trial.id = (SELECT trial_id FROM trial_job WHERE job_id = job.id LIMIT 1)
LEFT JOIN job_input AS edge ON edge.job_id = job.id AND edge.role IN ('T_x', 'teacher')
    AND job.kind IN ('attribution', 'logits')
LEFT JOIN job AS read ON read.id = edge.input_id
-- One attempt: of a job that was resumed only the last stretch has its times. A device: a job that
-- found its artifact made already names none.
WHERE job.state = 'done' AND job.attempt = 1 AND job.device IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_STAMP = """
SELECT count(*), max(finished_at), total(finished_at)
FROM job INDEXED BY ix_job_done WHERE state = 'done'
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


@dataclass(frozen=True)
class Rates:
    """Seconds per unit of work on the device that was measured last, None where nothing was."""

    device: str | None
    seconds: Mapping[Signature, float]


# The newest of each database, by its path, and what they were measured from.
_known: dict[str, tuple[Any, Rates]] = {}


def estimate(conn: sqlite3.Connection, plans: Sequence[Plan]) -> Estimate:
    """The time for what `plans` need and nobody has done yet; each job counts once."""
    datasets = {row.name: row for row in queries.datasets(conn)}
    rates = measured(conn, datasets)
    keys = json.dumps(list({job.key for plan in plans for job in plan.jobs}))
    select = "SELECT key FROM job WHERE key IN (SELECT value FROM json_each(?)) AND +state = 'done'"
    done = {row["key"] for row in conn.execute(select, [keys])}
    left: dict[str, float | None] = {}  # job key → seconds
    for plan in plans:
        planned = {job.key: job.settings for job in plan.jobs}
        for job in plan.jobs:
            if job.key not in left and job.key not in done:
                left[job.key] = _seconds(job, plan.spec, datasets, planned.__getitem__, rates)
    known = [seconds for seconds in left.values() if seconds is not None]
    hours = sum(known) / 3600 if known or not left else None
    return Estimate(hours, rates.device, len(left), len(left) - len(known))


def measured(conn: sqlite3.Connection, datasets: Mapping[str, DatasetRow]) -> Rates:
    """From all jobs that are done; read again only when others are."""
    path = conn.execute("PRAGMA database_list").fetchone()["file"]
    keys = {row.name: row.key for row in datasets.values()}
    stamp = tuple(conn.execute(_STAMP).fetchone()), keys
    if path not in _known or _known[path][0] != stamp:
        _known[path] = stamp, _rates(conn.execute(_DONE).fetchall(), datasets)
    return _known[path][1]


def _rates(done: Sequence[sqlite3.Row], datasets: Mapping[str, DatasetRow]) -> Rates:
    last = max(done, key=lambda row: row["finished_at"], default=None)
    device = last["device"] if last else None
    seconds: dict[Signature, float] = defaultdict(float)
    units: dict[Signature, float] = defaultdict(float)
    for row in done:
        if row["device"] != device or row["dataset"] not in datasets:
            continue
        job = JobSpec(row["kind"], "", _settings(_OWN, row["own"]), {"T_x": "", "teacher": ""})
        trial = _trial(row)
        try:
            at = signature(job, trial, {"": _settings(_READ, row["read"])}.__getitem__)
            units[at] += row["jobs"] * amount(job, trial, datasets[trial.dataset])
        except (KeyError, TypeError):  # of an older wnkd, with other settings
            continue
        seconds[at] += row["seconds"]
    return Rates(device, {at: seconds[at] / units[at] for at in seconds if units[at]})


def _trial(row: sqlite3.Row) -> TrialSpec:
    """A trial that has what decides its jobs' work, and of the rest anything."""
    tx = MultimodalSpec(row["encoder"]) if row["encoder"] else None
    teachers = Teachers.TX if tx else Teachers.NONE
    return TrialSpec(row["dataset"], "", teachers, tx, limit_train=row["limit_train"])


def _settings(names: Sequence[str], values: str | None) -> dict[str, Any]:
    """Settings as a job has them, from the list of `_extracted`."""
    settings: dict[str, Any] = {}
    for name, value in zip(names, json.loads(values) if values else [], strict=False):
        if value is not None:
            table, _, last = name.rpartition(".")
            (settings.setdefault(table, {}) if table else settings)[last] = value
    return settings


def _seconds(
    job: JobSpec,
    trial: TrialSpec,
    datasets: Mapping[str, DatasetRow],
    jobs: Jobs,
    rates: Rates,
) -> float | None:
    rate = rates.seconds.get(signature(job, trial, jobs))
    return None if rate is None else rate * amount(job, trial, datasets[trial.dataset])


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
            asks = settings.get("teacher_bn")  # of a student that runs its teachers' networks too
            return (job.kind, settings["arch"], *pixels, _batch(settings), asks)
    return (job.kind, *(settings[name] for name in names))


def amount(job: JobSpec, trial: TrialSpec, dataset: DatasetRow) -> float:
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
