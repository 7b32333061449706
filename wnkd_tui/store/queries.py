"""What is read from the database: plain SQL, frozen rows."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Any

from engine.spec import TrialSpec
from wnkd_tui.store import liveness
from wnkd_tui.store.database import StoreError
from wnkd_tui.store.rows import (
    BLOCKING,
    AttemptRow,
    CaptureRow,
    DatasetRow,
    JobRow,
    ResultRow,
    SupervisorRow,
    TrialRow,
)

REPORTED = ("T_x", "student", "attribution")

_STOPPED = ", ".join(f"'{state}'" for state in (*BLOCKING, "paused"))
# Waiting jobs that cannot start, each with the job at the end of the chain that holds it up.
BLOCKED = f"""
WITH RECURSIVE blocked(id, culprit) AS (
    SELECT edge.job_id, edge.input_id FROM job_input AS edge
    JOIN job AS input ON input.id = edge.input_id AND input.state IN ({_STOPPED})
    JOIN job AS user ON user.id = edge.job_id AND user.state = 'waiting'
    UNION
    SELECT edge.job_id, blocked.culprit FROM blocked
    JOIN job_input AS edge ON edge.input_id = blocked.id
    JOIN job AS user ON user.id = edge.job_id AND user.state = 'waiting'
)
"""
# Why a job that is stored as running is shown as lost, else NULL; `:deserted` is the JSON of
# `liveness.deserted`. Only of running jobs is it asked.
_DESERTED = """
CASE WHEN job.state = 'running'
    THEN (SELECT value FROM json_each(:deserted) WHERE key = job.id) END
"""
_STATE = f"iif({_DESERTED} IS NULL, job.state, 'lost')"
_JOBS = f"""
{BLOCKED}, culprits(id, culprit) AS (SELECT id, min(culprit) FROM blocked GROUP BY id)
SELECT job.id, job.key, job.kind, job.name, {_STATE} AS state, job.wanted, job.position, job.done,
    job.total, job.unit, job.rate, job.attempt, job.slot, job.device, job.result, job.queued_at,
    job.started_at, job.finished_at, job.supervisor, job.handle, job.priority, job.losses,
    job.retry_at, job.capture,
    CASE WHEN culprit.id IS NULL THEN coalesce({_DESERTED}, job.reason)
        ELSE 'waits for job ' || culprit.id || ' (' || culprit.state || ')' END AS reason,
    (SELECT group_concat(trial_id) FROM trial_job WHERE job_id = job.id) AS trials,
    (SELECT group_concat(input_id) FROM job_input WHERE job_id = job.id) AS inputs
FROM job
LEFT JOIN culprits ON culprits.id = job.id
LEFT JOIN job AS culprit ON culprit.id = culprits.culprit
WHERE (:ids IS NULL OR job.id IN (SELECT value FROM json_each(:ids)))
    AND (:states IS NULL OR {_STATE} IN (SELECT value FROM json_each(:states)))
    AND (:trial IS NULL OR job.id IN (SELECT job_id FROM trial_job WHERE trial_id = :trial))
ORDER BY job.priority DESC, job.position, job.id
"""
_TRIALS = f"""
SELECT trial.id, trial.key, trial.name, trial.spec, trial.added_at, trial.capture,
    trial.dataset_key,
    count(job.id) AS jobs_total, coalesce(sum(job.state = 'done'), 0) AS jobs_done,
    group_concat(DISTINCT {_STATE}) AS states
