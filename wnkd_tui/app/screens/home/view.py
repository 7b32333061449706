"""What Home knows: the first few of each kind, and how many there are. Nothing here reads a list
that grows with the home."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from wnkd_tui.app.poller import Live, Source
from wnkd_tui.app.screens.home.latest import FEW, Result, latest
from wnkd_tui.app.screens.home.latest import MOST as RESULTS
from wnkd_tui.home import Home
from wnkd_tui.queue.playing import Forecast
from wnkd_tui.store import queries
from wnkd_tui.store.rows import JobRow

_TOLD = ("running", "waiting", "failed", "lost")  # states with a section of their own
MOST = 16  # lines of each kind: more than a screen has room for
_FRESH = 60.0  # seconds after which it is no longer told that the database was brought up to date

_RUNNING = "SELECT id FROM job WHERE state = 'running' ORDER BY started_at LIMIT ?"
_BAD = (
    "SELECT id FROM job WHERE state IN ('failed', 'lost')"
    " ORDER BY finished_at DESC, id DESC LIMIT ?"
)
_NEXT = (
    "SELECT id FROM job INDEXED BY ix_job_waiting WHERE state = 'waiting'"
    " ORDER BY priority DESC, position LIMIT ?"
)
# With how many are done: what the last results rest on.
_ENDED = """
SELECT (SELECT finished_at FROM job INDEXED BY ix_job_done WHERE state = 'done'
    ORDER BY finished_at DESC LIMIT 1), (SELECT count(*) FROM trial), (SELECT max(id) FROM trial)
"""


@dataclass(frozen=True)
class HomeView:
    """`counts` of jobs by state; `said` is a line on the database itself. `empty`: nothing was ever
    queued."""

    empty: bool
    said: str
    now: float
    counts: Mapping[str, int] = field(default_factory=dict)
    workers: tuple[Live, ...] = ()
    running: tuple[JobRow, ...] = ()
    bad: tuple[JobRow, ...] = ()
    waiting: tuple[JobRow, ...] = ()
    forecast: Forecast = field(default_factory=Forecast)
    results: tuple[Result, ...] = ()


@dataclass(frozen=True)
class HomeQuestion:
    """`foresee` asks for the forecast too, which takes its time with the first one."""

    foresee: bool

    def read(self, source: Source) -> HomeView:
        conn, now = source.conn, source.clock()
        said = _said(source.home, now)
        if conn.execute("SELECT 1 FROM trial LIMIT 1").fetchone() is None:
            return HomeView(True, _lost(source.home) or said, now)
        supervisors = queries.supervisors(conn, now)
        # A job that runs is shown as lost where its process is gone: both are looked through.
        running = _jobs(conn, _ids(conn, _RUNNING, 4 * MOST))
        gone = [job for job in running if job.state == "lost"]
        running = [job for job in running if job.state == "running"]
        foreseen = Forecast()
        if self.foresee:
            from wnkd_tui.queue.forecast import (
                forecast,  # with pydantic: not before the first answer
            )

            foreseen = source.once("forecast", lambda: forecast(source.home, conn, now))
        counts = source.once("counts", lambda: queries.counts(conn))
        most = FEW if any(counts.get(state) for state in _TOLD) else RESULTS
        ended = counts.get("done", 0), *conn.execute(_ENDED).fetchone()
        return HomeView(
            empty=False,
            said=said,
            now=now,
            counts=counts,
            workers=tuple(Live(row.pid, row.host, row.held_up) for row in supervisors if row.alive),
            running=tuple(running[:MOST]),
            bad=tuple([*gone, *_jobs(conn, _ids(conn, _BAD, MOST))][:MOST]),
            waiting=_next(conn, foreseen),
            forecast=foreseen,
            results=source.lasting("latest", (ended, most), lambda: latest(conn, most)),
        )


def _next(conn: sqlite3.Connection, foreseen: Forecast) -> tuple[JobRow, ...]:
    """Those that start next; where that is not known, as they stand in line, and what others hold
    up behind them."""
    known = sorted(foreseen.start, key=lambda id: (foreseen.start[id], id))[:MOST]
    line = [id for id in _ids(conn, _NEXT, 4 * MOST) if id not in foreseen.start]
    jobs = _jobs(conn, [*known, *line][: 4 * MOST])
    return tuple(sorted(jobs, key=lambda job: job.reason is not None)[:MOST])


def _ids(conn: sqlite3.Connection, select: str, most: int) -> list[int]:
    return [row["id"] for row in conn.execute(select, [most])]


def _jobs(conn: sqlite3.Connection, ids: Sequence[int]) -> list[JobRow]:
    """In the order of `ids`."""
    found = {job.id: job for job in queries.jobs(conn, ids=ids, per_class=False)}
    return [found[id] for id in ids if id in found]


def _said(home: Home, now: float) -> str:
    """That an older database was brought up to date, for a minute."""
    for copy in home.backups[:2]:
        if ".before-" in copy.name and 0 <= now - copy.stat().st_mtime < _FRESH:
            return f"an older wnkd's database was brought up to date; {copy.name} is as it was"
    return ""


def _lost(home: Home) -> str:
    """Of a home without trials: that it had some, and where they may still be."""
    if not home.backups:
        return ""
    kept = home.backups[0]
    at = datetime.fromtimestamp(kept.stat().st_mtime)
    return (
        f"This home held trials before: {kept.name} is a copy of {at:%Y-%m-%d %H:%M}. To have it"
        f" back: ctrl+q, then in {home.root}: mv wnkd.db wnkd.db.new; cp {kept.name} wnkd.db"
    )
