"""Which job is next, and taking it: one transaction a claim, so that no job is claimed twice.

Of the jobs that could start, those of a higher priority come first; of equal ones those of the
trial that has the fewest running jobs; then they go by position. What is not ready is passed over
by an index of waiting jobs alone, and only the first ones that are ready are put in order.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator

from wnkd_tui.store.connection import transaction
from wnkd_tui.store.states import BLOCKED
from wnkd_tui.store.work import WORK, Candidate, Work

WINDOW = 500  # ready jobs among which fairness is sought: more than there are slots, trial by trial
RECENT = 500  # runs that are asked for what a job may take of its GPU, jobs of the host's memory

# `now` and `horizon` in UTC seconds. A time beyond the horizon was set by a clock since put back.
_READY = """
job.state = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM job_input AS edge JOIN job AS input ON input.id = edge.input_id
    WHERE edge.job_id = job.id AND input.state != 'done')
"""
_DUE = "(job.retry_at IS NULL OR job.retry_at <= :now OR job.retry_at > :horizon)"
_QUEUE = "FROM job INDEXED BY ix_job_waiting WHERE"
_AMONG = "FROM json_each(:among) AS chosen CROSS JOIN job ON job.id = chosen.value WHERE"
_ORDER = "ORDER BY job.priority DESC, job.position, job.id"
# `busy`: how many jobs run of that trial of a job that has the fewest.
_CANDIDATES = f"""
WITH load(trial_id, jobs) AS MATERIALIZED (
    SELECT trial_id, count(*) FROM job JOIN trial_job ON trial_job.job_id = job.id
    WHERE job.state = 'running' GROUP BY trial_id)
SELECT job.id, job.priority, coalesce((
    SELECT min(coalesce((SELECT jobs FROM load WHERE load.trial_id = mine.trial_id), 0))
    FROM trial_job AS mine WHERE mine.job_id = job.id), 0) AS busy
%s {_READY} AND {_DUE} {_ORDER}
"""
# Jobs of the same kind for the same recipe and dataset as that of `:id`.
_ALIKE = """
EXISTS (
    SELECT 1 FROM trial_job AS theirs JOIN trial AS one ON one.id = theirs.trial_id
    JOIN trial_job AS ours ON ours.job_id = :id JOIN trial AS other ON other.id = ours.trial_id
    WHERE theirs.job_id = recent.job_id
        AND one.recipe = other.recipe AND one.dataset = other.dataset)
"""
# The last attempt of such a one on this host.
_MEMORY = f"""
SELECT recent.memory FROM (
    SELECT job_id, memory, started_at FROM attempt
    WHERE memory IS NOT NULL AND host = :host ORDER BY started_at DESC LIMIT :recent) AS recent
JOIN job ON job.id = recent.job_id AND job.kind = :kind AND job.name = :name
WHERE {_ALIKE} ORDER BY recent.started_at DESC LIMIT 1
"""
# The newest of such jobs that this host has done; students are many, and few of one name.
_HOST_MEMORY = f"""
SELECT run.host_memory FROM (
    SELECT id AS job_id, attempt FROM job INDEXED BY ix_job_name
    WHERE kind = :kind AND name = :name AND state = 'done' ORDER BY id DESC LIMIT :recent) AS recent
JOIN attempt AS run ON run.job_id = recent.job_id AND run.number = recent.attempt
    AND run.host = :host AND run.host_memory IS NOT NULL
WHERE {_ALIKE} LIMIT 1
"""

Place = Callable[[Candidate, Collection[str]], str | None]


def line(conn: sqlite3.Connection, now: float, horizon: float) -> list[int]:
    """The first jobs that could be claimed, in the queue's order; see `claim` for the times."""
    select = f"SELECT job.id {_QUEUE} {_READY} AND {_DUE} {_ORDER} LIMIT {WINDOW}"
    return [row["id"] for row in conn.execute(select, {"now": now, "horizon": horizon})]


def pending(conn: sqlite3.Connection) -> bool:
    """Whether a job could be claimed now or, being lost, in a while."""
    return conn.execute(f"SELECT 1 {_QUEUE} {_READY} LIMIT 1").fetchone() is not None


def running(conn: sqlite3.Connection) -> bool:
    """Whether anybody runs a job."""
    return conn.execute("SELECT 1 FROM job WHERE state = 'running'").fetchone() is not None


def blocked(conn: sqlite3.Connection) -> bool:
    """Whether a waiting job cannot start because of one that failed, was lost or cancelled."""
    select = (
        f"{BLOCKED} SELECT 1 FROM blocked JOIN job AS culprit ON culprit.id = blocked.culprit"
        " WHERE culprit.state != 'paused' LIMIT 1"
    )
    return conn.execute(select).fetchone() is not None


