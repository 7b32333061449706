"""Starts jobs: claims the next one, prepares its directory, and hands it to the executor.

With `fuse` a student takes others along that are ready and of its company (engine.together): they
share its process and its slot.
"""

import json
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack

from engine.artifacts import ArtifactStore
from engine.together import company
from wnkd_tui.config import QueueConfig
from wnkd_tui.home import Home
from wnkd_tui.queue import jobdir
from wnkd_tui.queue.attending import Attendant
from wnkd_tui.queue.executors.base import Executor, ExecutorError, NotNowError, Together
from wnkd_tui.queue.placement import Placement
from wnkd_tui.queue.slots import Slot
from wnkd_tui.store import claims
from wnkd_tui.store import work as store
from wnkd_tui.store.work import Candidate, Work

# A search that finds no job is repeated so that it takes a tenth of the time at most: to look
# through 50,000 jobs that wait for others takes a tenth of a second.
SEARCH_SHARE = 10
SEARCH_LIMIT = 2.0  # seconds to the next search at most
FILL = 1.0  # seconds of starting jobs, then those that run are looked at, and life is shown


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
        self._line: list[int] = []  # jobs that a search found ready, and that are not begun

    @property
    def note(self) -> str | None:
        """What jobs wait for that could start otherwise."""
        return self._place.note

    def wake(self) -> None:
        """A job has ended: others may be ready now."""
        self._next_search = 0.0

    def start(self, conn: sqlite3.Connection) -> int | None:
        """How many jobs it started; None where it did not look for one now. Where many slots are
        free, it goes on the next time.

        Raises ExecutorError where no job can be run.
        """
        first = began = time.monotonic()
        if began < self._next_search:
            return None
        started, self._line = 0, []
        free = len(self._slots.keys() - claims.taken_slots(conn, self._host))
        while free and (more := self._start_next(conn)):
            started, free = started + more, free - 1
            began = time.monotonic()
            if began - first > FILL:
                return started
        spent = time.monotonic() - began
        self._next_search = time.monotonic() + min(SEARCH_SHARE * spent, SEARCH_LIMIT)
        return started

    def _start_next(self, conn: sqlite3.Connection) -> int:
        """Starts the next job and those that share its process; how many."""
        now = time.time()
        self._line = self._line or claims.line(conn, now, self._horizon(now))
        if not self._line or not self._executor.ready():
            return 0
        with ExitStack() as held:
            first = self._claim(conn, held, now, self._place)
            if first is None:
                return 0
            # What is claimed and not submitted, the attendant puts back after a while.
            works = [first, *self._company(conn, held, now, first)]
            self._submit(conn, works)
        return len(works)

    def _company(
        self, conn: sqlite3.Connection, held: ExitStack, now: float, first: Work
    ) -> Iterator[Work]:
        """Jobs that `first` shares its process and its slot with, claimed one by one."""
        spec = json.loads(first.spec)
        wanted = company(spec["kind"], spec["settings"])
        if wanted is None or not isinstance(self._executor, Together):
            return

        def place(candidate: Candidate, taken: Collection[str]) -> str | None:
            of = company(candidate.kind, json.loads(candidate.spec)["settings"])
            fits = of == wanted and self._place.beside(first.slot, candidate)
            return first.slot if fits else None

        for _ in range(self._config.fuse - 1):
            work = self._claim(conn, held, now, place)
            if work is None:
                return
            yield work

    def _claim(
        self, conn: sqlite3.Connection, held: ExitStack, now: float, place: claims.Place
    ) -> Work | None:
        """The first job that `place` has a slot for; until `held` ends all see that it starts."""

        def prepare(work: Work) -> None:
            jobdir.prepare(self._home, work, ranks=self._slots[work.slot].ranks)
            held.enter_context(jobdir.starting(self._home.job(work.key)))

        try:
            work = claims.claim(
                conn,
                self._me,
                self._host,
                now,
                place,
                prepare,
                has=lambda key: self._artifacts.fault(key) is None,
                horizon=self._horizon(now),
                among=self._line,
            )
        except BlockingIOError:  # another supervisor looks at the job's directory just now
            return None
        if work is not None:
            self._line = [id for id in self._line if id != work.id]
        return work

    def _horizon(self, now: float) -> float:
        return now + self._config.backoff_limit

    def _submit(self, conn: sqlite3.Connection, works: Sequence[Work]) -> None:
        for work in works:
            self._attendant.begin(work)
        directories = [self._home.job(work.key) for work in works]
        env = self._slots[works[0].slot].env
        try:
            if len(works) > 1 and isinstance(self._executor, Together):
                handles = self._executor.submit_together(directories, env)
            else:
                handles = [self._executor.submit(directories[0], env)]
        except (ExecutorError, OSError) as error:
            for work in works:
                self._attendant.never_begun(conn, work)
            if isinstance(error, NotNowError):
                return
            raise
        for work, handle in zip(works, handles, strict=True):
            if not store.submitted(conn, self._me, work, handle, len(works)):
                self._executor.cancel(handle, self._config.grace)
