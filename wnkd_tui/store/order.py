"""Wishes about the order of what waits. What a job needs moves in front with it.

Higher priorities start first; within one, trials take turns; within a trial `position` decides.
"""

import json
import sqlite3
from collections.abc import Collection

from wnkd_tui.store import queries
from wnkd_tui.store.connection import StoreError, transaction

MOVABLE = ("waiting", "paused")
_NEEDED = """
WITH RECURSIVE needed(id) AS (
    SELECT value FROM json_each(?)
    UNION
    SELECT edge.input_id FROM needed JOIN job_input AS edge ON edge.job_id = needed.id
    JOIN job AS input ON input.id = edge.input_id AND input.state IN ('waiting', 'paused')
)
SELECT job.id FROM needed JOIN job USING (id) ORDER BY job.priority DESC, job.position, job.id
"""
_OTHERS = (
    " FROM job WHERE state IN ('waiting', 'paused') AND id NOT IN (SELECT value FROM json_each(?))"
)


def to_front(conn: sqlite3.Connection, job_ids: Collection[int]) -> None:
    """Ahead of all that waits. Raises StoreError, with nothing changed, for a job that does not."""
    with transaction(conn):
        moved = _with_inputs(conn, job_ids)
        top = _one(conn, "SELECT max(priority)" + _OTHERS, moved)
        if top is not None:
            _set_priority(conn, moved, top + 1)


def to_back(conn: sqlite3.Connection, job_ids: Collection[int]) -> None:
    """Behind all that waits, but for what needs these jobs. Raises as `to_front`."""
    with transaction(conn):
        moved = _checked(conn, job_ids)
        bottom = _one(conn, "SELECT min(priority)" + _OTHERS, moved)
        if bottom is not None:
            _set_priority(conn, moved, bottom - 1)


def in_front_of(conn: sqlite3.Connection, job_ids: Collection[int], other: int) -> None:
    """With the priority of job `other` and just before it. Raises as `to_front`."""
    with transaction(conn):
        (target,) = _checked(conn, [other])
        moved = [id for id in _with_inputs(conn, job_ids) if id != target]
        priority, position = conn.execute(
            "SELECT priority, position FROM job WHERE id = ?", [target]
        ).fetchone()
        conn.execute(
            "UPDATE job SET position = position + ? WHERE position >= ?", [len(moved), position]
        )
        conn.executemany(
            "UPDATE job SET position = ? WHERE id = ?",
            [(position + place, id) for place, id in enumerate(moved)],
        )
        _set_priority(conn, moved, priority)


def prioritise(conn: sqlite3.Connection, job_ids: Collection[int], priority: int) -> None:
    """Gives the jobs this priority, and what they need at least that. Raises as `to_front`."""
    with transaction(conn):
        chosen = _checked(conn, job_ids)
        needed = set(_with_inputs(conn, job_ids)) - set(chosen)
        _set_priority(conn, chosen, priority)
        conn.execute(
            "UPDATE job SET priority = max(priority, ?)"
            " WHERE id IN (SELECT value FROM json_each(?))",
            [priority, json.dumps(list(needed))],
        )


def _checked(conn: sqlite3.Connection, job_ids: Collection[int]) -> list[int]:
    rows = queries.these_jobs(conn, job_ids)
    for row in rows:
        if row.state not in MOVABLE:
            raise StoreError(f"job {row.id} is {row.state}: only what waits can be moved")
    return [row.id for row in rows]


def _with_inputs(conn: sqlite3.Connection, job_ids: Collection[int]) -> list[int]:
    """The jobs and all that waits and that they need, in their present order."""
    rows = conn.execute(_NEEDED, [json.dumps(_checked(conn, job_ids))])
    return [row["id"] for row in rows]


def _one(conn: sqlite3.Connection, select: str, moved: Collection[int]) -> int | None:
    found: int | None = conn.execute(select, [json.dumps(list(moved))]).fetchone()[0]
    return found


def _set_priority(conn: sqlite3.Connection, ids: Collection[int], priority: int) -> None:
    conn.executemany("UPDATE job SET priority = ? WHERE id = ?", [(priority, id) for id in ids])
