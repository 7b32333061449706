"""Sees to it that queued jobs are done: claims, submits, listens, settles.

The database and the jobs' directories hold all that counts. A supervisor may be killed at any
point: its jobs live on, and the next one takes them over where it left them.
"""

import json
import os
import socket
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from enum import Enum

from engine.events import EXIT
from wnkd_tui.home import Home
from wnkd_tui.queue import jobdir
from wnkd_tui.queue.executors.base import Executor, ExecutorError, Gone
from wnkd_tui.queue.executors.processes import runs_since
from wnkd_tui.queue.ingest import ingest
from wnkd_tui.queue.signals import stopping_on_signals
from wnkd_tui.queue.slots import Slot
from wnkd_tui.store import work as store
from wnkd_tui.store.database import connect
from wnkd_tui.store.queries import HEARTBEAT_LIMIT
from wnkd_tui.store.work import Work

HEARTBEAT = 2.0  # seconds
START_GRACE = 5.0  # seconds in which a job that was submitted has told its process


class Phase(Enum):
    """What a supervisor still does; the value is its note for people."""

    WORKING = "working"
    FINISHING = "finishing: starts no more jobs"
    STOPPING = "stopping: its jobs go back to waiting"


class Supervisor:
    """Runs jobs of `home` on `executor`, at most one for each of `slots` on this machine.

    `poll` and `grace` (from asking a job to end to ending it) are in seconds.
    """

    def __init__(
        self,
        home: Home,
        executor: Executor,
        slots: Sequence[Slot],
        *,
        poll: float = 0.2,
        grace: float = 10.0,
    ) -> None:
        self._home = home
        self._executor = executor
        self._slots = {slot.name: slot for slot in slots}
        self._poll = poll
        self._grace = grace
        self._me = uuid.uuid4().hex
        self._host = socket.gethostname()
        self._started_at = time.time()
        self._next_beat = 0.0
        self._failures = 0
        self.phase = Phase.WORKING

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
                while not stop.is_set() and not self._over(conn, drain):
                    self._tick(conn)
                    if on_tick:
                        on_tick(conn)
                    stop.wait(self._poll)
            if signalled:
                return 130
            return int(self._failures > 0 or (drain and store.blocked(conn)))
        finally:
            store.dismiss(conn, self._me)
            conn.close()
            self._executor.close()

    def _over(self, conn: sqlite3.Connection, drain: bool) -> bool:
        if self.phase is not Phase.WORKING:
            return not store.mine(conn, self._me)
        return drain and not store.running(conn) and not store.ready(conn)

    def _tick(self, conn: sqlite3.Connection) -> None:
        try:
            self._look(conn)
        except sqlite3.OperationalError as error:
            # Everything done so far is in the database: what is left is done by the next tick.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise

    def _look(self, conn: sqlite3.Connection) -> None:
        self._show_life(conn)
        if self.phase is Phase.STOPPING:
            store.requeue(conn, self._me)
        for work in store.mine(conn, self._me):
            self._attend(conn, work)
        while self.phase is Phase.WORKING and self._start_one(conn):
            pass

    def _show_life(self, conn: sqlite3.Connection) -> None:
        now = time.time()
        if now < self._next_beat:
            return
        self._next_beat = now + HEARTBEAT
        note = self.phase.value
        store.beat(conn, self._me, self._host, os.getpid(), self._started_at, now, note)
        if self.phase is Phase.WORKING:
            store.adopt(conn, self._me, self._is_dead)

    def _is_dead(self, other: sqlite3.Row) -> bool:
        """Silent for too long; or of this host, and its process is not there."""
        if time.time() - other["heartbeat"] > HEARTBEAT_LIMIT:
            return True
        return other["host"] == self._host and not runs_since(other["pid"], other["started_at"])

    def _start_one(self, conn: sqlite3.Connection) -> bool:
        if not store.ready(conn) or not self._executor.ready():
            return False
        work = store.claim(
            conn,
            self._me,
            self._slots.keys(),
            time.time(),
            lambda claimed: jobdir.prepare(self._home, claimed),
        )
        if work is None:
            return False
        try:
            handle = self._executor.submit(self._home.job(work.key), self._slots[work.slot].env)
        except ExecutorError:
            self._settle(conn, work, "waiting")
            raise
        if not store.submitted(conn, self._me, work, handle):
            self._executor.cancel(handle, self._grace)
        return True

    def _attend(self, conn: sqlite3.Connection, work: Work) -> None:
        """Takes in what a running job says, passes on what people want of it, and its end."""
        if work.handle is None:
            self._recover(conn, work)
            return
        directory, handle = self._home.job(work.key), work.handle
        status = self._executor.poll(handle)
        work = ingest(conn, self._me, work, directory)
        if isinstance(status, Gone):
            self._settle_by(conn, work, jobdir.last_word(directory), status)
        elif work.wanted or self._overstays(work):
            self._executor.cancel(handle, self._grace)

    def _recover(self, conn: sqlite3.Connection, work: Work) -> None:
        """A job whose supervisor died while it submitted: it runs, or was never begun."""
        handle = self._executor.find(self._home.job(work.key))
        if handle is not None:
            store.submitted(conn, self._me, work, handle)
        elif time.time() - work.started_at > START_GRACE:
            self._settle(conn, work, work.wanted or "waiting")

    def _settle_by(
        self, conn: sqlite3.Connection, work: Work, word: jobdir.LastWord | None, gone: Gone
    ) -> None:
        """The state that follows from how a job ended and what people wanted of it."""
        if word and word.state == "done":
            self._settle(conn, work, "done", result=json.dumps(word.result))
        elif work.wanted:
            self._settle(conn, work, work.wanted)
        elif word is None:
            self._settle(conn, work, "lost", gone.reason or "its process is gone and said nothing")
        elif word.state == "failed":
            self._settle(conn, work, "failed", word.reason or "it gave no reason")
        else:
            self._settle(conn, work, "lost", "ended from outside wnkd (SIGTERM)")

    def _settle(
        self,
        conn: sqlite3.Connection,
        work: Work,
        state: str,
        reason: str | None = None,
        result: str | None = None,
    ) -> None:
        settled = store.settle(
            conn, self._me, work, state, now=time.time(), reason=reason, result=result
        )
        if settled and state in ("failed", "lost"):
            self._failures += 1

    def _overstays(self, work: Work) -> bool:
        """Said its last word a while ago and does not leave."""
        word = self._home.job(work.key) / EXIT
        return word.exists() and time.time() - word.stat().st_mtime > self._grace
