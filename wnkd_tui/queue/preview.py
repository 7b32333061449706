"""What queueing would add: counted by content key, before anything is written."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wnkd_tui.home import Home
from wnkd_tui.queue.adding import FIRST_DATASET, LAST_DATASET, TrialRequest, plans_of
from wnkd_tui.queue.estimate import NOTHING, Estimate, estimate
from wnkd_tui.queue.wording import count
from wnkd_tui.store import queries


@dataclass(frozen=True)
class Preview:
    """Trials asked for, how many of them are new, and what their jobs would be."""

    trials: int = 0
    new_trials: int = 0
    new_jobs: int = 0
    shared_jobs: int = 0  # there already: done, or queued for another trial
    estimate: Estimate = NOTHING

    def text(self) -> str:
        if not self.trials:
            return "nothing chosen"
        if not self.new_trials:
            return f"{count(self.trials, 'trial')}, queued or done already"
        there = self.trials - self.new_trials
        known = f" ({there} there)" if there else ""
        return (
            f"{count(self.trials, 'trial')}{known}: {count(self.new_jobs, 'new job')},"
            f" {self.shared_jobs} shared"
        )


def last_dataset(conn: sqlite3.Connection) -> str:
    return queries.setting(conn, LAST_DATASET) or FIRST_DATASET


def preview(home: Home, conn: sqlite3.Connection, requests: Sequence[TrialRequest]) -> Preview:
    """Raises StoreError or SpecError where a request makes no sense."""
    plans = {one.key: one for request in requests for one in plans_of(conn, request)[1]}
    if not plans:
        return Preview()
    wanted = {job.key for one in plans.values() for job in one.jobs}
    there = _known(conn, "job", wanted)
    return Preview(
        trials=len(plans),
        new_trials=len(plans.keys() - _known(conn, "trial", plans)),
        new_jobs=len(wanted - there),
        shared_jobs=len(wanted & there),
        estimate=estimate(home, conn, list(plans.values())),
    )


def _known(conn: sqlite3.Connection, table: str, keys: Collection[str]) -> set[str]:
    """Those of `keys` that the table has."""
    select = f"SELECT key FROM {table} WHERE key IN (SELECT value FROM json_each(?))"
    return {row["key"] for row in conn.execute(select, [json.dumps(list(keys))])}
