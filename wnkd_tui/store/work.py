"""What supervisors read and write. Whatever is written to a job is guarded by whose it is.

A supervisor that slept too long may find its jobs adopted: its writes then change nothing.
"""

import sqlite3
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from wnkd_tui.store.connection import transaction

# Of the tables `job` and, where the job is running, `attempt`.
WORK = """
job.id, job.key, job.spec, job.data, job.handle, job.wanted, job.slot, job.attempt, job.done,
job.losses, job.events_offset, coalesce((SELECT done_before FROM attempt
    WHERE attempt.job_id = job.id AND attempt.number = job.attempt), 0) AS done_before,
(SELECT engine FROM capture WHERE capture.id = job.capture) AS engine
"""
_MINE = "id = :id AND supervisor = :me AND state = 'running' AND attempt = :attempt"


@dataclass(frozen=True)
class Candidate:
    """A job that could start now; `memory` is what such a one took of its GPU on this host last
    time, `host_memory` of the host, in bytes, None where that is not known. `spec` is a JSON
    text."""

    id: int
    key: str
    kind: str
    name: str
    spec: str
    memory: int | None
    host_memory: int | None = None


@dataclass(frozen=True)
class Work:
    """A running job as its supervisor sees it; `spec` and `data` are JSON texts.

    `done` is its progress in units, `done_before` that at the start of this attempt. `engine` is
    the digest of the engine's source that it was queued with, None where that is not known.
    """

    id: int
    key: str
    spec: str
    data: str | None
    handle: str | None
    wanted: str | None
    slot: str
    attempt: int
    done: int
    done_before: int
    losses: int
    events_offset: int
    engine: str | None

    @property
    def progressed(self) -> bool:
        """Whether this attempt came further than all before it."""
        return self.done > self.done_before


@dataclass(frozen=True)
class Ending:
    """How an attempt ended, and what becomes of its job.

    `name` is the attempt's `ending`, `state` the job's. A `reason` of None keeps the job's own.
    `wait` is in seconds from now: a waiting job starts again no earlier.
    """

    name: str
    state: str
    reason: str | None = None
    result: str | None = None  # JSON
    losses: int = 0
    wait: float | None = None
    memory: int | None = None  # bytes of its GPU at most
    host_memory: int | None = None  # bytes of the host at most
    together: int | None = None  # jobs that its process did


@dataclass(frozen=True)
class News:
    """What a stretch of a job's events says. `metrics` are (name, step, value)."""

    offset: int  # where the stretch ends
    metrics: list[tuple[str, int, float]]
    progress: dict[str, Any] | None = None
    device: str | None = None
    engine: str | None = None  # digest of the engine's source


def mine(conn: sqlite3.Connection, me: str) -> list[Work]:
    """The running jobs of supervisor `me`."""
    rows = conn.execute(f"SELECT {WORK} FROM job WHERE state = 'running' AND supervisor = ?", [me])
    return [Work(**row) for row in rows]


def finished_trials(conn: sqlite3.Connection, job_id: int) -> list[int]:
    """The trials that need the job and of which all jobs are done."""
    rows = conn.execute(
        "SELECT mine.trial_id FROM trial_job AS mine"
        " WHERE mine.job_id = ? AND NOT EXISTS (SELECT 1 FROM trial_job AS other"
        "  JOIN job ON job.id = other.job_id"
        "  WHERE other.trial_id = mine.trial_id AND job.state != 'done')",
        [job_id],
    )
    return [row["trial_id"] for row in rows]


def full_before(conn: sqlite3.Connection, work: Work) -> int:
    """How many attempts just before this one ended with a full disk, and came no further."""
    rows = conn.execute(
        "SELECT ending, done_before FROM attempt WHERE job_id = ? AND number < ?"
        " ORDER BY number DESC LIMIT 60",
        [work.id, work.attempt],
    )
    alike = takewhile(
        lambda row: row["ending"] == "disk full" and row["done_before"] == work.done, rows
    )
    return sum(1 for _ in alike)


