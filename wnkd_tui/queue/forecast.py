"""When each waiting job will start, and when all is done, by the `run-queue`s at work now.

How long a job takes is what such jobs took here (`usage.measured`), students that will share a
process what so many took in one (`fusing`); a job that runs goes on as it went. What no such job
tells is not guessed: a job of unknown length holds its slot for good, and what needs it has no
time. A `run-queue` has the slots that it used lately.
"""

import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.plan import JobSpec
from engine.spec import TrialSpec
from engine.together import company
from wnkd_tui.home import Home
from wnkd_tui.queue import fusing
from wnkd_tui.queue.playing import Forecast, Running, Waiting, play
from wnkd_tui.queue.signature import Signature, amount, signature
from wnkd_tui.queue.usage import Measured, measured
from wnkd_tui.store import queries
from wnkd_tui.store.datasets import DatasetRow

LINE = 500  # waiting jobs that are played one by one; what is behind them is spread over the slots
RECENT = 200  # done jobs that tell which slots a run-queue has
LOOKED_INTO = 1000  # jobs of which the cost is looked up at a time; the others come the next time
KEPT = 30.0  # seconds that a forecast holds while no job starts, ends or is moved
RARELY = 500  # rates are measured anew after so many times as long as measuring took
SHARED = 16  # of a job's trials, that many take their turns: one that most share is never last

# What jobs of equal cost have in common: they differ in their seeds, and in what they read.
_ALIKE = ("kind", "name", "dataset", "limit_train", "recipe", "encoder", "method", "changes")
_COST = "job.kind, job.name, " + ", ".join(f"trial.{name}" for name in _ALIKE[2:])
_FIRST = (
    "JOIN trial ON trial.id = (SELECT min(trial_id) FROM trial_job WHERE trial_job.job_id = job.id)"
)
_LINE = f"""
SELECT job.id, job.priority, job.position, job.retry_at, {_COST},
    trial.id AS trial
FROM job INDEXED BY ix_job_waiting {_FIRST}
WHERE job.state = 'waiting' ORDER BY job.priority DESC, job.position, job.id
"""
_TURNS = f"""
SELECT value AS id, (SELECT group_concat(trial_id) FROM (
    SELECT trial_id FROM trial_job WHERE job_id = value LIMIT {SHARED})) AS trials
FROM json_each(?)
"""
_NEEDED = """
SELECT edge.job_id, edge.input_id FROM json_each(?) AS line
JOIN job_input AS edge ON edge.job_id = line.value
JOIN job AS input ON input.id = edge.input_id AND input.state != 'done'
"""
_RUNNING = f"""
SELECT job.id, job.supervisor, job.done, job.total, job.rate, job.started_at, job.slot,
    attempt.host, attempt.together, {_COST}, trial.id AS trial
FROM job {_FIRST}
LEFT JOIN attempt ON attempt.job_id = job.id AND attempt.number = job.attempt
WHERE job.state = 'running'
"""
_USED = """
SELECT DISTINCT attempt.host, attempt.slot, attempt.supervisor FROM (
    SELECT id, attempt FROM job INDEXED BY ix_job_done WHERE state = 'done'
    ORDER BY finished_at DESC LIMIT ?) AS recent
JOIN attempt ON attempt.job_id = recent.id AND attempt.number = recent.attempt
"""
# What a forecast rests on: who runs, what waits in which order, what was done last.
_STAMP = """
SELECT (SELECT group_concat(id) FROM job WHERE state = 'running'),
    (SELECT finished_at FROM job INDEXED BY ix_job_done WHERE state = 'done'
     ORDER BY finished_at DESC LIMIT 1),
    count(*), total(priority), total(priority * position), total(position * position)
FROM job INDEXED BY ix_job_waiting WHERE state = 'waiting'
"""
# Of the slot's time, for a job that is one of so many in its process; None: not known.
Seconds = Callable[[sqlite3.Row, int], float | None]


@dataclass
class _Known:
    """What is kept of a database from one forecast to the next."""

    units: dict[tuple[Any, ...], tuple[Signature, float] | None] = field(default_factory=dict)
    measured: Measured | None = None
    again: float = 0.0  # on the monotonic clock: when rates are measured anew
    room: int = 0  # how many more are looked into this time
    stamp: tuple[Any, ...] = ()
    made: float = 0.0
    forecast: Forecast = field(default_factory=Forecast)


_known: dict[str, _Known] = defaultdict(_Known)


def forecast(home: Home, conn: sqlite3.Connection, now: float | None = None) -> Forecast:
    """By the `run-queue`s that are at work now; nothing is known where there is none.

    `now` in UTC seconds.
    """
    now = time.time() if now is None else now
    live = {row.id for row in queries.supervisors(conn, now) if row.alive}
    if not live:
        return Forecast()
    known = _known[str(home.db)]
    stamp = (*conn.execute(_STAMP).fetchone(), *sorted(live))
    if stamp != known.stamp or not 0 <= now - known.made < KEPT:
        known.room = LOOKED_INTO
        known.forecast = _foreseen(conn, live, known, now, fusing.at_most(home, conn, live))
        known.stamp, known.made = stamp if known.room else (), now
    return known.forecast


