"""What the app's pages wait for in the database: a chart's curves, and filters over all trials."""

import sqlite3
import statistics
import time
from collections.abc import Callable

FILTERS = (
    "dataset:cifar100 wn:>=50 state:done acc:>60",
    "state:failed",
    "T_m",
    "recipe:paper -dataset:digits seed:0,1,2",
    "tx:>80 image:<50",
)
SORTS = ("acc", "tx", "name")


def long_job(conn: sqlite3.Connection, points: int) -> tuple[int, int]:
    """The job with so many points, and its trial."""
    return tuple(
        conn.execute(
            "SELECT job.id, trial_job.trial_id FROM job JOIN trial_job ON trial_job.job_id = job.id"
            " WHERE job.total = ?",
            [points],
        ).fetchone()
    )


def chart(conn: sqlite3.Connection, job: int, runs: int = 5) -> float:
    """Seconds for the curves of `job`, thinned to what a chart shows."""
    from wnkd_tui.store import queries

    return _median(lambda: queries.curves(conn, job), runs)


def filters(conn: sqlite3.Connection, runs: int = 3) -> dict[str, float]:
    """Seconds by filter, then by column that is sorted by: from the text to all ids in order."""
    from wnkd_tui.store.find.listing import Search, trial_ids

    asked = {text: Search(text) for text in FILTERS}
    asked |= {f"sort {name}": Search("", name, True) for name in SORTS}
    return {
        name: _median(lambda search=search: trial_ids(conn, search), runs)
        for name, search in asked.items()
    }


def _median(measured: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        measured()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
