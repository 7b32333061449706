"""Who does the queue's work: the register of supervisors, and whose the running jobs are."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from engine.process import uptime
from wnkd_tui.store import liveness
from wnkd_tui.store.connection import transaction

HELD_UP = ("paused:", "waits for")  # how a supervisor's note begins that tells of a hindrance


@dataclass(frozen=True)
class SupervisorRow:
    """A `run-queue`; `alive` while its heartbeat is fresh and, where it can be seen, its process
    runs."""

    id: str
    host: str
    pid: int
    started_at: float
    heartbeat: float
    note: str | None
    process: str | None
    beat: float | None
    alive: bool

    @property
    def held_up(self) -> str | None:
        """What keeps it from starting jobs, in its own words; None where nothing does."""
        return self.note if self.note and self.note.startswith(HELD_UP) else None


def supervisors(conn: sqlite3.Connection, now: float) -> list[SupervisorRow]:
    """Every known `run-queue`, the newest first; `now` in UTC seconds, for an older wnkd's."""
    rows = conn.execute("SELECT * FROM supervisor ORDER BY started_at DESC").fetchall()
    return [
        SupervisorRow(
            **row, alive=liveness.alive(row["process"], row["beat"], row["heartbeat"], now)
        )
        for row in rows
    ]


def beat(
    conn: sqlite3.Connection,
    me: str,
    *,
    host: str,
    pid: int,
    process: str,
    started_at: float,
    now: float,
    note: str,
) -> None:
    """Shows that supervisor `me` lives and what it does."""
    conn.execute(
        "INSERT OR REPLACE INTO supervisor"
        " (id, host, pid, process, started_at, heartbeat, beat, note)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [me, host, pid, process, started_at, now, uptime(), note],
    )


def dismiss(conn: sqlite3.Connection, me: str) -> None:
    """Supervisor `me` has left: what it still had running may be adopted."""
    conn.execute("DELETE FROM supervisor WHERE id = ?", [me])


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
    """Wishes all running jobs of supervisor `me` back to waiting, but those that a person wants
    cancelled or paused."""
    conn.execute(
        "UPDATE job SET wanted = 'waiting'"
        " WHERE supervisor = ? AND state = 'running' AND wanted IS NULL",
        [me],
    )
