"""Sees to it that queued jobs are done: has them started and attended, until told to end.

The database and the jobs' directories hold all that counts. A supervisor may be killed at any
point: its jobs live on, and the next one takes them over where it left them.
"""

import os
import socket
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum

from engine.errors import WnkdError
from engine.process import ProcessId
from wnkd_tui.config import QueueConfig
from wnkd_tui.home import Home
from wnkd_tui.queue import disk
from wnkd_tui.queue.attending import Attendant
from wnkd_tui.queue.executors.base import Executor, Gone
from wnkd_tui.queue.notices import Notices
from wnkd_tui.queue.signals import stopping_on_signals
from wnkd_tui.queue.slots import Slot
from wnkd_tui.queue.starting import Starter
from wnkd_tui.queue.telling import Teller
from wnkd_tui.store import claims, supervisors
from wnkd_tui.store import work as store
from wnkd_tui.store.database import connect
from wnkd_tui.store.liveness import HEARTBEAT, alive
from wnkd_tui.store.work import Ending, Work

REST = 4  # times as long as the look at all jobs took is rested before the next one


class Phase(Enum):
    """What a supervisor still does; the value is its note for people."""

    WORKING = "working"
    FINISHING = "finishing: starts no more jobs"
    STOPPING = "stopping: its jobs go back to waiting"


