"""What is read from the database: plain SQL, frozen rows."""

import json
import sqlite3
from collections.abc import Collection, Iterable
from typing import Any

from engine.spec import TrialSpec
from wnkd_tui.store import liveness
from wnkd_tui.store.connection import StoreError
from wnkd_tui.store.curves import curves as curves
from wnkd_tui.store.curves import metrics as metrics
from wnkd_tui.store.datasets import dataset as dataset
from wnkd_tui.store.datasets import datasets as datasets
from wnkd_tui.store.results import results as results
from wnkd_tui.store.results import settings as settings
from wnkd_tui.store.rows import (
    AttemptRow,
    CaptureRow,
    JobRow,
    TrialRow,
)
from wnkd_tui.store.states import BLOCKED, BLOCKED_CHOSEN, DESERTED, STATE, telling
from wnkd_tui.store.supervisors import supervisors as supervisors

# Behind one of BLOCKED; to be filled in: a job's result, where jobs come from, and a condition.
_JOBS = f"""
, culprits(id, culprit) AS MATERIALIZED (SELECT id, min(culprit) FROM blocked GROUP BY id)
SELECT job.id, job.key, job.kind, job.name, {STATE} AS state, job.wanted, job.position, job.done,
    job.total, job.unit, job.rate, job.attempt, job.slot, job.device, %s AS result, job.queued_at,
    job.started_at, job.finished_at, job.supervisor, job.handle, job.priority, job.losses,
    job.retry_at, job.capture, run.host, run.place, run.together,
    CASE WHEN culprit.id IS NULL THEN coalesce({DESERTED}, job.reason)
        ELSE 'waits for job ' || culprit.id || ' (' || culprit.state || ')' END AS reason,
    (SELECT group_concat(trial_id) FROM trial_job WHERE job_id = job.id) AS trials,
    (SELECT group_concat(input_id) FROM job_input WHERE job_id = job.id) AS inputs
FROM %s
LEFT JOIN attempt AS run
    ON job.state = 'running' AND run.job_id = job.id AND run.number = job.attempt
LEFT JOIN culprits ON culprits.id = job.id
LEFT JOIN job AS culprit ON culprit.id = culprits.culprit
WHERE %s
"""
_IN_LINE = """
SELECT 1 + (SELECT count(*) FROM job AS other INDEXED BY ix_job_waiting
    WHERE other.state = 'waiting' AND other.priority > job.priority)
    + (SELECT count(*) FROM job AS other INDEXED BY ix_job_waiting
    WHERE other.state = 'waiting' AND other.priority = job.priority
        AND (other.position, other.id) < (job.position, job.id)) AS place
FROM job WHERE job.id = ? AND job.state = 'waiting'
"""
_SHORT_RESULT = "json_remove(job.result, '$.per_class')"
_TRIALS = f"""
SELECT trial.id, trial.key, trial.name, trial.spec, trial.added_at, trial.capture,
    trial.dataset_key,
    count(job.id) AS jobs_total, coalesce(sum(job.state = 'done'), 0) AS jobs_done,
    {telling(STATE)} AS state
FROM trial
LEFT JOIN trial_job ON trial_job.trial_id = trial.id
LEFT JOIN job ON job.id = trial_job.job_id
%s GROUP BY trial.id ORDER BY trial.id
"""


