"""Curves of a job, read along the metrics' key: a range for each stretch, nothing is sorted."""

import sqlite3
from collections.abc import Collection
from itertools import pairwise

from wnkd_tui.store.rows import CurvePoint

_FIRST_NAME = "SELECT min(name) FROM metric WHERE job_id = ?"
_NEXT_NAME = "SELECT min(name) FROM metric WHERE job_id = ? AND name > ?"
_ENDS = """
SELECT (SELECT min(step) FROM metric WHERE job_id = :job AND name = :name),
    (SELECT max(step) FROM metric WHERE job_id = :job AND name = :name)
"""
_STRETCH = """
SELECT max(step), avg(value), min(value), max(value) FROM metric
WHERE job_id = ? AND name = ? AND step BETWEEN ? AND ?
"""
_WHOLE = "SELECT step, value FROM metric WHERE job_id = ? AND name = ? ORDER BY step"


def measured(conn: sqlite3.Connection, job_id: int) -> list[str]:
    """What was measured of a job, by name; costs a look-up a name."""
    found = []
    name = conn.execute(_FIRST_NAME, [job_id]).fetchone()[0]
    while name is not None:
        found.append(name)
        name = conn.execute(_NEXT_NAME, [job_id, name]).fetchone()[0]
    return found


def curves(
    conn: sqlite3.Connection,
    job_id: int,
    names: Collection[str] | None = None,
    buckets: int = 160,
) -> dict[str, list[CurvePoint]]:
    """Curves of a job by name, all of them where `names` is None: at most `buckets` points each.

    Stretches are equally long in steps, those without a value are left out. Names that were never
    measured are left out too. A curve of as many steps or fewer comes whole.
    """
    spans = _spans(conn, job_id, names)
    return {name: _curve(conn, job_id, name, first, last, buckets) for name, first, last in spans}


def metrics(
    conn: sqlite3.Connection,
    job_id: int,
    names: Collection[str] | None = None,
    *,
    buckets: int | None = None,
) -> dict[str, list[tuple[int, float]]]:
    """Curves of a job: name → (step, value), steps rising.

    With `buckets`, at most that many points a curve: the mean of each stretch at its last step.
    """
    if buckets:
        found = curves(conn, job_id, names, buckets)
        return {
            name: [(point.step, point.mean) for point in curve] for name, curve in found.items()
        }
    return {
        name: [(step, value) for step, value in conn.execute(_WHOLE, [job_id, name])]
        for name, _, _ in _spans(conn, job_id, names)
    }


def _spans(
    conn: sqlite3.Connection, job_id: int, wanted: Collection[str] | None
) -> list[tuple[str, int, int]]:
    """Name, first and last step of each curve that there is."""
    chosen = measured(conn, job_id) if wanted is None else sorted(set(wanted))
    found = []
    for name in chosen:
        first, last = conn.execute(_ENDS, {"job": job_id, "name": name}).fetchone()
        if first is not None:
            found.append((name, first, last))
    return found


def _curve(
    conn: sqlite3.Connection, job_id: int, name: str, first: int, last: int, buckets: int
) -> list[CurvePoint]:
    width = last - first + 1
    if width <= buckets:
        rows = conn.execute(_WHOLE, [job_id, name])
        return [CurvePoint(step, value, value, value) for step, value in rows]
    # The steps s with (s - first) * buckets // width == place.
    edges = [first - (-place * width // buckets) for place in range(buckets + 1)]
    points = []
    for start, end in pairwise(edges):
        row = conn.execute(_STRETCH, [job_id, name, start, end - 1]).fetchone()
        if row[0] is not None:
            points.append(CurvePoint(*row))
    return points
