"""Starts jobs: claims the next one, prepares its directory, and hands it to the executor."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import ExitStack

from engine.artifacts import ArtifactStore
from wnkd_tui.config import QueueConfig
from wnkd_tui.home import Home
from wnkd_tui.queue import jobdir
from wnkd_tui.queue.attending import Attendant
from wnkd_tui.queue.executors.base import Executor, ExecutorError, NotNowError
from wnkd_tui.queue.placement import Placement
from wnkd_tui.queue.slots import Slot
from wnkd_tui.store import claims
from wnkd_tui.store import work as store
from wnkd_tui.store.work import Work

# A search that finds no job is repeated so that it takes a tenth of the time at most: to look
# through 50,000 jobs that wait for others takes a tenth of a second.
SEARCH_SHARE = 10
SEARCH_LIMIT = 2.0  # seconds to the next search at most


class Starter:
    """Fills the `slots` of supervisor `me` on `host`; `attendant` is told what begins."""

    def __init__(
        self,
        home: Home,
        executor: Executor,
        slots: Sequence[Slot],
        *,
        me: str,
        host: str,
        config: QueueConfig,
        attendant: Attendant,
    ) -> None:
        self._home = home
        self._executor = executor
        self._slots = {slot.name: slot for slot in slots}
        self._me = me
        self._host = host
        self._config = config
        self._attendant = attendant
        self._place = Placement(slots, config)
        self._artifacts = ArtifactStore(home.artifacts)
        self._next_search = 0.0  # on time.monotonic

    @property
    def note(self) -> str | None:
        """What jobs wait for that could start otherwise."""
        return self._place.note

    def wake(self) -> None:
        """A job has ended: others may be ready now."""
        self._next_search = 0.0

    def start(self, conn: sqlite3.Connection) -> int | None:
        """How many jobs it started; None where it did not look for one now.

        Raises ExecutorError where no job can be run.
        """
        began = time.monotonic()
        if began < self._next_search:
            return None
        started = 0
        while self._start_one(conn):
            started += 1
            began = time.monotonic()
        spent = time.monotonic() - began
        self._next_search = time.monotonic() + min(SEARCH_SHARE * spent, SEARCH_LIMIT)
        return started

    def _start_one(self, conn: sqlite3.Connection) -> bool:
        now = time.time()
        horizon = now + self._config.backoff_limit
        if not self._slots.keys() - claims.taken_slots(conn, self._host):
            return False
        if not claims.ready(conn, now, horizon) or not self._executor.ready():
            return False
        with ExitStack() as held:

            def prepare(work: Work) -> None:
                jobdir.prepare(self._home, work)
                held.enter_context(jobdir.starting(self._home.job(work.key)))

            try:
                work = claims.claim(
                    conn,
                    self._me,
                    self._host,
                    now,
                    self._place,
                    prepare,
                    has=lambda key: self._artifacts.fault(key) is None,
                    horizon=horizon,
                )
            except BlockingIOError:  # another supervisor looks at the job's directory just now
                return False
            if work is None:
                return False
            self._submit(conn, work)
        return True

    def _submit(self, conn: sqlite3.Connection, work: Work) -> None:
        self._attendant.begin(work)
        try:
            handle = self._executor.submit(self._home.job(work.key), self._slots[work.slot].env)
        except NotNowError:
            self._attendant.never_begun(conn, work)
            return
        except (ExecutorError, OSError):
            self._attendant.never_begun(conn, work)
            raise
        if not store.submitted(conn, self._me, work, handle):
            self._executor.cancel(handle, self._config.grace)
