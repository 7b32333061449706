"""Event files of jobs that have ended, of which the database has not all."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from engine.events import EVENTS
from wnkd_tui.home import Home
from wnkd_tui.queue.housekeeping.faults import Fault
from wnkd_tui.queue.ingest import news
from wnkd_tui.store.connection import transaction

_ENDED = "SELECT id, key, events_offset FROM job WHERE state != 'running' ORDER BY id"
# A running job's events are its run-queue's to read. Rows have keys: none is doubled.
_READ = """
UPDATE job SET events_offset = :offset, done = coalesce(:done, done),
    total = coalesce(:total, total), unit = coalesce(:unit, unit)
WHERE id = :id AND state != 'running' AND events_offset = :before
"""
_ROWS = "INSERT OR REPLACE INTO metric (job_id, name, step, value) VALUES (?, ?, ?, ?)"


def unread(home: Home, conn: sqlite3.Connection) -> Iterator[Fault]:
    """Files with whole lines behind what was read; a line that was cut short is nobody's fault."""
    for row in conn.execute(_ENDED).fetchall():
        path = home.job(row["key"]) / EVENTS
        if found := news(path, row["events_offset"]):
            size = found.offset - row["events_offset"]
            yield Fault(
                f"job {row['id']}: {size} bytes or more of {path} are not in the database",
                partial(_read, conn, row["id"], path),
            )


def _read(conn: sqlite3.Connection, job_id: int, path: Path) -> str:
    """Reads on to the end, a stretch in a transaction."""
    count = 0
    while True:
        with transaction(conn):
            job = conn.execute("SELECT events_offset FROM job WHERE id = ?", [job_id]).fetchone()
            found = news(path, job["events_offset"]) if job else None
            if found is None:
                break
            progress = found.progress or {}
            values = {"id": job_id, "before": job["events_offset"], "offset": found.offset}
            values |= {name: progress.get(name) for name in ("done", "total", "unit")}
            if conn.execute(_READ, values).rowcount != 1:  # it runs again
                break
            conn.executemany(_ROWS, ((job_id, *metric) for metric in found.metrics))
            count += len(found.metrics)
    return f"job {job_id}: read its events on, {count} numbers"
