"""Which trials and jobs a search finds, as numbers in order, and the lines that lists show.

The numbers of all of them are cheap; rows are read for the few that are in sight.
"""

import json
import sqlite3
from array import array
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.spec import TrialSpec
from wnkd_tui.store import liveness
from wnkd_tui.store.figures import BEST, FIGURED, LAST
from wnkd_tui.store.find.fields import JOBS, TABLES, TRIALS, Fields
from wnkd_tui.store.find.language import known_field, parse
from wnkd_tui.store.rows import TrialLine
from wnkd_tui.store.states import JOB_STATES, STATE, telling


@dataclass(frozen=True)
class Search:
    """`text` in the filter language; `sort` is a field's name, "" for the list's own order."""

    text: str = ""
    sort: str = ""
    down: bool = False


ALL = Search()
# The list's own order of jobs: by state, the newest of the done first, else as they would start.
_DONE = """
SELECT id FROM job INDEXED BY ix_job_done WHERE state = 'done' ORDER BY finished_at DESC, id
"""
_WAITING = """
SELECT id FROM job INDEXED BY ix_job_waiting WHERE state = 'waiting'
ORDER BY priority DESC, position, id
"""
_IN_STATE = """
SELECT id FROM job
WHERE id IN (SELECT id FROM job WHERE state = :state
    UNION SELECT CAST(key AS INTEGER) FROM json_each(:deserted) WHERE :state = 'lost')
    AND NOT (state = 'running' AND :state = 'running'
        AND id IN (SELECT CAST(key AS INTEGER) FROM json_each(:deserted)))
ORDER BY priority DESC, position, id
"""


def _of_trial(kind: str, figure: str) -> str:
    return (
        f"(SELECT {figure} FROM trial_job CROSS JOIN job INDEXED BY ix_job_figures"
        f" ON job.id = trial_job.job_id WHERE trial_job.trial_id = trial.id AND {FIGURED}"
        f" AND job.kind = '{kind}')"
    )


_LINES = f"""
SELECT trial.id, trial.key, trial.name, trial.spec, trial.added_at, trial.note,
    count(job.id) AS jobs_total, coalesce(sum(job.state = 'done'), 0) AS jobs_done,
    {telling(STATE)} AS state,
    {_of_trial("student", BEST)} AS acc,
    {_of_trial("student", LAST)} AS last,
    {_of_trial("T_x", BEST)} AS tx,
    (SELECT json_group_array(tag) FROM (
        SELECT tag FROM trial_tag WHERE trial_id = trial.id ORDER BY tag)) AS tags
FROM json_each(:ids) AS chosen CROSS JOIN trial ON trial.id = chosen.value
LEFT JOIN trial_job ON trial_job.trial_id = trial.id
LEFT JOIN job ON job.id = trial_job.job_id
GROUP BY trial.id
"""


def trial_ids(conn: sqlite3.Connection, search: Search = ALL) -> "array[int]":
    """Trials, the newest first where no order is asked for. Raises FilterError."""
    return _found(conn, TRIALS, search, "trial.id DESC")


def job_ids(conn: sqlite3.Connection, search: Search = ALL) -> "array[int]":
    """Jobs; where no order is asked for, what needs eyes first: running, failed, lost, waiting,
    paused, cancelled, done. Raises FilterError."""
    if search.sort:
        return _found(conn, JOBS, search, "job.id")
    known = {"deserted": liveness.deserted(conn)}
    ordered: array[int] = array("q")
    for state in JOB_STATES:
        select = {"done": _DONE, "waiting": _WAITING}.get(state, _IN_STATE)
        ordered.extend(_ids(conn, select, known | {"state": state}))
    if not search.text.strip():
        return ordered
    found = set(_found(conn, JOBS, search, ""))
    return array("q", filter(found.__contains__, ordered))


def sorted_values(
    conn: sqlite3.Connection, what: str, sort: str, ids: Collection[int]
) -> dict[int, str | float | None]:
    """What these trials or jobs (`what`) are sorted by in the order of the field `sort`, by their
    numbers. Raises FilterError."""
    fields = TABLES[what]
    field = known_field(sort, fields)
    select = f"{fields.table}.id, {field.order or field.sql}"
    condition = f"{fields.table}.id IN (SELECT value FROM json_each(:ids))"
    cursor = conn.cursor()
    cursor.row_factory = None
    known = {"ids": json.dumps(list(ids)), "deserted": liveness.deserted(conn)}
    return dict(cursor.execute(_statement(fields, set(field.needs), select, condition), known))


def trial_lines(conn: sqlite3.Connection, ids: Collection[int]) -> dict[int, TrialLine]:
    """The lines of these trials by their numbers; those that are gone are left out."""
    known = {"ids": json.dumps(list(ids)), "deserted": liveness.deserted(conn)}
    return {row["id"]: _line(row) for row in conn.execute(_LINES, known)}


def _found(conn: sqlite3.Connection, fields: Fields, search: Search, order: str) -> "array[int]":
    chosen = parse(search.text, fields)
    needs = set(chosen.needs)
    if search.sort:
        field = known_field(search.sort, fields)
        needs |= set(field.needs)
        value, down = field.order or field.sql, " DESC" if search.down else ""
        order = f"{value} IS NULL, {value} COLLATE NOCASE{down}, {order}"
    select = _statement(fields, needs, f"{fields.table}.id", chosen.condition)
    values = {**chosen.values, "deserted": liveness.deserted(conn)}
    return _ids(conn, select + (f" ORDER BY {order}" if order else ""), values)


def _statement(fields: Fields, needs: Collection[str], select: str, condition: str) -> str:
    """A selection over the table and those of its sources that it needs."""
    sources = [source for name, source in fields.sources.items() if name in needs]
    parts = [
        "WITH " + ", ".join(table for table, _ in sources) if sources else "",
        f"SELECT {select} FROM {fields.table}",
        *(join for _, join in sources),
        f"WHERE {condition}",
    ]
    return " ".join(parts)


def _ids(conn: sqlite3.Connection, select: str, values: Mapping[str, str | float]) -> "array[int]":
    """In one row: sqlite3 gives other threads a turn at every row, and a screen that is being drawn
    then takes ten thousand of them."""
    row = conn.execute(f"SELECT json_group_array(id) FROM ({select})", values).fetchone()
    return array("q", json.loads(row[0]))


def _line(row: sqlite3.Row) -> TrialLine:
    spec = TrialSpec.from_dict(json.loads(row["spec"]))
    return TrialLine(**dict(row) | {"spec": spec, "tags": tuple(json.loads(row["tags"]))})
