"""Doing the queue's work and telling how it goes; `run-queue` and `demo` share it."""

import sqlite3
import time
from contextlib import closing

from wnkd_tui.cli.narrator import Narrator, narrator
from wnkd_tui.config import load
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.launchers import WarmLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.gpus import choose, look
from wnkd_tui.queue.notices import Notices
from wnkd_tui.queue.slots import find_slots
from wnkd_tui.queue.supervisor import Phase, Supervisor
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

LOOK_EVERY = 0.5  # seconds between two looks at the jobs
NOTE_EVERY = 30.0  # seconds at least between two lines on what keeps it from starting jobs


def work(
    home: Home,
    *,
    drain: bool,
    gpus: str | None = None,
    slots_per_gpu: int | None = None,
    slots: int | None = None,
) -> int:
    """Runs a supervisor here until it ends; its exit code (0, 1, or 130 after Ctrl-C).

    `gpus` names those to use, commas between. Raises SpecError where one of them is not here, or
    numbers do not fit together, ConfigError for a config.toml that cannot be.
    """
    found = look()
    places = find_slots(slots, slots_per_gpu, gpus=choose(found, gpus))
    config = load(home)
    with narrator() as telling, closing(Notices(config.notify, home)) as notices:
        with closing(connect(home)) as conn:
            _say_start(conn, telling, [place.name for place in places], found.why)
        executor = LocalExecutor(WarmLauncher(home.root / "warm.log"))
        supervisor = Supervisor(home, executor, places, config=config.queue, notices=notices)
        code = supervisor.run(drain, on_tick=_Watch(supervisor, telling, drain))
        with closing(connect(home)) as conn:
            telling.end(queries.jobs(conn))
    return code


def _say_start(conn: sqlite3.Connection, telling: Narrator, places: list[str], no_gpu: str) -> None:
    telling.start(queries.jobs(conn), places)
    if no_gpu:
        telling.say(f"no GPU: {no_gpu}; jobs run on the CPU")
    for other in queries.supervisors(conn, time.time()):
        if other.alive:
            telling.say(f"another run-queue works on this queue too ({other.host} {other.pid})")


class _Watch:
    """Called at every tick of the supervisor; looks at the jobs twice a second."""

    def __init__(self, supervisor: Supervisor, telling: Narrator, drain: bool) -> None:
        self._supervisor = supervisor
        self._telling = telling
        self._drain = drain
        self._next = self._next_note = 0.0  # on time.monotonic
        self._phase, self._note = Phase.WORKING, Phase.WORKING.value

    def __call__(self, conn: sqlite3.Connection) -> None:
        now = time.monotonic()
        self._say_note(now)
        if now >= self._next:
            self._next = now + LOOK_EVERY
            self._telling.look(queries.jobs(conn), idle_note=not self._drain)

    def _say_note(self, now: float) -> None:
        """What the supervisor does or waits for, when that has changed."""
        phase, note = self._supervisor.phase, self._supervisor.note
        if phase is self._phase and (note == self._note or now < self._next_note):
            return
        hint = "; Ctrl-C again stops them" if phase is Phase.FINISHING else ""
        self._telling.say(f"{note}{hint}")
        self._phase, self._note = phase, note
        self._next_note = now + NOTE_EVERY
