"""What a person does to many jobs at once: what can be done is done in one transaction, and what
it changed is kept so that it can be undone.

A wish looks at jobs and says what they become; nothing is asked of them one by one.
"""

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wnkd_tui.store import liveness
from wnkd_tui.store.connection import StoreError, transaction
from wnkd_tui.store.rows import BLOCKING

BY_HAND = "by hand"


class Facts(NamedTuple):
    """What deeds change of a job as it is stored; `attempt` tells whether it has run since.

    `lost`: it is stored as running, but its process is gone and nobody attends it.
    """

    id: int
    state: str
    wanted: str | None
    reason: str | None
    priority: int
    position: int
    losses: int
    retry_at: float | None
    finished_at: float | None
    attempt: int
    lost: bool


_CHANGED = Facts._fields[1:-2]
_READ = (
    f"SELECT {', '.join(Facts._fields[:-1])} FROM job WHERE id IN (SELECT value FROM json_each(?))"
)
_WRITE = f"UPDATE job SET {', '.join(f'{name} = ?' for name in _CHANGED)} WHERE id = ?"
Changes = tuple[tuple[Facts, Facts], ...]  # what jobs were, and what they became


@dataclass(frozen=True)
class Wished:
    """What jobs are to become. `refused` counts those that cannot, by why: "done", "running"."""

    jobs: Sequence[Facts]
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Outcome:
    """What a wish changed: `done` are those of the chosen jobs, `changes` has what went with them.

    `refused` counts those that it could not change, by why.
    """

    done: tuple[int, ...]
    changes: Changes
    refused: Counter[str]


Wish = Callable[[sqlite3.Connection, Mapping[int, Facts]], Wished]
# What becomes of a job, the job itself where it is so already, or why nothing can.
Rule = Callable[[Facts], "Facts | str"]


def act(conn: sqlite3.Connection, job_ids: Sequence[int], wish: Wish) -> Outcome:
    """Does of `wish` what can be done, in one transaction."""
    with transaction(conn):
        chosen = known(conn, job_ids)
        wished = wish(conn, chosen)
        before = known(conn, [job.id for job in wished.jobs])
        changes = tuple((before[job.id], job) for job in wished.jobs if job != before[job.id])
        _write(conn, [after for _, after in changes])
        gone = Counter({"gone": len(set(job_ids)) - len(chosen)})
        done = tuple(before.id for before, _ in changes if before.id in chosen)
        return Outcome(done, changes, wished.refused + gone)


def undo(conn: sqlite3.Connection, changes: Changes) -> Counter[str]:
    """Makes jobs again what they were, but those that have begun or were changed since.

    How many of those there are, by why. Raises StoreError, with nothing changed, where that are
    all of them.
    """
    with transaction(conn):
        now = known(conn, [before.id for before, _ in changes])
        back, refused = [], Counter[str]()
        for before, after in changes:
            found = _back(before, after, now.get(before.id))
            if isinstance(found, str):
                refused[found] += 1
            else:
                back.append(found)
        if not back:
            raise StoreError(listed(refused))
        _write(conn, back)
        return refused


def withdraw(
    conn: sqlite3.Connection, trial_ids: Collection[int], job_ids: Collection[int]
) -> tuple[int, int]:
    """Takes newly queued trials back, with those of their new jobs that no other trial needs.

    A trial with a new job that has begun stays. How many went and how many stayed.
    """
    given = {"trials": json.dumps(list(trial_ids)), "jobs": json.dumps(list(job_ids))}
    theirs = "id IN (SELECT value FROM json_each(:trials))"
    with transaction(conn):
        there = conn.execute(f"SELECT count(*) FROM trial WHERE {theirs}", given).fetchone()[0]
        gone = conn.execute(
            f"DELETE FROM trial WHERE {theirs} AND id NOT IN ("
            "SELECT trial_id FROM trial_job JOIN job ON job.id = trial_job.job_id"
            " WHERE job.id IN (SELECT value FROM json_each(:jobs))"
            " AND (job.attempt > 0 OR job.state NOT IN ('waiting', 'paused', 'cancelled')))",
            given,
        ).rowcount
        conn.execute(
            "DELETE FROM job WHERE id IN (SELECT value FROM json_each(:jobs))"
            " AND id NOT IN (SELECT job_id FROM trial_job)",
            given,
        )
        conn.execute(
            "DELETE FROM capture WHERE id NOT IN ("
            "SELECT capture FROM trial WHERE capture IS NOT NULL"
            " UNION SELECT capture FROM job WHERE capture IS NOT NULL)"
        )
    return gone, there - gone


