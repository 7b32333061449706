"""What a person can do to trials and jobs. Deeds run one after another in a thread of their own;
each ends as a message, and `undo` takes back the last one."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message

from engine.errors import WnkdError
from wnkd_tui.app.screens.ask import Ask, Choice
from wnkd_tui.app.screens.dialog import Dialog
from wnkd_tui.app.undo import Did, Undo
from wnkd_tui.home import Home
from wnkd_tui.queue.wording import count
from wnkd_tui.store import commands, moving, undoing
from wnkd_tui.store.connection import StoreError, explained
from wnkd_tui.store.database import connect

if TYPE_CHECKING:
    from wnkd_tui.app.application import WnkdApp
    from wnkd_tui.queue.adding import TrialRequest

MANY = 20  # jobs; cancelling more of them at once is asked first
_NAMED = 6  # ids that a question names one by one

Deed = Callable[[sqlite3.Connection], Did]


class Done(Message):
    """A deed is done; `words` tell it in a line."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class Refused(Done):
    """A deed cannot be done; nothing changed."""


class Deeds:
    """Every method but `do` and `undo` takes ids; those that cannot be done are told, by why."""

    def __init__(self, app: "WnkdApp") -> None:
        self._app = app
        self._undo = Undo()
        self._thread = ThreadPoolExecutor(1, "deeds")  # in order: what undoes must see what did

    def do(self, deed: Deed) -> None:
        """Runs `deed` with a connection of its own; what it did can be undone by its inverse."""

        def run(home: Home) -> str:
            with closing(connect(home)) as conn:
                return self._done(deed(conn))

        self._start(run)

    def undo(self) -> None:
        """Undoes the last deed that is not undone yet."""
        self._start(self._undone)

    @property
    def undoable(self) -> str | None:
        """What `undo` would take back, in words."""
        last = self._undo.next  # once: the deeds' thread may take it away meanwhile
        return last.words if last else None

    # Jobs.

    def cancel(self, jobs: Sequence[int]) -> None:
        """Asks first where they are many."""
        deed = partial(self._wish, jobs, undoing.each(undoing.cancelled), "cancelled")
        if len(jobs) > MANY:
            self._ask(f"Cancel {count(len(jobs), 'job')}?", "cancel them", deed)
        else:
            deed()

    def retry(self, jobs: Sequence[int]) -> None:
        self._wish(jobs, undoing.each(undoing.retried), "queued again")

    def pause(self, jobs: Sequence[int]) -> None:
        self._wish(jobs, undoing.each(undoing.paused), "held")

    def resume(self, jobs: Sequence[int]) -> None:
        self._wish(jobs, undoing.each(undoing.resumed), "let go on")

    def to_top(self, jobs: Sequence[int]) -> None:
        self._wish(jobs, moving.to_top, "put first, with what is needed:")

    def to_back(self, jobs: Sequence[int]) -> None:
        self._wish(jobs, moving.to_back, "put last:")

    def up(self, jobs: Sequence[int]) -> None:
        self._wish(jobs, moving.up, "moved one up:")

    def down(self, jobs: Sequence[int]) -> None:
        self._wish(jobs, moving.down, "moved one down:")

    def lift(self, jobs: Sequence[int], step: int) -> None:
        self._wish(jobs, moving.by(step), f"{'raised' if step > 0 else 'lowered'} the priority of")

    def prioritise(self, jobs: Sequence[int], priority: int) -> None:
        self._wish(jobs, moving.at(priority), f"gave priority {priority} to")

    def _wish(self, jobs: Sequence[int], wish: undoing.Wish, done: str) -> None:
        def deed(conn: sqlite3.Connection) -> Did:
            outcome = undoing.act(conn, jobs, wish)
            if not outcome.done:
                raise StoreError(_why_not(jobs, outcome.refused))
            who = (
                f"job {outcome.done[0]}" if len(outcome.done) == 1 else f"{len(outcome.done)} jobs"
            )

            def inverse(conn: sqlite3.Connection) -> str:
                return _but(undoing.undo(conn, outcome.changes))

            return Did(f"{done} {who}", inverse, _but(outcome.refused))

        self.do(deed)

    # Trials.

    def remove_for(self, jobs: Sequence[int]) -> None:
        """Asks to remove the trials that need these jobs."""

        def run(home: Home) -> str:
            with closing(connect(home)) as conn:
                trials = undoing.trials_of(conn, jobs)
            self._app.call_later(self.remove, trials)
            return ""

        self._start(run)

    def remove(self, trials: Sequence[int]) -> None:
        """Asks first: a removed trial is gone, though its artifacts stay."""
        if not trials:
            return
        which = _named("trial", trials)

        def deed(conn: sqlite3.Connection) -> Did:
            commands.remove(conn, trials)
            return Did(f"removed {which}")

        question = f"Remove {which}? Jobs that no other trial needs go too; artifacts stay on disk."
        self._ask(question, f"remove {which}", lambda: self.do(deed))

    def demo(self) -> None:
        from wnkd_tui.queue.adding import demo_sweep  # late: pydantic, after the first page

        self.queue([demo_sweep()])

    def queue(self, requests: Sequence["TrialRequest"]) -> None:
        def run(home: Home) -> str:
            from wnkd_tui.queue.adding import queue_trials  # late, as in `demo`

            added = queue_trials(home, requests)
            trials, jobs = added.new_trials, added.new_jobs
            if not trials:
                return "nothing new: these trials are in the queue already"

            def inverse(conn: sqlite3.Connection) -> str:
                gone, begun = undoing.withdraw(conn, trials, jobs)
                if not gone:
                    raise StoreError(f"{begun} begun since then" if begun else "they are gone")
                return _but(Counter({"begun since then": begun}))

            words = f"queued {count(len(trials), 'trial')} with {count(len(jobs), 'new job')}"
            return self._done(Did(words, inverse))

        self._start(run)

    # How all of them run.

    def _ask(self, question: str, yes: str, go: Callable[[], None]) -> None:
        if isinstance(self._app.screen, Dialog):  # two quick keys are one question
            return

        def answer(value: str | None) -> None:
            if value == "yes":
                go()

        choices = [Choice("n", "keep", "no"), Choice("y", yes, "yes")]  # enter alone does nothing
        self._app.push_screen(Ask(question, choices), answer)

    def _done(self, did: Did) -> str:
        self._undo.push(did)
        return f"{did.words}{did.remark}{'; z undoes' if did.inverse else ''}"

    def _undone(self, home: Home) -> str:
        did = self._undo.pop()
        if did is None or did.inverse is None:
            raise StoreError("there is nothing to undo")
        try:
            with closing(connect(home)) as conn:
                return f"undone: {did.words}{did.inverse(conn)}"
        except StoreError as error:
            raise StoreError(f"cannot undo “{did.words}”: {error}") from None
        except (sqlite3.Error, OSError):
            self._undo.push(did)  # it can be tried again
            raise

    def _start(self, run: Callable[[Home], str]) -> None:
        self._thread.submit(self._run, run)

    def _run(self, run: Callable[[Home], str]) -> None:
        try:
            home = self._app.find()
            try:
                told: Done = Done(run(home))
            except sqlite3.Error as error:
                told = Refused(str(explained(error, home)))
        except (WnkdError, OSError) as error:
            told = Refused(str(error))
        if told.words:
            self._app.post_message(told)


def _but(refused: Counter[str]) -> str:
    """`; not 3: 2 done, 1 running`, empty where none was refused."""
    refused = +refused
    return f"; not {refused.total()}: {undoing.listed(refused)}" if refused else ""


def _why_not(jobs: Sequence[int], refused: Counter[str]) -> str:
    refused = +refused
    if len(jobs) == 1:
        return f"job {jobs[0]} is {next(iter(refused), 'so already')}"
    return f"none of these {len(jobs)} jobs: {undoing.listed(refused) or 'they are so already'}"


def _named(what: str, ids: Sequence[int]) -> str:
    """`trial 3`, `trials 1, 2, 3`, `120 trials (1, 2, 3, …)`."""
    if len(ids) == 1:
        return f"{what} {ids[0]}"
    if len(ids) <= _NAMED:
        return f"{what}s {', '.join(map(str, ids))}"
    return f"{len(ids)} {what}s ({', '.join(map(str, ids[:_NAMED]))}, …)"
