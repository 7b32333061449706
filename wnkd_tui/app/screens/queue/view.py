"""What the queue page knows: the jobs, and the selected one's log and curves."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wnkd_tui.app.logs import job_log
from wnkd_tui.app.poller import Source
from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.rows import JobRow

CURVES = ("val_loss", "train_loss", "val_top1", "train_top1")
_BUCKETS = 160  # points of a curve: more than a wide terminal's cells
_LOG_LINES = 200
# What needs eyes comes first; within a state the queue's order, of the done the newest first.
_ORDER = ("running", "failed", "lost", "waiting", "paused", "cancelled", "done")

Points = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class JobDetail:
    """The selected job: its last log lines, and its curves as (step, value)."""

    job: JobRow
    log: tuple[str, ...]
    curves: Mapping[str, Points]


@dataclass(frozen=True)
class QueueView:
    jobs: tuple[JobRow, ...]
    detail: JobDetail | None


@dataclass(frozen=True)
class QueueQuestion:
    """`selected` None takes the first job of the list."""

    selected: int | None

    def read(self, source: Source) -> QueueView:
        conn, home = source.conn, source.home
        jobs = in_order(queries.jobs(conn))
        chosen = next((job for job in jobs if job.id == self.selected), jobs[0] if jobs else None)
        return QueueView(jobs, self._detail(conn, home, chosen) if chosen else None)

    def _detail(self, conn: sqlite3.Connection, home: Home, job: JobRow) -> JobDetail:
        found = queries.metrics(conn, job.id, CURVES, buckets=_BUCKETS)
        curves = {name: tuple(points) for name, points in found.items() if points}
        return JobDetail(job, job_log(home, job.key, _LOG_LINES), curves)


def in_order(jobs: Sequence[JobRow]) -> tuple[JobRow, ...]:
    """The jobs as the page lists them."""

    def place(job: JobRow) -> tuple[int, int, float]:
        if job.state == "done":
            return _ORDER.index(job.state), 0, -(job.finished_at or 0.0)
        return _ORDER.index(job.state), -job.priority, float(job.position)

    return tuple(sorted(jobs, key=place))
