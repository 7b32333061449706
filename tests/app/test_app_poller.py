"""The thread that reads: new questions at once, changes as seldom as reading is slow."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from textual.message import Message

from wnkd_tui.app import poller
from wnkd_tui.app.poller import Answered, Poller, Source, Told, Unreadable
from wnkd_tui.home import Home
from wnkd_tui.store import commands

Database = Callable[[Home], sqlite3.Connection]


@dataclass(frozen=True)
class Counting:
    """How often the common part was made, and how often the whole was read."""

    name: str
    made: list[int] = field(default_factory=list, compare=False)
    takes: float = 0.0  # seconds

    def read(self, source: Source) -> tuple[str, int, float]:
        time.sleep(self.takes)
        self.made.append(source.once("common", time.monotonic_ns))
        return self.name, len(self.made), time.monotonic()


class Listening:
    def __init__(self, home: Home) -> None:
        self.answers: list[Answered] = []
        self.told: list[Told] = []
        self.came = threading.Condition()
        self.now = time.time()
        self.poller = Poller(lambda: home, self._take, every=0.01, clock=lambda: self.now)
        threading.Thread(target=self.poller.run, daemon=True).start()

    def _take(self, message: Message) -> None:
        with self.came:
            (self.answers if isinstance(message, Answered) else self.told).append(message)  # type: ignore[attr-defined]
            self.came.notify_all()

    def until(self, what: Callable[[], object]) -> None:
        with self.came:
            assert self.came.wait_for(what, timeout=30)


@pytest.fixture
def listening(home: Home):  # type: ignore[no-untyped-def]
    one = Listening(home)
    yield one
    one.poller.stop()


def test_questions_share_what_does_not_change(
    listening: Listening, home: Home, db: Database
) -> None:
    first, second = Counting("first"), Counting("second")
    for question in (first, second):
        listening.poller.ask(question)
        listening.until(
            lambda question=question: any(a.question == question for a in listening.answers)
        )
    assert first.made == second.made
    conn = db(home)
    commands.remember(conn, "a", "b")
    conn.close()
    listening.until(lambda: len(second.made) == 2)
    assert second.made[0] != second.made[1]


def test_what_ends_without_a_trace_in_the_database_is_seen(
    listening: Listening, home: Home, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a worker's process does, which is known to be gone by what it no longer writes."""
    monkeypatch.setattr(poller, "_LOOK", 0.01)
    with closing(db(home)) as conn:
        conn.execute("UPDATE supervisor SET heartbeat = ?", [listening.now])
    page = Counting("page")
    listening.poller.ask(page)
    listening.until(lambda: listening.told and listening.told[-1].status.workers)
    read = len(page.made)
    listening.now += 10_000.0
    listening.until(lambda: not listening.told[-1].status.workers and len(page.made) > read)


def test_slow_answers_are_not_asked_for_at_every_change(
    listening: Listening, home: Home, db: Database
) -> None:
    slow = Counting("slow", takes=0.05)
    listening.poller.ask(slow)
    listening.until(lambda: len(listening.answers) == 1)
    conn = db(home)
    for turn in range(20):
        commands.remember(conn, "turn", str(turn))
        listening.came.acquire()
        listening.came.wait(0.01)
        listening.came.release()
    conn.close()
    listening.until(lambda: len(slow.made) == 2)
    times = [answer.answer[2] for answer in listening.answers]
    assert times[1] - times[0] > 0.5  # ten times as long as it takes, at least


def test_keys_of_two_modules_never_meet(new_home: Home, db: Database) -> None:
    def rows() -> list[str]:
        return ["digits"]

    def names() -> str:
        return "digits"

    names.__module__ = "another"
    conn = db(new_home)
    source = Source(conn, new_home)
    assert source.once("datasets", rows) == ["digits"]
    assert source.once("datasets", names) == "digits"
    conn.close()


def test_an_unexpected_error_is_told_before_the_database_is_read_through(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class Bad:
        def read(self, source: Source) -> None:
            raise KeyError("best")

    def check(error: Exception, home: Home) -> str:
        assert told == ["'best'"]
        poller.stop()
        return "damaged"

    def take(message: Message) -> None:
        if isinstance(message, Unreadable):
            told.append(message.reason)

    monkeypatch.setattr("wnkd_tui.app.poller.fault_behind", check)
    poller = Poller(lambda: home, take)
    poller.ask(Bad())
    poller.run()
    assert told == ["'best'", "damaged"]
