"""Students that share a process (`run-queue --fuse`): how many, and what one of so many takes."""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence

from wnkd_tui import config
from wnkd_tui.config import ConfigError
from wnkd_tui.home import Home

RECENT = 200  # done students that tell how many a run-queue puts into a process

_LATELY = """
SELECT max(attempt.together) FROM (
    SELECT * FROM (SELECT id, attempt FROM job INDEXED BY ix_job_done
        WHERE state = 'done' AND kind = 'student' ORDER BY finished_at DESC LIMIT ?)
    UNION ALL SELECT id, attempt FROM job WHERE state = 'running' AND kind = 'student') AS student
JOIN attempt ON attempt.job_id = student.id AND attempt.number = student.attempt
WHERE attempt.supervisor IN (SELECT value FROM json_each(?))
"""


def at_most(home: Home, conn: sqlite3.Connection, live: Collection[str]) -> int:
    """Students in a process: config.toml's `fuse`, or more where one of the `live` run-queues, by
    their ids, had more lately: its command line said so."""
    try:
        usual = config.load(home).queue.fuse
    except ConfigError:  # run-queue says what is wrong with it
        usual = 1
    (lately,) = conn.execute(_LATELY, [RECENT, json.dumps([*live])]).fetchone()
    return max(usual, lately or 1)


def sizes(companies: Sequence[Hashable], most: int) -> list[int]:
    """How many share each job's process if all are ready at once and processes are filled in turn.

    `companies`: what those of one process have in common (engine.together), None: done alone.
    """
    members, seen = Counter(companies), Counter[Hashable]()
    found = []
    for one in companies:
        full = members[one] - members[one] % most
        found.append(1 if one is None else most if seen[one] < full else members[one] % most)
        seen[one] += 1
    return found


def pace_of(paces: Mapping[int, float], together: int) -> float:
    """Seconds that a unit of work takes of the process, by one of `together` students in it.

    `paces`: the same as measured, by how many were in one. Of a number that was not measured: what
    they share is done once for all, so one of n takes own + shared / n, through the two nearest
    numbers and neither part below 0. Where one number alone was measured nothing tells what is
    shared: it is that one's pace, and no saving is promised.
    """
    if together in paces:
        return paces[together]
    near, *others = sorted(paces, key=lambda n: abs(1 / n - 1 / together))
    if not others:
        return paces[near]
    slope = (paces[near] - paces[others[0]]) / (1 / near - 1 / others[0])
    shared = min(max(slope, 0.0), near * paces[near])
    return paces[near] + shared * (1 / together - 1 / near)
