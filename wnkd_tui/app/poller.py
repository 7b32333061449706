"""Reads the database beside the screen: one thread, one connection, one question at a time.

A page asks a `Question`; the poller answers it again whenever the database changes and posts the
answer where it differs from the last one. Nothing here touches a widget.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from textual.message import Message

from engine.errors import WnkdError
from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect, fault_behind

Clock = Callable[[], float]


class Question(Protocol):
    """What a page wants to know. Equal questions have equal answers while nothing changes."""

    def read(self, conn: sqlite3.Connection, home: Home) -> Any:
        """The answer, a frozen dataclass. Called in the poller's thread."""


@dataclass(frozen=True)
class Live:
    """A `run-queue` at work. Its heartbeat is left out: the header would change with each."""

    pid: int
    host: str
    held_up: str | None = None  # what keeps it from starting jobs


@dataclass(frozen=True)
class Status:
    """What every page's header tells."""

    home: str
    counts: Mapping[str, int]
    workers: tuple[Live, ...]


class Told(Message):
    """The header's figures changed."""

    def __init__(self, status: Status) -> None:
        super().__init__()
        self.status = status


class Answered(Message):
    """A question's answer, new or changed."""

    def __init__(self, question: Question, answer: Any) -> None:
        super().__init__()
        self.question, self.answer = question, answer


class Unreadable(Message):
    """The database cannot be read; `reason` is one line for people."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Poller:
    """`run` is a thread's body; `ask`, `nudge` and `stop` are called from any other."""

    def __init__(
        self,
        find: Callable[[], Home],
        post: Callable[[Message], object],
        *,
        every: float = 0.5,
        clock: Clock = time.time,
    ) -> None:
        self._find, self._post, self._every, self._clock = find, post, every, clock
        self._question: Question | None = None
        self._forced = False
        self._stopped = False
        self._woken = threading.Event()

    def ask(self, question: Question) -> None:
        """Answers `question` from now on, at once and even if it was answered before."""
        self._question = question
        self.nudge()

    def nudge(self) -> None:
        """Looks again at once: something was written, or the disk is mended."""
        self._forced = True
        self._woken.set()

    def stop(self) -> None:
        self._stopped = True
        self._woken.set()

    def run(self) -> None:
        while not self._stopped:
            try:
                self._watch()
            except Exception as error:  # noqa: BLE001 - a dead thread would leave an old screen
                self._post(Unreadable(self._reason(error)))
                self._woken.wait()  # until a person has mended it and says so
                self._woken.clear()

    def _reason(self, error: Exception) -> str:
        """One line for people; of a damaged database, what is wrong with it."""
        says = str(error).splitlines()[0] if str(error) else repr(error)
        if isinstance(error, WnkdError | OSError):
            return says
        try:
            return fault_behind(error, self._find()) or says
        except (WnkdError, OSError) as home_error:
            return str(home_error)

    def _watch(self) -> None:
        home = self._find()
        conn = connect(home)
        try:
            version: int = -1
            asked: Question | None = None
            told: Status | None = None
            answered: Any = None
            while not self._stopped:
                if not home.db.exists():
                    raise FileNotFoundError(f"the database {home.db} is gone")
                forced, self._forced = self._forced, False
                now_at = conn.execute("PRAGMA data_version").fetchone()[0]
                changed = forced or now_at != version
                status = self._status(conn, home)
                if status != told:
                    self._post(Told(status))
                question = self._question
                if question is not None and (changed or question != asked):
                    answer = question.read(conn, home)
                    if forced or (question, answer) != (asked, answered):
                        self._post(Answered(question, answer))
                    answered = answer
                version, asked, told = now_at, question, status
                self._woken.wait(self._every)
                self._woken.clear()
        finally:
            conn.close()

    def _status(self, conn: sqlite3.Connection, home: Home) -> Status:
        found = queries.supervisors(conn, self._clock())
        live = tuple(Live(row.pid, row.host, row.held_up) for row in found if row.alive)
        return Status(str(home.root), queries.counts(conn), live)
