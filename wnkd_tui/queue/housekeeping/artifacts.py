"""Artifacts that are half made, damaged or gone, and the jobs that have to make them again."""

import sqlite3
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from engine.artifacts import ArtifactStore
from wnkd_tui.home import Home
from wnkd_tui.queue.housekeeping import locks, trash
from wnkd_tui.queue.housekeeping.faults import Fault, MendError
from wnkd_tui.queue.housekeeping.waste import Sort, Waste, candidates, why_kept
from wnkd_tui.store.connection import transaction

# Whether a job that is not done needs what the job made.
_JOBS = """
SELECT job.id, job.key, job.name, job.state, EXISTS (
    SELECT 1 FROM job_input AS edge JOIN job AS user ON user.id = edge.job_id
    WHERE edge.input_id = job.id AND user.state != 'done') AS needed
FROM job WHERE job.state != 'running' ORDER BY job.id
"""
_AGAIN = """
UPDATE job SET state = 'waiting', reason = ?, result = NULL, done = 0, losses = 0, retry_at = NULL,
    finished_at = NULL WHERE key = ? AND state = 'done' RETURNING id
"""


def faulty(home: Home, conn: sqlite3.Connection) -> Iterator[Fault]:
    """Artifacts of done jobs that are gone, and those of all jobs that are not what was made."""
    store = ArtifactStore(home.artifacts)
    for row in conn.execute(_JOBS).fetchall():
        why = _fault(store, row["key"], row["state"] == "done")
        if why:
            needed = "an unfinished job needs it" if row["needed"] else "no unfinished job needs it"
            yield Fault(
                f"job {row['id']} ({row['name']}, {row['state']}): {why}; {needed}",
                partial(_mend, home, conn, row["key"]),
            )


def half_made(home: Home, conn: sqlite3.Connection) -> Iterator[Fault]:
    """What makers that are gone have left of artifacts."""
    for one in candidates(home):
        if one.sort is not Sort.HALF or why_kept(conn, one, time.time()) is not None:
            continue
        if one.lock and not locks.is_held(one.lock):
            says = f"{one.path} was left half made by a job that was killed"
            yield Fault(says, partial(_move_away, conn, one, one.lock))


def _fault(store: ArtifactStore, key: str, made: bool) -> str | None:
    """What is wrong with the artifact; nothing where it need not be there yet and is not."""
    return store.fault(key) if made or store.path(key).exists() else None


def _mend(home: Home, conn: sqlite3.Connection, key: str) -> str:
    """Moves the artifact away, if it is there, and lets its job wait if that was done."""
    store, done = ArtifactStore(home.artifacts), []
    with transaction(conn), locks.holding(locks.path_of(home.artifacts, key)) as is_ours:
        if not is_ours:
            raise MendError("it is being made just now")
        why = _fault(store, key, made=True)
        if why is None:
            raise MendError("it was mended meanwhile")
        if store.path(key).exists():
            trash.put(store.path(key), home.artifacts)
            done.append(f"moved artifact {key[:12]} away")
        for row in conn.execute(_AGAIN, [f"{why}: made again", key]):
            done.append(f"job {row['id']} waits to make it again")
    return ", ".join(done)


def _move_away(conn: sqlite3.Connection, one: Waste, lock: Path) -> str:
    with transaction(conn), locks.holding(lock) as is_ours:
        if not is_ours or why_kept(conn, one, time.time()) is not None:
            raise MendError("it is being made just now")
        trash.put(one.path, one.top)
    return f"moved {one.path.name[:12]}… away"
