"""What run-queues have left of themselves."""

import sqlite3
import time
from collections.abc import Iterator
from functools import partial

from wnkd_tui.home import Home
from wnkd_tui.queue.housekeeping.faults import Fault
from wnkd_tui.store import liveness
from wnkd_tui.store.connection import transaction

AHEAD = 60.0  # seconds by which a heartbeat may lie ahead of this clock
_ROWS = "SELECT id, host, process, beat, heartbeat FROM supervisor ORDER BY started_at"


def of_the_future(home: Home, conn: sqlite3.Connection) -> Iterator[Fault]:
    """Heartbeats ahead of this clock, which was set back."""
    for row in conn.execute(_ROWS).fetchall():
        ahead = row["heartbeat"] - time.time()
        if ahead > AHEAD:
            lives = _lives(row)
            yield Fault(
                f"a run-queue on {row['host']} was heard of {ahead / 60:.0f} minutes from now:"
                " is this clock right? Jobs are not held up by it",
                None if lives else partial(_forget, conn, row["id"]),
            )


def summary(conn: sqlite3.Connection) -> str:
    """How many are at work, how many left without a word, and what runs on without them."""
    rows = conn.execute(_ROWS).fetchall()
    lives = sum(map(_lives, rows))
    text = f"{lives or 'none'} at work"
    if len(rows) > lives:
        text += f", {len(rows) - lives} gone without a word"
    running = conn.execute("SELECT count(*) FROM job WHERE state = 'running'").fetchone()[0]
    if running and not lives:
        text += f"; jobs running without one: {running} (wnkd run-queue takes them up)"
    return text


def _lives(row: sqlite3.Row) -> bool:
    return liveness.alive(row["process"], row["beat"], row["heartbeat"])


def _forget(conn: sqlite3.Connection, name: str) -> str:
    with transaction(conn):
        conn.execute("DELETE FROM supervisor WHERE id = ?", [name])
    return "forgot a run-queue that is gone"