def _foreseen(
    conn: sqlite3.Connection, live: Collection[str], known: _Known, now: float, fuse: int
) -> Forecast:
    line = conn.execute(_LINE).fetchall()
    if not line:
        return Forecast()
    running = conn.execute(_RUNNING).fetchall()
    used = {row[:2] for row in conn.execute(_USED, [RECENT]) if row["supervisor"] in live}
    used |= {(row["host"], row["slot"]) for row in running if row["supervisor"] in live}
    if not used:
        return Forecast()
    seconds = _costs(conn, known)
    near, far = line[:LINE], line[LINE:]
    turns = _turns(conn, running)
    at_work = [
        Running(row["id"], _end(row, seconds, now), turns[row["id"]], (row["host"], row["slot"]))
        for row in running
        if row["supervisor"] in live
    ]
    found = play(_waiting(conn, near, seconds, fuse), at_work, len(used), now, fuse)
    if far and found.finished is not None:
        rest = [seconds(row, fuse) for row in far]
        late = None if None in rest else sum(cost or 0.0 for cost in rest) / len(used)
        return Forecast(found.start, None if late is None else found.finished + late)
    return found


def _waiting(
    conn: sqlite3.Connection, rows: Sequence[sqlite3.Row], seconds: Seconds, fuse: int
) -> list[Waiting]:
    ids = json.dumps([row["id"] for row in rows])
    inputs: dict[int, tuple[int, ...]] = defaultdict(tuple)
    for job, input_id in conn.execute(_NEEDED, [ids]):
        inputs[job] += (input_id,)
    turns = _turns(conn, rows)
    companies = _companies(conn, rows) if fuse > 1 else {}
    return [
        Waiting(
            id=row["id"],
            priority=row["priority"],
            position=row["position"],
            seconds=seconds(row, 1),
            inputs=inputs[row["id"]],
            trials=turns[row["id"]],
            due=row["retry_at"] or 0.0,
            company=companies.get(row["id"]),
            shares=_shares(row, seconds, fuse) if row["id"] in companies else {},
        )
        for row in rows
    ]


def _shares(row: sqlite3.Row, seconds: Seconds, fuse: int) -> dict[int, float]:
    """By how many are in its process."""
    found = {together: seconds(row, together) for together in range(2, fuse + 1)}
    return {together: share for together, share in found.items() if share is not None}


def _companies(conn: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> dict[int, str | None]:
    """What students must have in common to share a process."""
    ids = json.dumps([row["id"] for row in rows if row["kind"] == "student"])
    select = "SELECT id, kind, spec FROM job WHERE id IN (SELECT value FROM json_each(?))"
    return {
        id: company(kind, json.loads(spec)["settings"])
        for id, kind, spec in conn.execute(select, [ids])
    }


def _turns(conn: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> dict[int, tuple[int, ...]]:
    """The trials with which each job takes turns."""
    ids = json.dumps([row["id"] for row in rows])
    return {id: tuple(map(int, trials.split(","))) for id, trials in conn.execute(_TURNS, [ids])}


def _end(row: sqlite3.Row, seconds: Seconds, now: float) -> float | None:
    """By its own rate, else by what such jobs take, those beside it counted as its like; None where
    it has taken longer by now."""
    if row["rate"] and row["total"]:
        return now + max(0.0, float((row["total"] - row["done"]) / row["rate"]))
    together = row["together"] or 1
    share = seconds(row, together)
    if share is None or row["started_at"] is None:
        return None
    ends = float(row["started_at"]) + together * share
    return ends if ends > now else None


def _costs(conn: sqlite3.Connection, known: _Known) -> Seconds:
    """Of a job that waits or runs, by the rates that were measured."""
    datasets = {row.name: row for row in queries.datasets(conn)}
    if known.measured is None or time.monotonic() > known.again:
        began = time.monotonic()
        known.measured = measured(conn, datasets)
        known.again = time.monotonic() + RARELY * (time.monotonic() - began)
    pace = known.measured.pace

    def seconds(row: sqlite3.Row, together: int) -> float | None:
        like = tuple(row[name] for name in _ALIKE)
        if like not in known.units:
            if not known.room:
                return None
            known.room -= 1
            known.units[like] = _unit(conn, row["id"], row["trial"], datasets)
        unit = known.units[like]
        rate = pace(unit[0], together) if unit else None
        return None if unit is None or rate is None else rate * unit[1]

    return seconds


def _unit(
    conn: sqlite3.Connection, job: int, trial: int, datasets: Mapping[str, DatasetRow]
) -> tuple[Signature, float] | None:
    """A job's signature and its work; None where it is of an older wnkd, with other settings."""

    def settings(key: str) -> Mapping[str, Any]:
        row = conn.execute("SELECT spec FROM job WHERE key = ?", [key]).fetchone()
        return dict(json.loads(row["spec"])["settings"]) if row else {}

    row = conn.execute("SELECT kind, spec FROM job WHERE id = ?", [job]).fetchone()
    asked = conn.execute("SELECT spec FROM trial WHERE id = ?", [trial]).fetchone()
    spec = TrialSpec.from_dict(json.loads(asked["spec"]))
    record = json.loads(row["spec"])
    one = JobSpec(row["kind"], record["name"], record["settings"], record["inputs"])
    try:
        return signature(one, spec, settings), amount(one, spec, datasets[spec.dataset])
    except (KeyError, TypeError):
        return None
