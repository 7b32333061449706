"""What supervisors read and write. Whatever is written to a job is guarded by whose it is.

A supervisor that slept too long may find its jobs adopted: its writes then change nothing.
"""

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from wnkd_tui.store.database import transaction
from wnkd_tui.store.queries import BLOCKED

_READY = """
state = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM job_input AS edge JOIN job AS input ON input.id = edge.input_id
    WHERE edge.job_id = job.id AND input.state != 'done')
"""
_WORK = "id, key, spec, data, handle, wanted, slot, started_at, events_offset"
_MINE = "id = :id AND supervisor = :me AND state = 'running'"


@dataclass(frozen=True)
class Work:
    """A running job as its supervisor sees it; `spec` and `data` are JSON texts."""

    id: int
    key: str
    spec: str
    data: str | None
    handle: str | None
    wanted: str | None
    slot: str
    started_at: float
    events_offset: int


@dataclass(frozen=True)
class News:
    """What a stretch of a job's events says. `metrics` are (name, step, value)."""

    offset: int  # where the stretch ends
    metrics: list[tuple[str, int, float]]
    progress: dict[str, Any] | None
    device: str | None


def beat(
    conn: sqlite3.Connection, me: str, host: str, pid: int, started_at: float, now: float, note: str
) -> None:
    """Shows that supervisor `me` lives and what it does."""
    conn.execute(
        "INSERT OR REPLACE INTO supervisor (id, host, pid, started_at, heartbeat, note)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [me, host, pid, started_at, now, note],
    )


def dismiss(conn: sqlite3.Connection, me: str) -> None:
    """Supervisor `me` has left: what it still had running may be adopted."""
    conn.execute("DELETE FROM supervisor WHERE id = ?", [me])


def mine(conn: sqlite3.Connection, me: str) -> list[Work]:
    """The running jobs of supervisor `me`."""
    rows = conn.execute(f"SELECT {_WORK} FROM job WHERE state = 'running' AND supervisor = ?", [me])
    return [Work(**row) for row in rows]


def ready(conn: sqlite3.Connection) -> bool:
    """Whether a job could be claimed."""
    return conn.execute(f"SELECT 1 FROM job WHERE {_READY} LIMIT 1").fetchone() is not None


def running(conn: sqlite3.Connection) -> bool:
    """Whether anybody runs a job."""
    return conn.execute("SELECT 1 FROM job WHERE state = 'running'").fetchone() is not None


def blocked(conn: sqlite3.Connection) -> bool:
    """Whether a waiting job cannot start because of one that failed, was lost or cancelled."""
    return conn.execute(f"{BLOCKED} SELECT 1 FROM blocked LIMIT 1").fetchone() is not None


def claim(
    conn: sqlite3.Connection,
    me: str,
    slots: Collection[str],
    now: float,
    prepare: Callable[[Work], None],
) -> Work | None:
    """Takes the first ready job for a slot that nobody uses, None where one of both is missing.

    `prepare` runs before the claim counts: a supervisor killed meanwhile leaves the job waiting.
    """
    with transaction(conn):
        taken = {row["slot"] for row in conn.execute("SELECT slot FROM job WHERE state='running'")}
        free = next((slot for slot in slots if slot not in taken), None)
        if free is None:
            return None
        row = conn.execute(
            "UPDATE job SET state = 'running', supervisor = ?, slot = ?, started_at = ?,"
            " attempt = attempt + 1, handle = NULL, wanted = NULL, reason = NULL, rate = NULL"
            f" WHERE id = (SELECT id FROM job WHERE {_READY} ORDER BY position, id LIMIT 1)"
            f" RETURNING {_WORK}",
            [me, free, now],
        ).fetchone()
        if row is None:
            return None
        work = Work(**row)
        prepare(work)
        return work


def submitted(conn: sqlite3.Connection, me: str, work: Work, handle: str) -> bool:
    """Notes the executor's handle; False where the job is no longer ours."""
    values = {"id": work.id, "me": me, "handle": handle}
    return conn.execute(f"UPDATE job SET handle = :handle WHERE {_MINE}", values).rowcount == 1


def settle(
    conn: sqlite3.Connection,
    me: str,
    work: Work,
    state: str,
    *,
    now: float,
    reason: str | None = None,
    result: str | None = None,
) -> bool:
    """Ends a run in `state`, or puts the job back to waiting; a `reason` of None keeps the old.

    False, with nothing changed, where the job is no longer ours or somebody has just wished for
    something else than `work.wanted`: look again.
    """
    change = conn.execute(
        "UPDATE job SET state = :state, reason = coalesce(:reason, reason), result = :result,"
        " finished_at = iif(:state = 'waiting', NULL, :now), supervisor = NULL, slot = NULL,"
        f" handle = NULL, wanted = NULL WHERE {_MINE} AND wanted IS :wanted",
        {
            "id": work.id,
            "me": me,
            "state": state,
            "reason": reason,
            "result": result,
            "now": now,
            "wanted": work.wanted,
        },
    )
    return change.rowcount == 1


def record(conn: sqlite3.Connection, me: str, work: Work, news: News) -> bool:
    """Takes in a stretch of events and how far it reaches, both or none.

    False, with nothing changed, where another supervisor has read on meanwhile.
    """
    progress = news.progress or {}
    with transaction(conn):
        change = conn.execute(
            "UPDATE job SET events_offset = :offset, done = coalesce(:done, done),"
            " total = coalesce(:total, total), unit = coalesce(:unit, unit),"
            " rate = coalesce(:rate, rate), device = coalesce(:device, device)"
            f" WHERE {_MINE} AND events_offset = :before",
            {
                "id": work.id,
                "me": me,
                "before": work.events_offset,
                "offset": news.offset,
                "device": news.device,
                **{name: progress.get(name) for name in ("done", "total", "unit", "rate")},
            },
        )
        if change.rowcount != 1:
            return False
        conn.executemany(
            "INSERT OR REPLACE INTO metric (job_id, name, step, value) VALUES (?, ?, ?, ?)",
            ((work.id, *row) for row in news.metrics),
        )
    return True


def adopt(conn: sqlite3.Connection, me: str, is_dead: Callable[[sqlite3.Row], bool]) -> int:
    """Takes over the running jobs of supervisors that are dead or have left; how many."""
    with transaction(conn):
        dead = [row["id"] for row in conn.execute("SELECT * FROM supervisor") if is_dead(row)]
        conn.executemany("DELETE FROM supervisor WHERE id = ?", ([name] for name in dead))
        return conn.execute(
            "UPDATE job SET supervisor = ? WHERE state = 'running'"
            " AND coalesce(supervisor, '') NOT IN (SELECT id FROM supervisor)",
            [me],
        ).rowcount


def requeue(conn: sqlite3.Connection, me: str) -> None:
    """Wishes all running jobs of supervisor `me` back to waiting, cancelled ones aside."""
    conn.execute(
        "UPDATE job SET wanted = 'waiting'"
        " WHERE supervisor = ? AND state = 'running' AND wanted IS NULL",
        [me],
    )