def submitted(
    conn: sqlite3.Connection, me: str, work: Work, handle: str, together: int | None = None
) -> bool:
    """Notes the executor's handle, and how many jobs share its process, where that is known; False
    where the job is no longer ours."""
    values = {"id": work.id, "me": me, "attempt": work.attempt}
    values |= {"handle": handle, "together": together}
    with transaction(conn):
        change = conn.execute(f"UPDATE job SET handle = :handle WHERE {_MINE}", values)
        if change.rowcount == 1 and together:
            conn.execute(
                "UPDATE attempt SET together = :together WHERE job_id = :id AND number = :attempt",
                values,
            )
    return change.rowcount == 1


def moved(
    conn: sqlite3.Connection,
    me: str,
    work: Work,
    *,
    where: str | None,
    waits: str | None,
    since: float | None,
) -> None:
    """Notes where a cluster has put a job, what it waits for there, and since when it runs."""
    values = {"id": work.id, "me": me, "attempt": work.attempt}
    values |= {"where": where, "waits": waits, "since": since}
    with transaction(conn):
        change = conn.execute(
            f"UPDATE job SET reason = :waits, started_at = :since WHERE {_MINE}", values
        )
        if change.rowcount == 1:
            conn.execute(
                "UPDATE attempt SET place = :where, started_at = coalesce(:since, started_at)"
                " WHERE job_id = :id AND number = :attempt",
                values,
            )


def settle(
    conn: sqlite3.Connection,
    me: str,
    work: Work,
    ending: Ending,
    *,
    now: float,
    seconds: float | None,
) -> bool:
    """Ends an attempt that took `seconds`, and brings its job to the state that follows.

    False, with nothing changed, where the job is no longer ours or somebody has just wished for
    something else than `work.wanted`: look again.
    """
    values = {
        **{"id": work.id, "me": me, "attempt": work.attempt, "wanted": work.wanted},
        **{"now": now, "seconds": seconds},
        **{"name": ending.name, "state": ending.state, "reason": ending.reason},
        **{"result": ending.result, "losses": ending.losses},
        **{"memory": ending.memory, "host_memory": ending.host_memory},
        **{"together": ending.together},
        "retry_at": None if ending.wait is None else now + ending.wait,
    }
    with transaction(conn):
        change = conn.execute(
            "UPDATE job SET state = :state, reason = coalesce(:reason, reason), result = :result,"
            " losses = :losses, retry_at = :retry_at, supervisor = NULL, slot = NULL,"
            " finished_at = iif(:state IN ('waiting', 'paused'), NULL, :now), handle = NULL,"
            f" wanted = NULL WHERE {_MINE} AND wanted IS :wanted",
            values,
        )
        if change.rowcount != 1:
            return False
        conn.execute(
            "UPDATE attempt SET ended_at = :now, seconds = :seconds, ending = :name,"
            " memory = :memory, host_memory = :host_memory,"
            " together = coalesce(:together, together),"
            " reason = (SELECT reason FROM job WHERE id = :id)"
            " WHERE job_id = :id AND number = :attempt",
            values,
        )
    return True


def record(conn: sqlite3.Connection, me: str, work: Work, news: News) -> bool:
    """Takes in a stretch of events and how far it reaches, both or none.

    False, with nothing changed, where another supervisor has read on meanwhile.
    """
    progress = news.progress or {}
    values = {
        **{"id": work.id, "me": me, "attempt": work.attempt, "before": work.events_offset},
        **{"offset": news.offset, "device": news.device, "engine": news.engine},
        **{name: progress.get(name) for name in ("done", "total", "unit", "rate")},
    }
    with transaction(conn):
        change = conn.execute(
            "UPDATE job SET events_offset = :offset, done = coalesce(:done, done),"
            " total = coalesce(:total, total), unit = coalesce(:unit, unit),"
            " rate = coalesce(:rate, rate), device = coalesce(:device, device)"
            f" WHERE {_MINE} AND events_offset = :before",
            values,
        )
        if change.rowcount != 1:
            return False
        conn.executemany(
            "INSERT OR REPLACE INTO metric (job_id, name, step, value) VALUES (?, ?, ?, ?)",
            ((work.id, *row) for row in news.metrics),
        )
        if news.device or news.engine:
            conn.execute(
                "UPDATE attempt SET device = coalesce(:device, device),"
                " engine = coalesce(:engine, engine) WHERE job_id = :id AND number = :attempt",
                values,
            )
    return True
