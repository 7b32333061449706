"""What the queue page knows: which jobs there are, the rows in sight, and one job in full."""

import sqlite3
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from wnkd_tui.app.listing import Listing, Window
from wnkd_tui.app.logs import job_log
from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.searching import Found, Known, find, known, values
from wnkd_tui.home import Home
from wnkd_tui.queue.forecast import forecast
from wnkd_tui.store import liveness, queries
from wnkd_tui.store.find.listing import Search
from wnkd_tui.store.rows import AttemptRow, CurvePoint, JobRow

CURVES = ("val_loss", "train_loss", "val_top1", "train_top1")
_BUCKETS = 160  # points of a curve: more than a wide terminal's cells
_LOG_LINES = 200
_USERS = 20  # jobs that need the selected one and are named

Points = tuple[CurvePoint, ...]


@dataclass(frozen=True)
class JobDetail:
    """The selected job: its last log lines, its curves and its runs.

    `needs` are the jobs it needs, each with how many steps away it is; `users` the first of those
    that need it, `used` how many do, by state. `place`: in line, from 1, of one that waits.
    """

    job: JobRow
    log: tuple[str, ...]
    curves: Mapping[str, Points]
    attempts: tuple[AttemptRow, ...]
    needs: tuple[tuple[int, JobRow], ...]
    users: tuple[JobRow, ...]
    used: Mapping[str, int]
    place: int | None = None


@dataclass(frozen=True)
class Gone:
    """A `run-queue` that has not ended by itself; `heard` in UTC seconds."""

    pid: int
    host: str
    heard: float


@dataclass(frozen=True)
class QueueView(Found[JobRow]):
    """`starts`: of waiting jobs, when they will probably start, in UTC seconds."""

    detail: JobDetail | None = None
    starts: Mapping[int, float] = field(default_factory=dict)
    gone: tuple[Gone, ...] = ()


@dataclass(frozen=True)
class QueueQuestion:
    """`selected` None takes the first job of the list."""

    selected: int | None = None
    search: Search = field(default_factory=Search)
    window: Window = field(default_factory=Window)
    completing: bool = False

    def read(self, source: Source) -> QueueView:
        conn = source.conn
        # Of a job whose process ends by itself nobody writes a word.
        deserted = liveness.deserted(conn)
        keys, error = find(source, "jobs", self.search, deserted)
        rows = source.once(
            ("near", self.search, self.window, deserted), lambda: _rows(conn, self.window.of(keys))
        )
        chosen = self.selected if self.selected is not None else next(iter(keys), None)
        played = source.once("forecast", lambda: forecast(source.home, conn, source.clock())).start
        return QueueView(
            Listing(keys, rows),
            source.once("all jobs", lambda: sum(queries.counts(conn).values())),
            error,
            known(source) if self.completing else Known(),
            values(source, "jobs", self.search, self.window.of(keys), deserted),
            _detail(source, rows, chosen),
            {id: played[id] for id in self.window.of(keys) if id in played},
            tuple(_gone(conn, source.clock())),
        )


def _rows(conn: sqlite3.Connection, ids: Sequence[int]) -> Mapping[Hashable, JobRow]:
    return {job.id: job for job in queries.jobs(conn, ids=ids, per_class=False)}


def _detail(
    source: Source, rows: Mapping[Hashable, JobRow], chosen: int | None
) -> JobDetail | None:
    conn = source.conn
    if chosen is None:
        return None
    job = rows.get(chosen) or _rows(conn, [chosen]).get(chosen)
    return _told(conn, source.home, job) if job else None


def _told(conn: sqlite3.Connection, home: Home, job: JobRow) -> JobDetail:
    found = queries.curves(conn, job.id, CURVES, _BUCKETS)
    rows = conn.execute(
        "SELECT id, state FROM job_input JOIN job ON job.id = job_input.job_id"
        " WHERE input_id = ? GROUP BY id ORDER BY state = 'done', position",
        [job.id],
    ).fetchall()
    first = [row["id"] for row in rows[:_USERS]]
    users = {user.id: user for user in queries.jobs(conn, ids=first, per_class=False)}
    return JobDetail(
        job,
        job_log(home, job.key, _LOG_LINES),
        {name: tuple(points) for name, points in found.items() if points},
        tuple(queries.attempts(conn, job.id)),
        tuple(_needs(conn, job)),
        tuple(users[id] for id in first),
        Counter(row["state"] for row in rows),
        queries.in_line(conn, job.id),
    )


def _needs(conn: sqlite3.Connection, job: JobRow) -> list[tuple[int, JobRow]]:
    """What the job needs, and that in turn, each once and below the first that needs it."""
    known: dict[int, JobRow] = {}
    wanted = set(job.inputs)
    while wanted:
        found = queries.jobs(conn, ids=wanted, per_class=False)
        known |= {one.id: one for one in found}
        wanted = {id for one in found for id in one.inputs} - known.keys()
    told: list[tuple[int, JobRow]] = []
    seen: set[int] = set()

    def tell(ids: tuple[int, ...], depth: int) -> None:
        for id in ids:
            if id in known and id not in seen:
                seen.add(id)
                told.append((depth, known[id]))
                tell(known[id].inputs, depth + 1)

    tell(job.inputs, 1)
    return told


def _gone(conn: sqlite3.Connection, now: float) -> list[Gone]:
    found = queries.supervisors(conn, now)
    return [Gone(row.pid, row.host, row.heartbeat) for row in found if not row.alive]