class Supervisor:
    """Runs jobs of `home` on `executor`, at most one for each of `slots` on this machine.

    `poll` is in seconds: how often it looks at its jobs, where none of them ends before; more
    seldom where they are so many that a look takes long. `notices` are told of what people want to
    know; who made them closes them.
    """

    def __init__(
        self,
        home: Home,
        executor: Executor,
        slots: Sequence[Slot],
        *,
        config: QueueConfig,
        notices: Notices | None = None,
        poll: float = 0.2,
    ) -> None:
        self._home = home
        self._executor = executor
        self._config = config
        self._teller = Teller(notices)
        self._poll = poll
        self._me = uuid.uuid4().hex
        self._host = socket.gethostname()
        self._started_at = time.time()
        self._attendant = Attendant(home, executor, self._me, config, self._ended)
        self._starter = Starter(
            home,
            executor,
            slots,
            me=self._me,
            host=self._host,
            config=config,
            attendant=self._attendant,
        )
        self._next_beat = 0.0  # on time.monotonic
        self._looked = 0.0  # seconds that the last look at the jobs took
        self._shown: str | None = None  # how the note begins that others see
        self._trouble: str | None = None
        self._failures = 0
        self.phase = Phase.WORKING

    @property
    def note(self) -> str:
        """One line for people: what it does, or what keeps it from it."""
        if self.phase is not Phase.WORKING:
            return f"{self.phase.value}; {self._trouble}" if self._trouble else self.phase.value
        return self._trouble or self._starter.note or self._executor.note or self.phase.value

    def finish(self) -> None:
        """Start nothing more; `run` returns when the running jobs have ended."""
        if self.phase is Phase.WORKING:
            self.phase = Phase.FINISHING

    def interrupt(self) -> None:
        """Ask the running jobs to end and put them back to waiting, to resume later."""
        self.phase = Phase.STOPPING

    def run(
        self,
        drain: bool,
        stop: threading.Event | None = None,
        on_tick: Callable[[sqlite3.Connection], None] | None = None,
    ) -> int:
        """Works until told to end, or, with `drain`, until nothing is left that could be done.

        `stop` ends it at once and leaves running jobs to the next supervisor. `on_tick` is called
        after each look at the jobs. In the main thread the first SIGINT means `finish`, a second
        one and SIGTERM `interrupt`.

        Returns 130 where a signal ended it; 1 where a job failed or was lost, or `drain` leaves
        jobs that wait for such a one; else 0. Raises ExecutorError where no job can be run.
        """
        stop = stop or threading.Event()
        conn = connect(self._home)
        try:
            with stopping_on_signals(self) as signalled:
                while not stop.is_set():
                    over = self._tick(conn, drain)
                    if on_tick:
                        self._tell(conn, on_tick)
                    if over:
                        break
                    rest = min(REST * self._looked, HEARTBEAT)
                    self._executor.wait(max(self._poll, rest))
            if signalled:
                return 130
            return int(self._failures > 0 or (drain and claims.blocked(conn)))
        finally:
            with suppress(sqlite3.OperationalError):  # it is seen to be dead all the same
                supervisors.dismiss(conn, self._me)
            conn.close()
            self._executor.close()

    def _tick(self, conn: sqlite3.Connection, drain: bool) -> bool:
        """Whether all is done. What a full disk or another writer keeps it from, the next tick
        does: all that was done so far is in the database."""
        short = disk.shortage(self._home, self._config.free_disk)
        if short:
            self._trouble = short
            self._attendant.note_full_disk()
        try:
            self._look(conn, room=short is None)
            self._trouble = short
            return self._over(conn, drain)
        except (sqlite3.OperationalError, OSError, WnkdError) as error:
            if disk.is_full(error, short is not None):
                self._trouble = short or f"paused: disk full ({error})"
                self._attendant.note_full_disk()
                return self._abandoned(conn)
            if not _is_busy(error):
                raise
            return False

    def _tell(
        self, conn: sqlite3.Connection, on_tick: Callable[[sqlite3.Connection], None]
    ) -> None:
        """What is told of a tick may find no room either: a log can be on the same disk."""
        try:
            on_tick(conn)
        except (sqlite3.OperationalError, OSError) as error:
            if not disk.is_full(error, self._trouble is not None) and not _is_busy(error):
                raise

    def _look(self, conn: sqlite3.Connection, *, room: bool) -> None:
        works = store.mine(conn, self._me)
        stopping = self.phase is Phase.STOPPING
        if stopping:
            for work in works:  # before anything is written: there may be no room for that
                if work.handle:
                    self._executor.cancel(work.handle, self._config.grace)
            supervisors.requeue(conn, self._me)
        if self._show_life(conn) or stopping:
            works = store.mine(conn, self._me)
        self._attendant.forget_all_but(works)
        began = time.monotonic()
        for work in works:
            self._attendant.attend(conn, work, stopping=stopping)
        self._looked = time.monotonic() - began
        if self.phase is Phase.WORKING and room:
            started = self._starter.start(conn)
            if started:
                self._teller.work_began()
            elif started is not None:
                self._teller.look(conn)

    def _over(self, conn: sqlite3.Connection, drain: bool) -> bool:
        if self.phase is not Phase.WORKING:
            return not store.mine(conn, self._me)
        return drain and not claims.running(conn) and not claims.pending(conn)

    def _abandoned(self, conn: sqlite3.Connection) -> bool:
        """Whether it is to stop, its jobs have ended, and there is no room to write that down: the
        next run-queue does."""
        return self.phase is Phase.STOPPING and all(
            isinstance(self._executor.poll(work.handle), Gone)
            for work in store.mine(conn, self._me)
            if work.handle
        )

    def _show_life(self, conn: sqlite3.Connection) -> bool:
        """Writes its heartbeat when that is due; whether it took over another one's jobs."""
        now = time.monotonic()
        note = self.note
        what = note.partition(" ")[0]  # figures in it change all the time: they can wait
        if now < self._next_beat and what == self._shown:
            return False
        supervisors.beat(
            conn,
            self._me,
            host=self._host,
            pid=os.getpid(),
            process=str(ProcessId.of(os.getpid())),
            started_at=self._started_at,
            now=time.time(),
            note=note,
        )
        self._next_beat, self._shown = now + HEARTBEAT, what
        if self.phase is not Phase.WORKING or not supervisors.adopt(conn, self._me, _is_dead):
            return False
        self._teller.work_began()
        return True

    def _ended(self, conn: sqlite3.Connection, work: Work, how: Ending) -> None:
        self._starter.wake()
        self._failures += how.state in ("failed", "lost")
        self._teller.job_ended(conn, work, how)


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _is_dead(other: sqlite3.Row) -> bool:
    return not alive(other["process"], other["beat"], other["heartbeat"])
