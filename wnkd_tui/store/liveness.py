"""Who is still there: supervisors by process and heartbeat, running jobs by process.

Nothing here rests on the wall clock, which a person may set, but for rows of an older wnkd.
"""

import json
import sqlite3
import time

from engine import process as processes
from engine.process import ProcessId

HEARTBEAT = 2.0  # seconds
HEARTBEAT_LIMIT = 10.0  # seconds after which the jobs of a silent supervisor may be adopted

_RUNNING = """
SELECT job.id, job.handle, supervisor.process, supervisor.beat, supervisor.heartbeat
FROM job LEFT JOIN supervisor ON supervisor.id = job.supervisor WHERE job.state = 'running'
"""


def alive(
    process: str | None, beat: float | None, heartbeat: float, now: float | None = None
) -> bool:
    """Whether a supervisor is at work: heard of within HEARTBEAT_LIMIT and, where its process
    could be seen from here, still that process.

    `beat` is its heartbeat on `engine.process.uptime`; `heartbeat` and `now` are in UTC seconds and
    count only for a row of an older wnkd, without `beat`. One of another container of this boot is
    judged by its heartbeat alone; one of another boot is dead.
    """
    if silent(beat, heartbeat, HEARTBEAT_LIMIT, now):
        return False
    known = ProcessId.parse(process) if process else None
    return known is None or (known.runs() if known.here else not rebooted(known))


def silent(beat: float | None, heartbeat: float, limit: float, now: float | None = None) -> bool:
    """Whether the last heartbeat is `limit` seconds old, or of the future: of an earlier boot."""
    if beat is not None:
        age = processes.uptime() - beat
    else:
        age = (time.time() if now is None else now) - heartbeat
    return not -1.0 <= age < limit


def rebooted(process: ProcessId) -> bool:
    """Whether `process` is of another run of the machine; False for another container of this
    one, and where that is not known."""
    return bool(process.boot) and _run(process.boot) != _run(processes.boot())


def deserted(conn: sqlite3.Connection) -> str:
    """Jobs that are stored as running, but nobody attends them and their process does not run.

    A JSON object, id → reason, for queries to join. A process of another container cannot be seen
    and counts as gone once its supervisor does. Not judged: jobs without a handle, which have not
    been begun, and handles of other executors.
    """
    reasons = {}
    for row in conn.execute(_RUNNING):
        reason = _desertion(row)
        if reason:
            reasons[row["id"]] = f"{reason}; the next run-queue takes it up"
    return json.dumps(reasons)


def _desertion(row: sqlite3.Row) -> str | None:
    if row["heartbeat"] is not None:
        known = (row["process"], row["beat"], row["heartbeat"])
        if alive(*known) and not silent(row["beat"], row["heartbeat"], 2 * HEARTBEAT):
            return None
    job = ProcessId.parse(row["handle"] or "")
    if job is None or job.runs():
        return None
    return "the host was restarted" if rebooted(job) else "its process is gone"


def _run(boot: str) -> str:
    """A boot's name without that of the pids' namespace."""
    return boot.partition("/")[0]