FROM trial
LEFT JOIN trial_job ON trial_job.trial_id = trial.id
LEFT JOIN job ON job.id = trial_job.job_id
WHERE :ids IS NULL OR trial.id IN (SELECT value FROM json_each(:ids))
GROUP BY trial.id ORDER BY trial.id
"""
_METRICS = """
WITH chosen AS (
    SELECT name, step, value FROM metric
    WHERE job_id = :job AND (:names IS NULL OR name IN (SELECT value FROM json_each(:names)))
), span AS (SELECT min(step) AS first, max(step) - min(step) + 1 AS width FROM chosen)
"""
_BUCKETED = """
SELECT name, max(step) AS step, avg(value) AS value FROM chosen, span
GROUP BY name, (step - first) * :buckets / width ORDER BY name, step
"""


def jobs(
    conn: sqlite3.Connection,
    *,
    ids: Collection[int] | None = None,
    trial: int | None = None,
    states: Collection[str] | None = None,
) -> list[JobRow]:
    """Jobs in the queue's order; `ids`, `trial` and `states` each narrow the choice.

    A job that nobody attends and whose process is gone is shown as lost, whatever is stored.
    """
    chosen = {"ids": _listed(ids), "trial": trial, "states": _listed(states)}
    rows = conn.execute(_JOBS, {**chosen, "deserted": liveness.deserted(conn)})
    return [_job(row) for row in rows]


def job(conn: sqlite3.Connection, id: int) -> JobRow:
    """Raises StoreError where there is no such job."""
    found = jobs(conn, ids=[id])
    if not found:
        raise StoreError(f"no job {id}: wnkd queue list shows them")
    return found[0]


def trials(conn: sqlite3.Connection, *, ids: Collection[int] | None = None) -> list[TrialRow]:
    """Trials, oldest first."""
    chosen = {"ids": _listed(ids), "deserted": liveness.deserted(conn)}
    return [_trial(row) for row in conn.execute(_TRIALS, chosen)]


def trial(conn: sqlite3.Connection, id: int) -> TrialRow:
    """Raises StoreError where there is no such trial."""
    found = trials(conn, ids=[id])
    if not found:
        raise StoreError(f"no trial {id}: wnkd trial list shows them")
    return found[0]


def metrics(
    conn: sqlite3.Connection,
    job_id: int,
    names: Collection[str] | None = None,
    *,
    buckets: int | None = None,
) -> dict[str, list[tuple[int, float]]]:
    """Curves of a job: name → (step, value), steps rising.

    With `buckets`, at most that many points a curve: the mean of each stretch at its last step.
    """
    select = _BUCKETED if buckets else "SELECT name, step, value FROM chosen ORDER BY name, step"
    rows = conn.execute(
        _METRICS + select, {"job": job_id, "names": _listed(names), "buckets": buckets}
    )
    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for name, step, value in rows:
        curves[name].append((step, value))
    return dict(curves)


def attempts(conn: sqlite3.Connection, job_id: int) -> list[AttemptRow]:
    """The runs of a job, the first one first."""
    rows = conn.execute("SELECT * FROM attempt WHERE job_id = ? ORDER BY number", [job_id])
    return [AttemptRow(**row) for row in rows]


def capture(conn: sqlite3.Connection, id: str) -> CaptureRow | None:
    """What trials were queued with, None where that is not known."""
    row = conn.execute("SELECT * FROM capture WHERE id = ?", [id]).fetchone()
    return CaptureRow(**dict(row) | {"packages": json.loads(row["packages"])}) if row else None


def counts(conn: sqlite3.Connection) -> dict[str, int]:
    """How many jobs are in each state as `jobs` shows it; states without a job are left out."""
    select = f"SELECT {_STATE} AS state, count(*) FROM job GROUP BY 1"
    return dict(conn.execute(select, {"deserted": liveness.deserted(conn)}).fetchall())


def results(conn: sqlite3.Connection) -> list[ResultRow]:
    """Figures of every finished T_x, student and attribution, once for each trial it serves."""
    rows = conn.execute(
        "SELECT trial.id, trial.spec, job.id, job.kind, job.name, job.result, job.finished_at"
        " FROM trial JOIN trial_job ON trial_job.trial_id = trial.id"
        " JOIN job ON job.id = trial_job.job_id"
        " WHERE job.state = 'done' AND job.kind IN (SELECT value FROM json_each(?))"
        " ORDER BY trial.id, trial_job.place",
        [_listed(REPORTED)],
    )
    return [
        ResultRow(
            trial=trial_id,
            spec=TrialSpec.from_dict(json.loads(spec)),
            job=job_id,
            kind=kind,
            name=name,
            result=json.loads(result),
            finished_at=finished_at,
        )
        for trial_id, spec, job_id, kind, name, result, finished_at in rows
    ]


def supervisors(conn: sqlite3.Connection, now: float) -> list[SupervisorRow]:
    """Every known `run-queue`, the newest first; `now` in UTC seconds, for an older wnkd's."""
    rows = conn.execute("SELECT * FROM supervisor ORDER BY started_at DESC").fetchall()
    return [
        SupervisorRow(
            **row, alive=liveness.alive(row["process"], row["beat"], row["heartbeat"], now)
        )
        for row in rows
    ]


def datasets(conn: sqlite3.Connection) -> list[DatasetRow]:
    """Built-in datasets, then those that were added, by name."""
    from engine.data import registry

    builtin = [
        DatasetRow(
            name=info.name,
            kind=info.kind,
            path=None,
            key=info.key,
            classes=info.classes,
            train_per_class=info.train_per_class,
            val_per_class=info.val_per_class,
            added_at=None,
            size=info.size,
        )
        for info in registry.builtin()
    ]
    return builtin + [_dataset(row) for row in conn.execute("SELECT * FROM dataset ORDER BY name")]


def dataset(conn: sqlite3.Connection, name: str) -> DatasetRow:
    """Raises StoreError, which lists the known ones, where `name` is none of them."""
    known = {row.name: row for row in datasets(conn)}
    if name not in known:
        raise StoreError(
            f"unknown dataset {name!r}; known: {', '.join(known)} (wnkd dataset add adds one)"
        )
    return known[name]


def setting(conn: sqlite3.Connection, name: str) -> str | None:
    """A fact that `commands.remember` kept, None where there is none."""
    row = conn.execute("SELECT value FROM setting WHERE name = ?", [name]).fetchone()
    return row["value"] if row else None


def _listed(values: Collection[Any] | None) -> str | None:
    return None if values is None else json.dumps(list(values))


def _ids(joined: str | None) -> tuple[int, ...]:
    return tuple(sorted(int(part) for part in joined.split(","))) if joined else ()


def _job(row: sqlite3.Row) -> JobRow:
    fields = dict(row)
    fields["result"] = json.loads(row["result"]) if row["result"] else None
    return JobRow(**fields | {"trials": _ids(row["trials"]), "inputs": _ids(row["inputs"])})


def _trial(row: sqlite3.Row) -> TrialRow:
    fields = dict(row)
    states = set((fields.pop("states") or "").split(","))
    telling = (state for state in ("failed", "lost", "cancelled", "running") if state in states)
    whole = "done" if states == {"done"} else "waiting"
    spec = TrialSpec.from_dict(json.loads(row["spec"]))
    return TrialRow(**fields | {"spec": spec, "state": next(telling, whole)})


def _dataset(row: sqlite3.Row) -> DatasetRow:
    from engine.data.registry import Skipped

    fields = dict(row)
    for name in ("classes", "train_per_class", "val_per_class", "size"):
        fields[name] = None if row[name] is None else tuple(json.loads(row[name]))
    for name in ("path", "prompts", "splits"):
        fields[name] = None if row[name] is None else Path(row[name])
    fields["skipped"] = tuple(Skipped(**one) for one in json.loads(row["skipped"]))
    return DatasetRow(**fields)
