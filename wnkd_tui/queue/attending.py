"""Looks after a supervisor's running jobs: listens, passes on wishes, settles how they ended."""

import sqlite3
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from engine.events import EXIT
from engine.process import ProcessId, uptime
from wnkd_tui.config import QueueConfig
from wnkd_tui.home import Home
from wnkd_tui.queue import jobdir
from wnkd_tui.queue.endings import End, ending, oom_kills
from wnkd_tui.queue.executors.base import Alive, Executor, Gone
from wnkd_tui.queue.ingest import ingest
from wnkd_tui.store import work as store
from wnkd_tui.store.work import Ending, Work

START_GRACE = 5.0  # seconds in which a job that was submitted has told its process


@dataclass
class _Run:
    """What one supervisor remembers of an attempt; another one that adopts it knows less."""

    attempt: int
    began: float | None = None  # on `uptime`; None for one that was adopted
    oom_kills: int | None = None  # of the kernel, when the attempt began
    seen: float = field(default_factory=time.monotonic)  # first
    alive: bool = False  # whether it was seen to run
    word_seen: float | None = None  # its last word, first, on time.monotonic
    no_room: bool = False  # whether the disk was full at some time
    to_pause: bool | None = None  # what it was told last; None: nothing by us
    shown: Alive = field(default_factory=Alive)  # what the database has of it


class Attendant:
    """Attends the running jobs of supervisor `me`; `on_end` is told of each that it settled."""

    def __init__(
        self,
        home: Home,
        executor: Executor,
        me: str,
        config: QueueConfig,
        on_end: Callable[[sqlite3.Connection, Work, Ending], None],
    ) -> None:
        self._home = home
        self._executor = executor
        self._me = me
        self._config = config
        self._on_end = on_end
        self._runs: dict[int, _Run] = {}

    def begin(self, work: Work) -> None:
        """An attempt begins now."""
        self._runs[work.id] = _Run(work.attempt, uptime(), oom_kills())

    def forget_all_but(self, works: Collection[Work]) -> None:
        """What is no longer ours ended, or was adopted."""
        kept = {work.id for work in works}
        self._runs = {job_id: run for job_id, run in self._runs.items() if job_id in kept}

    def note_full_disk(self) -> None:
        """The disk is full: runs that end without a word may have had no room for it."""
        for run in self._runs.values():
            run.no_room = True

    def attend(self, conn: sqlite3.Connection, work: Work, *, stopping: bool) -> None:
        """Takes in what a running job says, passes on what people want of it, and its end.

        `stopping`: the run-queue is being stopped, and all its jobs with it.
        """
        run = self._runs.get(work.id)
        if run is None or run.attempt != work.attempt:
            run = self._runs[work.id] = _Run(work.attempt)
        if work.handle is None:
            self._recover(conn, work, run)
            return
        directory, handle = self._home.job(work.key), work.handle
        status = self._executor.poll(handle)
        work = ingest(conn, self._me, work, directory)
        if isinstance(status, Gone):
            self._end(conn, work, run, status, stopping)
            return
        run.alive = True
        self._show(conn, work, run, status)
        self._ask_to_pause(work, run)
        ends = ("cancelled", "waiting", *(["paused"] if status.waits else []))
        if stopping or work.wanted in ends or self._overstays(run, directory):
            self._executor.cancel(handle, self._config.grace)

    def _show(self, conn: sqlite3.Connection, work: Work, run: _Run, status: Alive) -> None:
        """Lets people see where a cluster has the job."""
        if status != run.shown:
            store.moved(conn, self._me, work, **vars(status))
            run.shown = status

    def _ask_to_pause(self, work: Work, run: _Run) -> None:
        """Once, and again when that is another wish: its file may be on a network's disk."""
        wanted = work.wanted == "paused"
        if run.to_pause is not wanted:
            jobdir.ask_to_pause(self._home.job(work.key), wanted)
            run.to_pause = wanted

    def never_begun(self, conn: sqlite3.Connection, work: Work) -> None:
        """Puts back a job that was claimed and not submitted."""
        state = work.wanted or "waiting"
        self._settle(conn, work, Ending("stopped", state, losses=work.losses), None)

    def _recover(self, conn: sqlite3.Connection, work: Work, run: _Run) -> None:
        """A job whose supervisor died while it submitted: it runs, or was never begun."""
        directory = self._home.job(work.key)
        if jobdir.is_starting(directory):  # that supervisor is not dead but stopped
            return
        handle = self._executor.find(directory)
        if handle is not None:
            store.submitted(conn, self._me, work, handle)
        elif time.monotonic() - run.seen > START_GRACE:
            self.never_begun(conn, work)

    def _end(
        self, conn: sqlite3.Connection, work: Work, run: _Run, gone: Gone, stopping: bool
    ) -> None:
        if gone.last is not None:
            self._show(conn, work, run, gone.last)
        kills = oom_kills()
        end = End(
            word=jobdir.last_word(self._home.job(work.key)),
            gone=gone,
            stopped=stopping,
            out_of_memory=None not in (kills, run.oom_kills) and kills != run.oom_kills,
            no_room=run.no_room,
            full_before=store.full_before(conn, work),
        )
        self._settle(conn, work, ending(work, end, self._config), _seconds(work, run, gone))

    def _settle(
        self, conn: sqlite3.Connection, work: Work, how: Ending, seconds: float | None
    ) -> None:
        if store.settle(conn, self._me, work, how, now=time.time(), seconds=seconds):
            self._on_end(conn, work, how)

    def _overstays(self, run: _Run, directory: Path) -> bool:
        """Said its last word a while ago and does not leave."""
        if not (directory / EXIT).exists():
            return False
        run.word_seen = run.word_seen or time.monotonic()
        return time.monotonic() - run.word_seen > self._config.grace


def _seconds(work: Work, run: _Run, gone: Gone) -> float | None:
    """How long an attempt took; None where nobody saw when it ended, or began."""
    if gone.seconds is not None:
        return gone.seconds
    if run.began is not None:
        return uptime() - run.began
    process = ProcessId.parse(work.handle or "")
    if run.alive and process and process.boot and process.here:
        return uptime() - process.started
    return None
