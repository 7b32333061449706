"""What people want, written down: each command is one transaction, all of it or nothing."""

import json
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.database import StoreError, connect, session, transaction
from wnkd_tui.store.rows import BLOCKING, CaptureRow, JobRow, TrialRow

if TYPE_CHECKING:
    from engine.data.registry import DatasetInfo
    from engine.plan import Plan


@dataclass(frozen=True)
class Added:
    """What was asked for, whether it was new or there already."""

    plans: "tuple[Plan, ...]"
    trials: list[TrialRow]
    jobs: list[JobRow]
    new_trials: set[int]
    new_jobs: set[int]


def add_trials(
    home: Home,
    plans: Sequence["Plan"],
    data: Mapping[str, Mapping[str, Any]] | None = None,
    capture: CaptureRow | None = None,
) -> Added:
    """Queues what is new of `plans`; a trial or job with a known key is reused.

    A cancelled job is wanted again and waits again; a failed or lost one needs `retry`. `data`
    says, by a dataset's name, where it is on this host, for the jobs that read it. `capture` is
    kept with what is queued by this: new trials, new jobs and those that wait again.
    """
    from wnkd_tui.store.intake import Intake

    with session(home) as opened:
        intake = Intake(opened, data or {}, capture)
        for plan in plans:
            intake.add(plan)
    conn = connect(home)
    try:
        return Added(
            plans=tuple(plans),
            trials=queries.trials(conn, ids=intake.trials),
            jobs=queries.jobs(conn, ids=intake.jobs),
            new_trials=intake.new_trials,
            new_jobs=intake.new_jobs,
        )
    finally:
        conn.close()


def cancel(conn: sqlite3.Connection, job_ids: Collection[int], reason: str = "by hand") -> None:
    """Cancels jobs: waiting ones at once, running ones as soon as their supervisor sees it.

    Raises StoreError, with nothing changed, where a job is unknown or has ended.
    """
    with transaction(conn):
        for row in _chosen(conn, job_ids, ("waiting", "paused", "running"), "cancelled"):
            if _held(row):
                change = "wanted = 'cancelled', reason = ?"
                values: list[str | float] = [reason]
            else:
                change = "state = 'cancelled', reason = ?, retry_at = NULL, finished_at = ?"
                values = [reason, time.time()]
            conn.execute(f"UPDATE job SET {change} WHERE id = ?", [*values, row.id])


def retry(conn: sqlite3.Connection, job_ids: Collection[int]) -> None:
    """Lets failed, lost and cancelled jobs wait again, and those that wait to be retried start now.

    They resume from their checkpoints. Raises StoreError, with nothing changed, where a job is
    unknown or in another state.
    """
    with transaction(conn):
        for row in _chosen(conn, job_ids, (*BLOCKING, "waiting"), "retried"):
            if row.state == "waiting" and row.retry_at is None:
                raise StoreError(f"job {row.id} is waiting: it has not ended yet")
            change = "state = 'waiting', reason = NULL, finished_at = NULL"
            if _held(row):
                change = "wanted = 'waiting'"
            conn.execute(
                f"UPDATE job SET {change}, retry_at = NULL, losses = 0 WHERE id = ?", [row.id]
            )


def pause(conn: sqlite3.Connection, job_ids: Collection[int]) -> None:
    """Holds jobs: waiting ones at once, running ones after the epoch that they are in.

    Raises StoreError, with nothing changed, where a job is unknown or has ended.
    """
    with transaction(conn):
        for row in _chosen(conn, job_ids, ("waiting", "running", "paused"), "paused"):
            change = "wanted = 'paused'" if _held(row) else "state = 'paused'"
            conn.execute(f"UPDATE job SET {change} WHERE id = ?", [row.id])


def resume(conn: sqlite3.Connection, job_ids: Collection[int]) -> None:
    """Lets paused jobs wait again, and takes back the wish to pause running ones.

    Raises StoreError, with nothing changed, where a job is unknown or not paused.
    """
    with transaction(conn):
        for row in _chosen(conn, job_ids, ("paused", "running"), "resumed"):
            if _held(row) and row.wanted != "paused":
                raise StoreError(f"job {row.id} is {row.state}: it is not paused")
            change = "wanted = NULL" if _held(row) else "state = 'waiting'"
            conn.execute(f"UPDATE job SET {change}, reason = NULL WHERE id = ?", [row.id])


def remove(conn: sqlite3.Connection, trial_ids: Collection[int]) -> None:
    """Forgets trials, and the jobs and captures that no other trial needs; artifacts stay on disk.

    Raises StoreError, with nothing changed, where a trial is unknown or such a job runs.
    """
    with transaction(conn):
        queries.check_trials(conn, trial_ids)
        conn.executemany("DELETE FROM trial WHERE id = ?", [(id,) for id in trial_ids])
        orphans = "id NOT IN (SELECT job_id FROM trial_job)"
        running = conn.execute(f"SELECT id FROM job WHERE state = 'running' AND {orphans}")
        if row := running.fetchone():
            raise StoreError(f"job {row['id']} is running: cancel it first")
        conn.execute(f"DELETE FROM job WHERE {orphans}")
        conn.execute(
            "DELETE FROM capture WHERE id NOT IN ("
            "SELECT capture FROM trial WHERE capture IS NOT NULL"
            " UNION SELECT capture FROM job WHERE capture IS NOT NULL)"
        )


def add_dataset(home: Home, info: "DatasetInfo") -> None:
    """Registers a checked dataset; one of the same name is replaced.

    Raises StoreError for a built-in one, which needs no registration.
    """
    if info.path is None:
        raise StoreError(f"dataset {info.name} is built in: it needs no adding")
    from wnkd_tui.store.tables import Dataset

    row = Dataset(
        name=info.name,
        kind=info.kind,
        path=str(info.path),
        key=info.key,
        classes=json.dumps(info.classes, ensure_ascii=False),
        train_per_class=json.dumps(info.train_per_class),
        val_per_class=json.dumps(info.val_per_class),
        added_at=time.time(),
        prompts=str(info.prompts) if info.prompts else None,
        splits=str(info.splits) if info.splits else None,
        skipped=json.dumps([asdict(one) for one in info.skipped], ensure_ascii=False),
        size=json.dumps(info.size),
    )
    with session(home) as opened:
        opened.merge(row)


def remember(conn: sqlite3.Connection, name: str, value: str) -> None:
    """Keeps a small fact for `queries.setting`."""
    conn.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", [name, value])


def _chosen(
    conn: sqlite3.Connection, job_ids: Iterable[int], states: Collection[str], done: str
) -> list[JobRow]:
    """The jobs, all of them in one of `states`, or running, as what can be `done`."""
    rows = queries.these_jobs(conn, job_ids)
    for row in rows:
        if row.state not in states and not (_held(row) and "running" in states):
            raise StoreError(
                f"job {row.id} is {row.state}: only {', '.join(states)} jobs can be {done}"
            )
    return rows


def _held(row: JobRow) -> bool:
    """A supervisor, be it gone, has it: wishes are left for it or for its successor."""
    return row.state == "running" or (row.state == "lost" and row.supervisor is not None)
