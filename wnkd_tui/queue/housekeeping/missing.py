"""Files that a person gave to trials: only a person can bring them back."""

import re
import sqlite3
from collections.abc import Iterator

from wnkd_tui.home import Home
from wnkd_tui.queue.housekeeping.faults import Fault

_NAME = re.compile(r'file:([^"\\/]+)')
_UNFINISHED = "SELECT id, spec FROM job WHERE state NOT IN ('done', 'cancelled') ORDER BY id"


def given_files(home: Home, conn: sqlite3.Connection) -> Iterator[Fault]:
    """Of jobs that have still to be done."""
    needed: dict[str, list[int]] = {}
    for row in conn.execute(_UNFINISHED):
        for name in sorted(set(_NAME.findall(row["spec"]))):
            needed.setdefault(name, []).append(row["id"])
    for name, jobs in needed.items():
        if not (home.files / name).exists():
            who = f"job {jobs[0]} needs" if len(jobs) == 1 else f"{len(jobs)} jobs need"
            yield Fault(
                f"{name}, which {who}, is gone from {home.files}: queue the trial again with"
                " the file that you gave (--set, --encoder)"
            )
