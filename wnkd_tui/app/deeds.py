"""What a person can do to trials and jobs. Every deed runs in a thread and ends as a message."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message

from engine.errors import WnkdError
from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.home import Home
from wnkd_tui.queue.wording import count
from wnkd_tui.store import commands, order
from wnkd_tui.store.database import connect, explained

if TYPE_CHECKING:
    from wnkd_tui.app.application import WnkdApp
    from wnkd_tui.queue.adding import TrialRequest


class Done(Message):
    """A deed is done; `words` tell it in a line."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class Refused(Done):
    """A deed cannot be done; nothing changed."""


class Deeds:
    def __init__(self, app: "WnkdApp") -> None:
        self._app = app

    def cancel(self, job: int) -> None:
        def deed(home: Home) -> str:
            with_connection(home, lambda conn: commands.cancel(conn, [job], "by hand"))
            return f"job {job} is cancelled; r lets it wait again"

        self._start(deed)

    def retry(self, job: int) -> None:
        def deed(home: Home) -> str:
            with_connection(home, lambda conn: commands.retry(conn, [job]))
            return f"job {job} waits again and goes on from its checkpoint"

        self._start(deed)

    def pause(self, job: int) -> None:
        def deed(home: Home) -> str:
            with_connection(home, lambda conn: commands.pause(conn, [job]))
            return f"job {job} is held; u lets it go on (a running one ends its epoch first)"

        self._start(deed)

    def resume(self, job: int) -> None:
        def deed(home: Home) -> str:
            with_connection(home, lambda conn: commands.resume(conn, [job]))
            return f"job {job} goes on where it was"

        self._start(deed)

    def to_front(self, job: int) -> None:
        def deed(home: Home) -> str:
            with_connection(home, lambda conn: order.to_front(conn, [job]))
            return f"job {job} is first in line, with what it needs"

        self._start(deed)

    def remove(self, trials: Sequence[int]) -> None:
        """Asks first: a removed trial is gone, though its artifacts stay."""
        if not trials:
            return
        which = _named("trial", trials)
        question = f"Remove {which}? Jobs that no other trial needs go too; artifacts stay on disk."
        choices = [Choice("y", f"remove {which}", "yes"), Choice("n", "keep", "no")]

        def deed(home: Home) -> str:
            with_connection(home, lambda conn: commands.remove(conn, trials))
            return f"{which} removed"

        def answer(value: str | None) -> None:
            if value == "yes":
                self._start(deed)

        self._app.push_screen(Ask(question, choices), answer)

    def demo(self) -> None:
        from wnkd_tui.queue.adding import demo_sweep

        self.queue([demo_sweep()])

    def queue(self, requests: Sequence["TrialRequest"]) -> None:
        def deed(home: Home) -> str:
            from wnkd_tui.queue.adding import queue_trials

            added = queue_trials(home, requests)
            trials, jobs = len(added.new_trials), len(added.new_jobs)
            if not trials:
                return "nothing new: these trials are in the queue already"
            return f"queued {count(trials, 'trial')} with {count(jobs, 'new job')}"

        self._start(deed)

    def _start(self, deed: Callable[[Home], str]) -> None:
        self._app.run_worker(partial(self._do, deed), thread=True, group="deeds")

    def _do(self, deed: Callable[[Home], str]) -> None:
        try:
            home = self._app.find()
            try:
                told: Done = Done(deed(home))
            except sqlite3.Error as error:
                told = Refused(str(explained(error, home)))
        except (WnkdError, OSError) as error:
            told = Refused(str(error))
        self._app.post_message(told)


def with_connection(home: Home, use: Callable[..., object]) -> None:
    """Calls `use` with a connection that is closed afterwards."""
    conn = connect(home)
    try:
        use(conn)
    finally:
        conn.close()


def _named(what: str, ids: Sequence[int]) -> str:
    return f"{what}{'s' if len(ids) > 1 else ''} {', '.join(map(str, ids))}"