def jobs(
    conn: sqlite3.Connection,
    *,
    ids: Collection[int] | None = None,
    trial: int | None = None,
    states: Collection[str] | None = None,
    per_class: bool = True,
) -> list[JobRow]:
    """Jobs in the queue's order; `ids`, `trial` and `states` each narrow the choice.

    A job that nobody attends and whose process is gone is shown as lost, whatever is stored. With
    `ids` or `trial` it costs what those jobs cost. `per_class` False leaves the accuracies of each
    class out of results.
    """
    if trial is not None:
        of_trial = conn.execute("SELECT job_id FROM trial_job WHERE trial_id = ?", [trial])
        found = {row["job_id"] for row in of_trial}
        ids = found if ids is None else found.intersection(ids)
    select = _JOBS % (
        "job.result" if per_class else _SHORT_RESULT,
        "job" if ids is None else "chosen CROSS JOIN job ON job.id = chosen.id",
        "1" if states is None else f"{STATE} IN (SELECT value FROM json_each(:states))",
    )
    blocked = BLOCKED if ids is None else BLOCKED_CHOSEN
    known = {"ids": _listed(ids and set(ids)), "states": _listed(states)}
    rows = conn.execute(blocked + select, {**known, "deserted": liveness.deserted(conn)})
    # Sorted here: SQLite would write whole rows into a file to sort them, their results too.
    return sorted(map(_job, rows), key=lambda row: (-row.priority, row.position, row.id))


def job(conn: sqlite3.Connection, id: int) -> JobRow:
    """Raises StoreError where there is no such job."""
    found = jobs(conn, ids=[id])
    if not found:
        raise StoreError(f"no job {id}: wnkd queue list shows them")
    return found[0]


def in_line(conn: sqlite3.Connection, id: int) -> int | None:
    """The place of a waiting job among all that wait, from 1; None for one that does not."""
    row = conn.execute(_IN_LINE, [id]).fetchone()
    return row["place"] if row else None


def these_jobs(conn: sqlite3.Connection, ids: Iterable[int]) -> list[JobRow]:
    """The jobs in the order given, each once. Raises StoreError where there is no such job."""
    wanted = list(dict.fromkeys(ids))
    found = {row.id: row for row in jobs(conn, ids=wanted, per_class=False)}
    return [found.get(id) or job(conn, id) for id in wanted]


def trials(conn: sqlite3.Connection, *, ids: Collection[int] | None = None) -> list[TrialRow]:
    """Trials, oldest first."""
    where = "" if ids is None else "WHERE trial.id IN (SELECT value FROM json_each(:ids))"
    chosen = {"ids": _listed(ids), "deserted": liveness.deserted(conn)}
    return [_trial(row) for row in conn.execute(_TRIALS % where, chosen)]


def trial(conn: sqlite3.Connection, id: int) -> TrialRow:
    """Raises StoreError where there is no such trial."""
    found = trials(conn, ids=[id])
    if not found:
        raise StoreError(f"no trial {id}: wnkd trial list shows them")
    return found[0]


def check_trials(conn: sqlite3.Connection, ids: Collection[int]) -> None:
    """Raises StoreError where one of these trials is not there."""
    select = "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM trial) LIMIT 1"
    if row := conn.execute(select, [_listed(ids)]).fetchone():
        trial(conn, row["value"])


def attempts(conn: sqlite3.Connection, job_id: int) -> list[AttemptRow]:
    """The attempts of a job, the first one first."""
    rows = conn.execute("SELECT * FROM attempt WHERE job_id = ? ORDER BY number", [job_id])
    return [AttemptRow(**row) for row in rows]


def capture(conn: sqlite3.Connection, id: str) -> CaptureRow | None:
    """What trials were queued with, None where that is not known."""
    row = conn.execute("SELECT * FROM capture WHERE id = ?", [id]).fetchone()
    return CaptureRow(**dict(row) | {"packages": json.loads(row["packages"])}) if row else None


def counts(conn: sqlite3.Connection) -> dict[str, int]:
    """How many jobs are in each state as `jobs` shows it; states without a job are left out."""
    found = dict(conn.execute("SELECT state, count(*) FROM job GROUP BY state").fetchall())
    if deserted := len(json.loads(liveness.deserted(conn))):
        found["running"] -= deserted
        found["lost"] = found.get("lost", 0) + deserted
    return {state: number for state, number in found.items() if number}


def count_trials(conn: sqlite3.Connection) -> int:
    found: int = conn.execute("SELECT count(*) FROM trial").fetchone()[0]
    return found


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
    return TrialRow(**dict(row) | {"spec": TrialSpec.from_dict(json.loads(row["spec"]))})
