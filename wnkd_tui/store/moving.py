"""Wishes about the order of what waits, for many jobs at once; they keep `order`'s rules.

What a job needs rises with it. Higher priorities start first; within one, `position` decides.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from wnkd_tui.store.order import MOVABLE
from wnkd_tui.store.undoing import Facts, Wish, Wished, known

_WAITS = ", ".join(f"'{state}'" for state in MOVABLE)
# What the jobs need, and that needs in turn, as far as it waits itself.
_NEEDS = f"""
WITH RECURSIVE edge(job_id, input_id) AS (
    SELECT job_input.job_id, input_id FROM job_input JOIN job AS input ON input.id = input_id
    WHERE job_input.job_id IN (SELECT value FROM json_each(?)) AND input.state IN ({_WAITS})
    UNION
    SELECT job_input.job_id, job_input.input_id FROM edge
    JOIN job_input ON job_input.job_id = edge.input_id
    JOIN job AS input ON input.id = job_input.input_id AND input.state IN ({_WAITS})
)
SELECT job_id, input_id FROM edge
"""
_OTHERS = f"FROM job WHERE state IN ({_WAITS}) AND id NOT IN (SELECT value FROM json_each(?))"
_ALIKE = "SELECT id FROM job WHERE state = ? AND priority = ? ORDER BY position, id"


def to_top(conn: sqlite3.Connection, chosen: Mapping[int, Facts]) -> Wished:
    """Ahead of all that waits, with what they need."""
    jobs, refused = _movable(chosen)
    needed = {id for edge in _edges(conn, jobs) for id in edge}
    moved = known(conn, [*jobs, *(needed - jobs.keys())])
    top = _others(conn, "max", moved)
    return Wished([] if top is None else _at(moved, top + 1), refused)


def to_back(conn: sqlite3.Connection, chosen: Mapping[int, Facts]) -> Wished:
    """Behind all that waits."""
    jobs, refused = _movable(chosen)
    bottom = _others(conn, "min", jobs)
    return Wished([] if bottom is None else _at(jobs, bottom - 1), refused)


def by(step: int) -> Wish:
    """Each with a priority that is `step` higher; what it needs has at least that."""

    def wish(conn: sqlite3.Connection, chosen: Mapping[int, Facts]) -> Wished:
        jobs, refused = _movable(chosen)
        shifted = {id: job._replace(priority=job.priority + step) for id, job in jobs.items()}
        return Wished(_lifted(conn, shifted) if step > 0 else [*shifted.values()], refused)

    return wish


def at(priority: int) -> Wish:
    """All with this priority; what they need has at least that."""

    def wish(conn: sqlite3.Connection, chosen: Mapping[int, Facts]) -> Wished:
        jobs, refused = _movable(chosen)
        return Wished(_lifted(conn, {job.id: job for job in _at(jobs, priority)}), refused)

    return wish


def up(conn: sqlite3.Connection, chosen: Mapping[int, Facts]) -> Wished:
    """Each past the one before it that has the same priority, but not past what it needs."""
    return _step(conn, chosen, 1)


def down(conn: sqlite3.Connection, chosen: Mapping[int, Facts]) -> Wished:
    """Each past the one behind it that has the same priority, but not past what needs it."""
    return _step(conn, chosen, -1)


def _step(conn: sqlite3.Connection, chosen: Mapping[int, Facts], way: int) -> Wished:
    jobs, refused = _movable(chosen)
    tied = _ties(conn, jobs)
    moved = []
    for state, priority in sorted({(job.state, job.priority) for job in jobs.values()}):
        seats = [
            *known(conn, [row["id"] for row in conn.execute(_ALIKE, [state, priority])]).values()
        ]
        order = seats[::way]
        for place, job in enumerate(order):
            before = order[place - 1]
            if job.id not in jobs:
                continue
            if place == 0:
                refused["first" if way > 0 else "last"] += 1
            elif (job.id, before.id) in tied:
                refused["held by what it needs" if way > 0 else "held by what needs it"] += 1
            elif before.id not in jobs:
                order[place - 1 : place + 1] = [job, before]
        moved += [
            job._replace(position=seat.position)
            for job, seat in zip(order[::way], seats, strict=True)
            if job.id != seat.id
        ]
    return Wished(moved, refused)


def _movable(chosen: Mapping[int, Facts]) -> tuple[dict[int, Facts], Counter[str]]:
    jobs = {id: job for id, job in chosen.items() if job.state in MOVABLE}
    states = ("lost" if job.lost else job.state for job in chosen.values())
    return jobs, Counter(state for state in states if state not in MOVABLE)


def _edges(conn: sqlite3.Connection, jobs: Collection[int]) -> list[tuple[int, int]]:
    rows = conn.execute(_NEEDS, [json.dumps(list(jobs))])
    return [(row["job_id"], row["input_id"]) for row in rows]


def _ties(conn: sqlite3.Connection, jobs: Collection[int]) -> set[tuple[int, int]]:
    """Pairs of which one needs the other, either way round."""
    rows = conn.execute(
        "SELECT job_id, input_id FROM job_input WHERE job_id IN (SELECT value FROM json_each(:ids))"
        " OR input_id IN (SELECT value FROM json_each(:ids))",
        {"ids": json.dumps(list(jobs))},
    )
    pairs = {(row["job_id"], row["input_id"]) for row in rows}
    return pairs | {(two, one) for one, two in pairs}


def _others(conn: sqlite3.Connection, which: str, moved: Collection[int]) -> int | None:
    """The highest or lowest priority of what else waits, None where nothing does."""
    select = f"SELECT {which}(priority) {_OTHERS}"
    found: int | None = conn.execute(select, [json.dumps(list(moved))]).fetchone()[0]
    return found if moved else None


def _at(jobs: Mapping[int, Facts], priority: int) -> list[Facts]:
    return [job._replace(priority=priority) for job in jobs.values()]


def _lifted(conn: sqlite3.Connection, jobs: Mapping[int, Facts]) -> list[Facts]:
    """The jobs, and what they need with at least their priority."""
    inputs = defaultdict(list)
    for job, needed in _edges(conn, jobs):
        inputs[job].append(needed)
    others = {id for needed in inputs.values() for id in needed} - jobs.keys()
    lifted = {**jobs, **known(conn, others)}
    left = list(jobs)
    while left:
        user = lifted[left.pop()]
        for id in inputs[user.id]:
            if lifted[id].priority < user.priority:
                lifted[id] = lifted[id]._replace(priority=user.priority)
                left.append(id)
    return list(lifted.values())
