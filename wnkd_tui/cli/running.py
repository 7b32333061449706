"""Doing the queue's work and telling how it goes; `run-queue` and `demo` share it."""

import sqlite3
import time

from wnkd_tui.cli.narrator import Narrator, narrator
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.launchers import WarmLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.slots import find_slots
from wnkd_tui.queue.supervisor import Phase, Supervisor
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

LOOK_EVERY = 0.5  # seconds between two looks at the jobs


def work(home: Home, *, drain: bool, slots: int | None) -> int:
    """Runs a supervisor here until it ends; its exit code (0, 1, or 130 after Ctrl-C)."""
    places = find_slots(slots)
    with narrator() as telling:
        conn = connect(home)
        _say_start(conn, telling, [place.name for place in places])
        conn.close()
        supervisor = Supervisor(home, LocalExecutor(WarmLauncher(home.root / "warm.log")), places)
        code = supervisor.run(drain, on_tick=_Watch(supervisor, telling, drain))
        with connect(home) as conn:
            telling.end(queries.jobs(conn))
    return code


def _say_start(conn: sqlite3.Connection, telling: Narrator, places: list[str]) -> None:
    telling.start(queries.jobs(conn), places)
    for other in queries.supervisors(conn, time.time()):
        if other.alive:
            telling.say(f"another run-queue works on this queue too ({other.host} {other.pid})")


class _Watch:
    """Called at every tick of the supervisor; looks at the jobs twice a second."""

    def __init__(self, supervisor: Supervisor, telling: Narrator, drain: bool) -> None:
        self._supervisor = supervisor
        self._telling = telling
        self._drain = drain
        self._next = 0.0
        self._phase = Phase.WORKING

    def __call__(self, conn: sqlite3.Connection) -> None:
        if self._supervisor.phase is not self._phase:
            self._phase = self._supervisor.phase
            hint = "; Ctrl-C again stops them" if self._phase is Phase.FINISHING else ""
            self._telling.say(f"{self._phase.value}{hint}")
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK_EVERY
            self._telling.look(queries.jobs(conn), idle_note=not self._drain)
