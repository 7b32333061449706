"""Processes that work on jobs of which the database says that nobody does."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from engine.process import ProcessId
from wnkd_tui.config import load
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import Alive
from wnkd_tui.queue.executors.handles import Handle
from wnkd_tui.queue.executors.launchers import PlainLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.executors.processes import family
from wnkd_tui.queue.housekeeping import trash
from wnkd_tui.queue.housekeeping.faults import Fault, MendError
from wnkd_tui.store import liveness

PATIENCE = 5.0  # seconds for what was killed to be gone
LOOK = 0.05  # seconds between two looks at what was asked to end


def works_in(folder: Path) -> ProcessId | None:
    """Who does the job of `folder` by its own word, if anything of it still runs here."""
    handle = Handle.recorded(folder)
    if handle is None or not handle.process.here or handle.left:
        return None
    return handle.process if family(handle.process) else None


def orphans(home: Home, conn: sqlite3.Connection) -> Iterator[Fault]:
    """Jobs' processes that no run-queue can know of: their job is not running, or is unknown.

    While a run-queue is at work only those of unknown jobs: it may be ending the others.
    """
    for folder in trash.entries(home.jobs):
        # The process first: one that is started after the look at the database is not judged.
        process = works_in(folder)
        if process and (whose := _unattended(conn, folder.name)):
            yield Fault(
                f"process {process.pid} works on {whose} in {folder}, unknown to any run-queue",
                lambda process=process, whose=whose: _end(home, process, whose),  # type: ignore[misc]
            )


def at_work(conn: sqlite3.Connection) -> bool:
    """Whether a run-queue is at work."""
    rows = conn.execute("SELECT process, beat, heartbeat FROM supervisor")
    return any(liveness.alive(*row) for row in rows)


def _unattended(conn: sqlite3.Connection, key: str) -> str | None:
    """The job of the folder `key` in words, None where a run-queue sees to it."""
    row = conn.execute(
        "SELECT id, state FROM job WHERE key BETWEEN ? AND ?", [key, f"{key}~"]
    ).fetchone()
    if row is None:
        return "a job that was removed"
    if row["state"] == "running" or at_work(conn):
        return None
    return f"job {row['id']} ({row['state']})"


def _end(home: Home, process: ProcessId, whose: str) -> str:
    """SIGTERM, the grace of the config, SIGKILL, to all that belongs to the process."""
    executor = LocalExecutor(PlainLauncher())
    grace = load(home).queue.grace
    handle = str(process)
    executor.cancel(handle, grace)
    deadline = time.monotonic() + grace + PATIENCE
    while isinstance(executor.poll(handle), Alive):
        if time.monotonic() > deadline:
            raise MendError(f"process {process.pid} does not end")
        time.sleep(LOOK)
    return f"ended process {process.pid} of {whose}"