def taken_slots(conn: sqlite3.Connection, host: str) -> set[str]:
    """The slots of `host` that somebody uses; of a job whose host is not known, as well."""
    rows = conn.execute(
        "SELECT job.slot FROM job LEFT JOIN attempt"
        " ON attempt.job_id = job.id AND attempt.number = job.attempt"
        " WHERE job.state = 'running' AND coalesce(attempt.host, :host) = :host",
        {"host": host},
    )
    return {row["slot"] for row in rows}


def claim(
    conn: sqlite3.Connection,
    me: str,
    host: str,
    now: float,
    place: Place,
    prepare: Callable[[Work], None],
    *,
    has: Callable[[str], bool],
    horizon: float = float("inf"),
    among: Collection[int] | None = None,
) -> Work | None:
    """Takes the first job that can start and for which `place` has a slot; None: there is none.

    Of a `line` that was found just now, `among` is what is left: no other is looked for then.
    `place` is given the slots of `host` that are in use; None from it passes the job over. `has`
    tells whether the artifact with a key is there: an input whose artifact is gone waits to be made
    again, and so does the job. `prepare` runs before the claim counts: a supervisor that is killed
    or fails meanwhile leaves the job waiting. A job that was lost starts at its `retry_at`, unless
    that lies beyond `horizon`: then a clock was put back. Times in UTC seconds.
    """
    with transaction(conn):
        taken = taken_slots(conn, host)
        remade = True
        while remade:
            remade = False
            for job_id in _in_order(conn, now, horizon, among):
                if _make_again(conn, job_id, has):
                    remade, among = True, None
                    continue
                candidate = _candidate(conn, job_id, host)
                slot = place(candidate, taken)
                if slot is None:
                    continue
                work = _begin(conn, candidate, me, host, slot, now)
                prepare(work)
                return work
    return None


def _in_order(
    conn: sqlite3.Connection, now: float, horizon: float, among: Collection[int] | None
) -> Iterator[int]:
    """The jobs to try, the first one first; one may come twice."""
    candidates = _CANDIDATES % (_QUEUE if among is None else _AMONG)
    known = {"now": now, "horizon": horizon, "among": json.dumps(among and [*among])}
    first = conn.execute(f"{candidates} LIMIT 1", known).fetchone()
    if first is None:
        return
    if not first["busy"]:  # then it is the best there can be, and the rest need not be looked at
        yield first["id"]
    found = conn.execute(f"{candidates} LIMIT {WINDOW}", known).fetchall()
    for row in sorted(found, key=lambda row: (-row["priority"], row["busy"])):
        yield row["id"]


def _candidate(conn: sqlite3.Connection, job_id: int, host: str) -> Candidate:
    job = conn.execute("SELECT id, key, kind, name, spec FROM job WHERE id = ?", [job_id])
    row = dict(job.fetchone())
    known = {"id": job_id, "host": host, "kind": row["kind"], "name": row["name"]}
    took = [conn.execute(one, {**known, "recent": RECENT}) for one in (_MEMORY, _HOST_MEMORY)]
    memory, host_memory = ((found.fetchone() or (None,))[0] for found in took)
    return Candidate(**row, memory=memory, host_memory=host_memory)


def _make_again(conn: sqlite3.Connection, job_id: int, has: Callable[[str], bool]) -> bool:
    """Lets the job's inputs wait whose artifacts are gone; whether there are such."""
    inputs = conn.execute(
        "SELECT DISTINCT job.id, job.key FROM job_input JOIN job ON job.id = job_input.input_id"
        " WHERE job_input.job_id = ?",
        [job_id],
    )
    gone = [(row["id"],) for row in inputs.fetchall() if not has(row["key"])]
    conn.executemany(
        "UPDATE job SET state = 'waiting', reason = 'its artifact is gone: made again', done = 0,"
        " losses = 0, retry_at = NULL, finished_at = NULL WHERE id = ?",
        gone,
    )
    return bool(gone)


def _begin(
    conn: sqlite3.Connection, job: Candidate, me: str, host: str, slot: str, now: float
) -> Work:
    conn.execute(
        "UPDATE job SET state = 'running', supervisor = ?, slot = ?, started_at = ?,"
        " attempt = attempt + 1, handle = NULL, wanted = NULL, reason = NULL, retry_at = NULL,"
        " finished_at = NULL, rate = NULL WHERE id = ?",
        [me, slot, now, job.id],
    )
    conn.execute(
        "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before, started_at)"
        " SELECT id, attempt, supervisor, ?, slot, done, started_at FROM job WHERE id = ?",
        [host, job.id],
    )
    return Work(**conn.execute(f"SELECT {WORK} FROM job WHERE id = ?", [job.id]).fetchone())
