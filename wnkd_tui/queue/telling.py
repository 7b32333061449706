"""What a supervisor tells people who are not looking: failures, finished trials, an empty queue."""

import json
import sqlite3

from wnkd_tui.queue.notices import Notices, trial_finished
from wnkd_tui.store import claims, queries
from wnkd_tui.store import work as store
from wnkd_tui.store.work import Ending, Work


class Teller:
    """Knows what is news; sends nothing where there are no `notices`."""

    def __init__(self, notices: Notices | None) -> None:
        self._notices = notices
        self._busy = False  # whether there was work since the queue was last said to be empty

    def work_began(self) -> None:
        """A job was started, or taken over."""
        self._busy = True

    def job_ended(self, conn: sqlite3.Connection, work: Work, how: Ending) -> None:
        """A job of ours is in another state now."""
        if self._notices is None:
            return
        if how.state in ("failed", "lost"):
            name = json.loads(work.spec)["name"]
            where = queries.attempts(conn, work.id)[-1].where
            text = f"job {work.id} {name} {'failed' if how.state == 'failed' else 'was lost'}"
            text += f" ({where}): {how.reason}"
            facts = {"job": work.id, "name": name, "state": how.state, "reason": how.reason}
            facts["where"] = where
            self._notices.tell("failed", text, **facts)
        elif how.state == "done":
            for trial in store.finished_trials(conn, work.id):
                text, facts = trial_finished(
                    queries.trial(conn, trial), queries.jobs(conn, trial=trial)
                )
                self._notices.tell("finished", text, **facts)

    def look(self, conn: sqlite3.Connection) -> None:
        """Tells, once, that nothing is left that could be done."""
        if self._notices is None or not self._busy:
            return
        if claims.running(conn) or claims.pending(conn):
            return
        self._busy = False
        counts = queries.counts(conn)
        left = [f"{count} {state}" for state, count in counts.items() if state != "done"]
        text = f"the queue is empty{': left are ' if left else ''}{', '.join(left)}"
        self._notices.tell("empty", text, **counts)
