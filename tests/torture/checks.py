"""What must be the same in two homes, one of which was tortured; `python checks.py CALM KILLED`.

A check is a list of faults; an empty one is what is wanted.
"""

import hashlib
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from engine.events import EVENTS, SPEED
from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

SHOWN = 8  # faults of a check that are listed


@dataclass(frozen=True)
class Check:
    """`looked`: how many things were looked at."""

    name: str
    looked: int
    faults: list[str]


class Outcome:
    """What a home holds, read once."""

    def __init__(self, home: Home) -> None:
        self.home = home
        with closing(connect(home)) as conn:
            self.trials = queries.trials(conn)
            self.jobs = {row.key: row for row in queries.jobs(conn)}
            self.metrics = {key: queries.metrics(conn, row.id) for key, row in self.jobs.items()}
            self.attempts = {key: queries.attempts(conn, row.id) for key, row in self.jobs.items()}
            self.offsets = dict(conn.execute("SELECT key, events_offset FROM job").fetchall())
            self.damage = [str(row[0]) for row in conn.execute("PRAGMA integrity_check")]
            self.damage += [str(tuple(row)) for row in conn.execute("PRAGMA foreign_key_check")]

    def files(self) -> dict[str, str]:
        """SHA-256 of every file of every artifact, by its path."""
        root = self.home.artifacts
        return {
            str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.glob("??/*/**/*"))
            if path.is_file()
        }

    def events(self, key: str) -> Iterator[dict[str, Any]]:
        """The whole lines of a job's events."""
        path = self.home.job(key) / EVENTS
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def attempt_rows(self) -> int:
        return sum(map(len, self.attempts.values()))


def compare(calm: Outcome, killed: Outcome) -> list[Check]:
    return [check(calm, killed) for check in CHECKS]


def _trials(calm: Outcome, killed: Outcome) -> Check:
    faults = [f"trial {row.name}: {row.state}" for row in killed.trials if row.state != "done"]
    faults += _differences({row.key: "" for row in calm.trials}, {r.key: "" for r in killed.trials})
    return Check("every trial is done", len(calm.trials), faults)


def _jobs(calm: Outcome, killed: Outcome) -> Check:
    faults = [
        f"job {row.id} {row.name}: {row.state} ({row.reason})"
        for row in killed.jobs.values()
        if row.state != "done"
    ]
    return Check("every job is done", len(killed.jobs), faults)


def _artifacts(calm: Outcome, killed: Outcome) -> Check:
    mine, other = calm.files(), killed.files()
    return Check("artifacts are the same, to the bit", len(mine), _differences(mine, other))


def _results(calm: Outcome, killed: Outcome) -> Check:
    mine = {key: row.result for key, row in calm.jobs.items()}
    other = {key: row.result for key, row in killed.jobs.items()}
    return Check("final figures are the same", len(mine), _differences(mine, other))


def _metrics(calm: Outcome, killed: Outcome) -> Check:
    """The store cannot hold a row twice, by its key: missing and different ones are left."""
    mine, other = _rows(calm), _rows(killed)
    return Check("metric rows are the same, none missing", len(mine), _differences(mine, other))


def _rows(outcome: Outcome) -> dict[str, float | None]:
    return {
        f"{key[:12]} {name} {step}": None if name == SPEED else value
        for key, curves in outcome.metrics.items()
        for name, points in curves.items()
        for step, value in points
    }


def _reported(calm: Outcome, killed: Outcome) -> Check:
    """A number that was reported again after a kill is the number that was reported before."""
    faults, looked = [], 0
    for key in killed.jobs:
        told: dict[tuple[str, int], float] = {}
        for event in killed.events(key):
            if event.get("type") == "metric":
                for name, value in event["values"].items():
                    looked += 1
                    before = told.setdefault((name, event["step"]), value)
                    if before != value and name != SPEED:
                        faults.append(f"{key[:12]} {name} {event['step']}: {before}, then {value}")
    return Check("what is reported twice is the same number", looked, faults)


