"""Rows out of a damaged database into a sound one, around what cannot be read."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.spec import TrialSpec
from wnkd_tui.store import soundness
from wnkd_tui.store.connection import FAULTS, transaction

LEFT_OUT = ("supervisor",)  # who was at work then is not now
PLAN = ("trial", "job", "trial_job", "job_input")
LOST = "what it needs was lost with a damaged database: add its trials again"
FAR = 10_000  # rowids that are tried behind the last one that could be read, if none is known

Keep = Callable[[sqlite3.Row], bool]


@dataclass(frozen=True)
class Saved:
    """What became of a table. `whole`: every row could be read; `filled`: those of the spare."""

    table: str
    rows: int
    whole: bool
    filled: int

    def __str__(self) -> str:
        says = f"{self.table}: {self.rows} rows"
        if self.whole:
            return says
        return f"{says}; some could not be read, {self.filled} came from the backup"


def recover(
    source: sqlite3.Connection, spare: sqlite3.Connection | None, target: sqlite3.Connection
) -> str:
    """Fills `target`, which has the schema of `source` and no rows; what became of each table.

    Where rows of `source` cannot be read, `spare` gives those that it has. Trials of which a part
    is missing are left out, and said by name.
    """
    target.execute("PRAGMA foreign_keys = OFF")
    with transaction(target):
        saved = {
            table: _table(source, spare, target, table)
            for table in soundness.tables(target)
            if table not in LEFT_OUT
        }
        for one in (source, spare) if spare else (source,):
            _keep_numbers(one, target)
        _drop_orphans(target)
        lost = [] if all(saved[table].whole for table in PLAN) else _mend_plans(target)
        if not saved["metric"].whole:
            # What the jobs wrote down is read again from its start.
            target.execute("UPDATE job SET events_offset = 0")
    lines = [str(one) for one in saved.values()]
    return "\n".join([*lines, *(f"to be added again: trial {name}" for name in lost)]) + "\n"


def _table(
    source: sqlite3.Connection,
    spare: sqlite3.Connection | None,
    target: sqlite3.Connection,
    table: str,
) -> Saved:
    whole = _copy(source, target, table)
    rows = _count(target, table)
    if not whole and spare:
        _copy(spare, target, table)
    return Saved(table, rows, whole, _count(target, table) - rows)


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> bool:
    """Copies every row that can be read and makes sense; whether those are all."""
    shape = soundness.columns(target, table)
    names = ", ".join(name for name, _, _ in shape)
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({', '.join('?' * len(shape))})"
    last: list[Any] = [0]  # the keys of the last row that came, the rowid where there is one

    def keep(row: sqlite3.Row) -> bool:
        last[0], *values = row
        sensible = soundness.row_fault(table, shape, values) is None
        if sensible:
            target.execute(insert, values)
        return sensible

    keyed = _keys(target, table)
    key = "job_id" if keyed else "rowid"
    up = ", ".join(keyed or ["rowid"])
    down = ", ".join(f"{name} DESC" for name in keyed or ["rowid"])
    select = f"SELECT {key}, {names} FROM {table} NOT INDEXED"
    if _scan(source, f"{select} ORDER BY {up}", keep):
        return True
    reached, last[0] = last[0], None
    _scan(source, f"{select} ORDER BY {down}", keep)
    if keyed:
        for (job,) in target.execute("SELECT id FROM job").fetchall():
            for order in (up, down):
                _scan(source, f"{select} WHERE job_id = {job} ORDER BY {order}", keep)
    else:
        for rowid in range(reached + 1, last[0] or reached + FAR):
            _scan(source, f"{select} WHERE rowid = {rowid}", keep)
    return False


def _scan(source: sqlite3.Connection, statement: str, keep: Keep) -> bool:
    """Whether every row could be read and was kept."""
    whole = True
    try:
        for row in source.execute(statement):
            whole &= keep(row)
    except FAULTS:
        return False
    return whole


def _keys(target: sqlite3.Connection, table: str) -> list[str]:
    """The primary key of a table that has no rowids; it begins with job_id."""
    sql = target.execute("SELECT sql FROM sqlite_schema WHERE name = ?", [table]).fetchone()[0]
    if "WITHOUT ROWID" not in sql:
        return []
    rows = [row for row in target.execute(f"PRAGMA table_info({table})") if row["pk"]]
    return [row["name"] for row in sorted(rows, key=lambda row: int(row["pk"]))]


def _keep_numbers(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """No number that a person may have noted is given to something else."""
    for table in ("trial", "job"):
        try:
            row = source.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table])
            (highest,) = row.fetchone() or (0,)
        except FAULTS:
            continue
        if not isinstance(highest, int):
            continue
        known = target.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]).fetchone()
        if known is None:
            target.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", [table, highest])
        elif highest > known[0]:
            target.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", [highest, table])


def _drop_orphans(target: sqlite3.Connection) -> None:
    for table in soundness.tables(target):
        for edge in target.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            target.execute(
                f"DELETE FROM {table} WHERE {edge['from']} NOT IN"
                f" (SELECT {edge['to']} FROM {edge['table']})"
            )


def _mend_plans(target: sqlite3.Connection) -> list[str]:
    """Makes plans whole from what jobs say of their inputs; trials that stay in parts are dropped,
    and jobs that waited for them. The dropped trials, by number and name."""
    target.execute(
        "INSERT OR IGNORE INTO job_input (job_id, role, input_id)"
        " SELECT job.id, edge.key, input.id FROM job, json_each(job.spec, '$.inputs') AS edge"
        " JOIN job AS input ON input.key = edge.value"
    )
    lost = []
    for row in target.execute("SELECT id, name, seed, spec FROM trial").fetchall():
        if not _is_whole(target, row):
            target.execute("DELETE FROM trial_job WHERE trial_id = ?", [row["id"]])
            target.execute("DELETE FROM trial WHERE id = ?", [row["id"]])
            lost.append(f"{row['id']} ({row['name']}, seed {row['seed']})")
    target.execute(
        "DELETE FROM job WHERE state NOT IN ('done', 'running')"
        " AND id NOT IN (SELECT job_id FROM trial_job)"
    )
    _drop_orphans(target)
    target.execute(
        "UPDATE job SET state = 'cancelled', reason = ? WHERE state IN ('waiting', 'paused') AND"
        " (SELECT count(*) FROM json_each(job.spec, '$.inputs'))"
        " > (SELECT count(*) FROM job_input WHERE job_id = job.id)",
        [LOST],
    )
    return lost


def _is_whole(target: sqlite3.Connection, trial: sqlite3.Row) -> bool:
    """Whether all jobs of a trial are there: numbered without gaps, none without its inputs, and
    those among them that every such trial ends with."""
    jobs: Sequence[sqlite3.Row] = target.execute(
        "SELECT job.key, job.kind, job.spec, place FROM trial_job JOIN job ON job.id = job_id"
        " WHERE trial_id = ? ORDER BY place",
        [trial["id"]],
    ).fetchall()
    keys = {job["key"] for job in jobs}
    inputs = {key for job in jobs for key in json.loads(job["spec"]).get("inputs", {}).values()}
    kinds = {job["kind"] for job in jobs}
    ends = {"student"}
    if "attribution" in TrialSpec.from_dict(json.loads(trial["spec"])).parts:
        ends.add("attribution")
    numbered = [job["place"] for job in jobs] == list(range(len(jobs)))
    return numbered and inputs <= keys and ends <= kinds


def _count(target: sqlite3.Connection, table: str) -> int:
    found: int = target.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return found
