"""Jobs that are not what the database says they are."""

import json
import sqlite3
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from wnkd_tui.home import Home
from wnkd_tui.queue import jobdir
from wnkd_tui.queue.housekeeping.faults import Fault, MendError
from wnkd_tui.queue.housekeeping.processes import at_work, works_in
from wnkd_tui.store import liveness
from wnkd_tui.store.connection import transaction

# A job that was wished elsewhere while nobody listened gets its wish.
_BACK = """
UPDATE job SET state = coalesce(wanted, 'waiting'), reason = ?, supervisor = NULL, slot = NULL,
    handle = NULL, wanted = NULL, rate = NULL,
    finished_at = iif(coalesce(wanted, 'waiting') IN ('waiting', 'paused'), NULL, ?)
WHERE id = ? RETURNING state
"""
_ENDED = """
UPDATE attempt SET ending = 'lost', reason = ?, ended_at = ?
WHERE job_id = ? AND number = (SELECT attempt FROM job WHERE id = ?) AND ending IS NULL
"""


def deserted(home: Home, conn: sqlite3.Connection) -> Iterator[Fault]:
    """Jobs that are stored as running, without a process and without a run-queue that sees it."""
    for job_id, reason in _deserted(home, conn).items():
        says = f"job {job_id} is said to run: {reason}"
        yield Fault(says, partial(_put_back, home, conn, job_id))


def _deserted(home: Home, conn: sqlite3.Connection) -> dict[str, str]:
    """Job id → reason; empty while a run-queue is at work, which takes them up by itself."""
    if at_work(conn):
        return {}
    found: dict[str, str] = json.loads(liveness.deserted(conn))
    keys = {
        str(row["id"]): row["key"]
        for row in conn.execute("SELECT id, key FROM job WHERE state = 'running'")
    }
    return {job_id: why for job_id, why in found.items() if _is_idle(home.job(keys[job_id]))}


def _is_idle(folder: Path) -> bool:
    """Whether nobody is in it, be it one that was begun and whose run-queue could not note it."""
    return not jobdir.is_starting(folder) and works_in(folder) is None


def _put_back(home: Home, conn: sqlite3.Connection, job_id: str) -> str:
    with transaction(conn):
        if job_id not in _deserted(home, conn):
            raise MendError("a run-queue has taken it up meanwhile")
        now, reason = time.time(), "its process was gone"
        conn.execute(_ENDED, [reason, now, job_id, job_id])
        state = conn.execute(_BACK, [reason, now, job_id]).fetchone()["state"]
    return f"job {job_id} is {state} again"