def _read_whole(calm: Outcome, killed: Outcome) -> Check:
    faults = []
    for key, offset in killed.offsets.items():
        path = killed.home.job(key) / EVENTS
        size = path.stat().st_size if path.exists() else 0
        if offset != size:
            faults.append(f"{key[:12]}: read to {offset} of {size} bytes")
    return Check("events are read to their end", len(killed.offsets), faults)


def _computed_once(calm: Outcome, killed: Outcome) -> Check:
    """Nothing is computed after a job has said that it is done, and only one run says it first."""
    faults = []
    for key, row in killed.jobs.items():
        done = False
        for event in killed.events(key):
            match event:
                case {"type": "end", "state": "done"}:
                    done = True
                case {"type": "start", "made": True} if done:
                    faults.append(f"job {row.id} {row.name}: computed again after it was done")
    return Check("no job is computed again once it is done", len(killed.jobs), faults)


def _attempts(calm: Outcome, killed: Outcome) -> Check:
    """One row a run, one after the other, the last of them done and none left open."""
    faults = []
    for key, row in killed.jobs.items():
        rows, what = killed.attempts[key], f"job {row.id} {row.name}"
        if [one.number for one in rows] != list(range(1, row.attempt + 1)):
            faults.append(f"{what}: attempts {[one.number for one in rows]} of {row.attempt}")
        endings = [one.ending for one in rows]
        if endings.count("done") != 1 or endings[-1:] != ["done"] or None in endings:
            faults.append(f"{what}: ended {endings}")
        starts = sum(event.get("type") == "start" for event in killed.events(key))
        if starts > len(rows):
            faults.append(f"{what}: {starts} runs began in {len(rows)} attempts")
        for one, then in pairwise(rows):
            if one.ended_at is None or one.ended_at > then.started_at:
                faults.append(f"{what}: attempt {then.number} began before {one.number} ended")
    return Check("attempts follow one another, the last is done", killed.attempt_rows(), faults)


def _leftovers(calm: Outcome, killed: Outcome) -> Check:
    """Artifacts half made."""
    root = killed.home.artifacts
    faults = [str(path.relative_to(root)) for path in root.glob("tmp/*")]
    faults += [str(path.relative_to(root)) for path in root.glob("??/*") if _unfinished(path)]
    return Check("no artifact is half made", len(killed.jobs), faults)


def _unfinished(path: Path) -> bool:
    return len(path.parent.name) == 2 and path.is_dir() and not (path / "meta.json").exists()


def _database(calm: Outcome, killed: Outcome) -> Check:
    return Check("the database is whole", 1, [one for one in killed.damage if one != "ok"])


CHECKS: tuple[Callable[[Outcome, Outcome], Check], ...] = (
    _trials,
    _jobs,
    _artifacts,
    _results,
    _metrics,
    _reported,
    _read_whole,
    _computed_once,
    _attempts,
    _leftovers,
    _database,
)


def _differences(mine: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    return (
        [f"missing: {name}" for name in sorted(mine.keys() - other.keys())]
        + [f"too many: {name}" for name in sorted(other.keys() - mine.keys())]
        + [
            f"differs: {name}"
            for name in sorted(mine.keys() & other.keys())
            if mine[name] != other[name]
        ]
    )


def show(checks: list[Check]) -> bool:
    """Prints the table; whether all is well."""
    width = max(len(check.name) for check in checks)
    print(f"{'':{width}}  {'looked at':>9}  {'faults':>6}")
    for check in checks:
        print(f"{check.name:{width}}  {check.looked:9}  {len(check.faults):6}")
        for fault in check.faults[:SHOWN]:
            print(f"    {fault}")
        if len(check.faults) > SHOWN:
            print(f"    and {len(check.faults) - SHOWN} more")
    return not any(check.faults for check in checks)


if __name__ == "__main__":
    try:
        same = show(compare(*(Outcome(Home(Path(root).absolute())) for root in sys.argv[1:])))
    except sqlite3.Error as error:
        sys.exit(f"cannot read: {error}")
    sys.exit(not same)
