"""Reads the database beside the screen: one thread, one connection, one question at a time.

A page asks a `Question`; the poller answers it again when the database changes and posts the answer
where it differs from the last one. A new question is answered at once; an old one is looked at
again so seldom that reading takes a small part of the time. Nothing here touches a widget.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from textual.message import Message

from engine.errors import WnkdError
from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.connection import FAULTS
from wnkd_tui.store.database import connect
from wnkd_tui.store.soundness import fault_behind

Clock = Callable[[], float]
Known = TypeVar("Known")
_REST = 19  # times as long as reading took is rested before an unasked reading
_LOOK = 2.0  # seconds after which supervisors are looked at though nothing was written


@dataclass(frozen=True)
class Source:
    """What a question is answered from; `clock` gives UTC seconds."""

    conn: sqlite3.Connection
    home: Home
    clock: Clock = time.time
    _kept: dict[Hashable, Any] = field(default_factory=dict)
    _lasting: dict[Hashable, tuple[Any, Any]] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], Known]) -> Known:
        """`make()`, made once until the database changes: for what questions have in common.

        A key counts within the module that `make` was written in.
        """
        place = make.__module__, key
        if place not in self._kept:
            self._kept[place] = make()
        known: Known = self._kept[place]
        return known

    def lasting(self, key: Hashable, rests_on: Any, make: Callable[[], Known]) -> Known:
        """`make()`, made once until what it `rests_on` is another: for what is dear to read, and
        stays the same through most changes of the database."""
        place = make.__module__, key
        if place not in self._lasting or self._lasting[place][0] != rests_on:
            self._lasting[place] = rests_on, make()
        known: Known = self._lasting[place][1]
        return known

    def changed(self) -> None:
        """The database is another one than it was."""
        self._kept.clear()


class Question(Protocol):
    """What a page wants to know. Equal questions have equal answers while nothing changes."""

    def read(self, source: Source) -> Any:
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
        self._asked = False
        self._forced = False
        self._stopped = False
        self._woken = threading.Event()

    def ask(self, question: Question) -> None:
        """Answers `question` from now on, at once and even if it was answered before."""
        self._question = question
        self._asked = True
        self._woken.set()

    @property
    def question(self) -> Question | None:
        """The one that is being answered."""
        return self._question

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
                self._tell(error)
                self._woken.wait()  # until a person has mended it and says so
                self._woken.clear()

    def _tell(self, error: Exception) -> None:
        """Tells it in one line at once; then, where a damaged database may be behind it, what is
        wrong with that, for which all of it is read."""
        if not isinstance(error, FAULTS):
            self._post(Unreadable(str(error).splitlines()[0] if str(error) else repr(error)))
        if isinstance(error, WnkdError | OSError):
            return
        try:
            if found := fault_behind(error, self._find()):
                self._post(Unreadable(found))
        except (WnkdError, OSError) as home_error:
            self._post(Unreadable(str(home_error)))

    def _watch(self) -> None:
        home = self._find()
        conn = connect(home)
        source = Source(conn, home, self._clock)
        try:
            version: int = -1
            told: Status | None = None
            answered: Any = None
            looked = rested = 0.0  # times on the monotonic clock: of the last look, of the next
            while not self._stopped:
                if not home.db.exists():
                    raise FileNotFoundError(f"the database {home.db} is gone")
                forced, self._forced = self._forced, False
                again, self._asked = self._asked, False
                now, question = time.monotonic(), self._question
                now_at = conn.execute("PRAGMA data_version").fetchone()[0]
                changed = forced or (now_at != version and now >= rested)
                if changed:
                    source.changed()
                if changed or now - looked >= _LOOK:
                    looked = now
                    if (status := self._status(conn, home)) != told:
                        self._post(Told(status))
                        told = status
                        version = -1  # a process that is gone leaves no trace in the database
                if question is not None and (changed or again):
                    answer = question.read(source)
                    if forced or again or answer != answered:
                        self._post(Answered(question, answer))
                    answered = answer
                if changed:
                    version = now_at
                if changed or again:
                    rested = now + (_REST + 1) * (time.monotonic() - now)
                self._woken.wait(self._every)
                self._woken.clear()
        finally:
            conn.close()

    def _status(self, conn: sqlite3.Connection, home: Home) -> Status:
        found = queries.supervisors(conn, self._clock())
        live = tuple(Live(row.pid, row.host, row.held_up) for row in found if row.alive)
        return Status(str(home.root), queries.counts(conn), live)
