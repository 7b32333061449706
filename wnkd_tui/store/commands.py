"""What people want, written down: each command is one transaction, all of it or nothing."""

import json
import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from wnkd_tui.home import Home
from wnkd_tui.store import queries, undoing
from wnkd_tui.store.connection import StoreError, transaction
from wnkd_tui.store.database import connect, session
from wnkd_tui.store.rows import CaptureRow, JobRow, TrialRow

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
    from wnkd_tui.store.intake import Intake  # late: SQLModel takes a second

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


def cancel(conn: sqlite3.Connection, job_ids: Collection[int]) -> None:
    """Cancels jobs: waiting ones at once, running ones as soon as their supervisor sees it.

    Raises StoreError, with nothing changed, where a job is unknown or has ended.
    """
    _all(conn, job_ids, undoing.cancelled, "only waiting, paused, running jobs can be cancelled")


def retry(conn: sqlite3.Connection, job_ids: Collection[int]) -> None:
    """Lets failed, lost and cancelled jobs wait again, and those that wait to be retried start now.

    They resume from their checkpoints. Raises StoreError, with nothing changed, where a job is
    unknown or in another state.
    """
    _all(conn, job_ids, undoing.retried, "only failed, lost, cancelled jobs can be retried")


def pause(conn: sqlite3.Connection, job_ids: Collection[int]) -> None:
    """Holds jobs: waiting ones at once, running ones after the epoch that they are in.

    Raises StoreError, with nothing changed, where a job is unknown, has ended or is about to.
    """
    _all(conn, job_ids, undoing.paused, "only waiting, running jobs can be paused")


def resume(conn: sqlite3.Connection, job_ids: Collection[int]) -> None:
    """Lets paused jobs wait again, and takes back the wish to pause running ones.

    Raises StoreError, with nothing changed, where a job is unknown or not paused.
    """
    _all(conn, job_ids, undoing.resumed, "only paused jobs can be resumed")


def _all(conn: sqlite3.Connection, job_ids: Collection[int], rule: undoing.Rule, only: str) -> None:
    """Does by `rule` to all of the jobs or to none of them."""

    def wish(_: sqlite3.Connection, chosen: Mapping[int, undoing.Facts]) -> undoing.Wished:
        jobs = []
        for job in chosen.values():
            found = rule(job)
            if isinstance(found, str):
                raise StoreError(f"job {job.id} is {found}: {only}")
            jobs.append(found)
        for id in set(job_ids) - chosen.keys():
            raise StoreError(f"no job {id}: wnkd queue list shows them")
        return undoing.Wished(jobs)

    undoing.act(conn, list(job_ids), wish)


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
    from wnkd_tui.store.tables import Dataset  # late, as in `add_trials`

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