def known(conn: sqlite3.Connection, job_ids: Collection[int]) -> dict[int, Facts]:
    """The jobs that are there, in the order of `job_ids`."""
    deserted = {int(id) for id in json.loads(liveness.deserted(conn))}
    rows = conn.execute(_READ, [json.dumps(list(job_ids))])
    found = {row["id"]: Facts._make([*row, row["id"] in deserted]) for row in rows}
    return {id: found[id] for id in dict.fromkeys(job_ids) if id in found}


def trials_of(conn: sqlite3.Connection, job_ids: Collection[int]) -> list[int]:
    """The trials that need any of the jobs."""
    rows = conn.execute(
        "SELECT DISTINCT trial_id FROM trial_job"
        " WHERE job_id IN (SELECT value FROM json_each(?)) ORDER BY trial_id",
        [json.dumps(list(job_ids))],
    )
    return [row["trial_id"] for row in rows]


def listed(refused: Counter[str]) -> str:
    """`2 done, 1 running`."""
    return ", ".join(f"{count} {why}" for why, count in refused.most_common())


def each(rule: Rule) -> Wish:
    """The wish that follows `rule` for every job by itself."""

    def wish(_: sqlite3.Connection, chosen: Mapping[int, Facts]) -> Wished:
        jobs, refused = [], Counter[str]()
        for job in chosen.values():
            found = rule(job)
            if isinstance(found, str):
                refused[found] += 1
            else:
                jobs.append(found)
        return Wished(jobs, refused)

    return wish


def cancelled(job: Facts) -> Facts | str:
    """A running one as soon as its supervisor sees it."""
    if job.state == "running":
        return job._replace(wanted="cancelled", reason=BY_HAND)
    if job.state in ("waiting", "paused"):
        ended = job._replace(state="cancelled", finished_at=time.time())
        return ended._replace(reason=BY_HAND, retry_at=None)
    return _ended(job)


def retried(job: Facts) -> Facts | str:
    """Ended ones wait again, and those that wait to be retried start now."""
    fresh = job._replace(reason=None, retry_at=None, losses=0)
    if job.state in BLOCKING:
        return fresh._replace(state="waiting", finished_at=None)
    if job.lost:
        return job._replace(wanted="waiting", retry_at=None, losses=0)
    if job.state == "waiting" and job.retry_at is not None:
        return fresh
    return _ended(job)


def paused(job: Facts) -> Facts | str:
    """A running one after the epoch that it is in."""
    if job.state == "running":
        if job.wanted not in (None, "paused"):
            return f"about to be {job.wanted}"
        return job._replace(wanted="paused")
    return job._replace(state="paused") if job.state in ("waiting", "paused") else _ended(job)


def resumed(job: Facts) -> Facts | str:
    """A running one is no longer to be paused."""
    if job.state == "running" and job.wanted == "paused":
        return job._replace(wanted=None, reason=None)
    if job.state == "paused":
        return job._replace(state="waiting", reason=None)
    return _ended(job)


def _ended(job: Facts) -> str:
    return f"{job.state} already" if job.state == "cancelled" else job.state


def _back(before: Facts, after: Facts, now: Facts | None) -> Facts | str:
    """What undoing makes of a job that is `now` so, or why it leaves it alone."""
    if now is None:
        return "gone"
    if now.attempt != after.attempt:
        return "begun since then"
    changed = [name for name in _CHANGED if getattr(before, name) != getattr(after, name)]
    if all(getattr(now, name) == getattr(after, name) for name in changed):
        return now._replace(**{name: getattr(before, name) for name in changed})
    if after.wanted and after.wanted == now.state != after.state:  # the wish has come true
        return now._replace(state="waiting", reason=before.reason, finished_at=None)
    return f"{now.state} now" if now.state != after.state else "changed since then"


def _write(conn: sqlite3.Connection, jobs: Sequence[Facts]) -> None:
    conn.executemany(_WRITE, ([getattr(job, name) for name in (*_CHANGED, "id")] for job in jobs))
