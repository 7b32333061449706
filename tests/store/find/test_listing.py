"""Which numbers come in which order, and what the lines say."""

import json
import os
from array import array

import pytest

from engine import process as processes
from engine.process import ProcessId
from wnkd_tui.store import queries
from wnkd_tui.store.find.fields import TABLES
from wnkd_tui.store.find.language import FilterError
from wnkd_tui.store.find.listing import Search, job_ids, sorted_values, trial_ids, trial_lines
from wnkd_tui.store.find.moments import seconds

LISTS = {"trials": trial_ids, "jobs": job_ids}
ORDER = ("running", "failed", "lost", "waiting", "paused", "cancelled", "done")
FIELDS = [(what, name) for what, fields in TABLES.items() for name in fields.fields]


def test_trials_come_newest_first_and_jobs_as_they_need_eyes(small):
    assert trial_ids(small.conn) == array("q", sorted(small.trials, reverse=True))
    rows = {row.id: row for row in queries.jobs(small.conn)}

    def place(row):
        if row.state == "done":
            return ORDER.index(row.state), 0, -row.finished_at
        return ORDER.index(row.state), -row.priority, row.position

    assert list(job_ids(small.conn)) == sorted(rows, key=lambda id: place(rows[id]))
    some = job_ids(small.conn, Search("kind:student"))
    assert list(some) == [id for id in job_ids(small.conn) if rows[id].kind == "student"]


@pytest.mark.parametrize(("what", "name"), FIELDS)
def test_every_field_sorts_both_ways_with_what_lacks_it_last(small, what, name):
    field = TABLES[what].fields[name]
    ranks = {state: place for place, state in enumerate(field.values)}

    def key(record):
        value = record[name]
        if isinstance(value, tuple):
            # Of several trials the first one counts, of several tags the first by name.
            value = min(value, default=None) if name == "tag" else value[0]
        if name == "state":
            return ranks[value]
        return value.lower() if isinstance(value, str) else value

    keys = {id: key(record) for id, record in getattr(small, what).items()}
    for down in (False, True):
        found = list(LISTS[what](small.conn, Search("", name, down)))
        assert sorted(found) == sorted(keys)
        known = [keys[id] for id in found if keys[id] is not None]
        assert known == sorted(known, reverse=down)
        assert all(keys[id] is None for id in found[len(known) :])


@pytest.mark.parametrize(("what", "name"), FIELDS)
def test_what_a_list_is_sorted_by_is_in_its_order(small, what, name):
    ids = LISTS[what](small.conn, Search("", name))
    values = sorted_values(small.conn, what, name, ids)
    assert set(values) == set(ids)
    told = [values[id] for id in ids if values[id] is not None]
    assert told == sorted(told, key=lambda one: one.lower() if isinstance(one, str) else one)


def test_a_column_that_is_not_there_is_named(small):
    with pytest.raises(FilterError, match="unknown field 'accu' to sort by: did you mean acc"):
        trial_ids(small.conn, Search(sort="accu"))


def test_lines_say_what_trials_say(small):
    lines = trial_lines(small.conn, trial_ids(small.conn))
    assert trial_lines(small.conn, [99]) == {}
    for row in queries.trials(small.conn):
        line, known = lines[row.id], small.trials[row.id]
        for name in ("key", "name", "spec", "state", "added_at", "jobs_done", "jobs_total"):
            assert getattr(line, name) == getattr(row, name), name
        assert (line.acc, line.last, line.tx) == (known["acc"], known["last"], known["tx"])
        assert (line.tags, line.note) == (known["tag"], known["note"] or "")
        assert line.state == known["state"]


def test_a_job_that_nobody_attends_is_listed_as_lost(conn, add):
    add("a", "b", "c")
    for job, state in ((1, "running"), (2, "running"), (3, "lost")):
        conn.execute("UPDATE job SET state = ?, position = ? WHERE id = ?", [state, -job, job])
    me = ProcessId.of(os.getpid())
    conn.execute("UPDATE job SET handle = ? WHERE id = 1", [str(me)])
    gone = ProcessId(me.pid, me.started - 1, processes.boot())
    conn.execute("UPDATE job SET handle = ? WHERE id = 2", [str(gone)])

    assert list(job_ids(conn)) == [1, 3, 2]
    assert list(job_ids(conn, Search("state:lost", "id"))) == [2, 3]
    assert list(job_ids(conn, Search("state:running"))) == [1]
    assert list(job_ids(conn, Search("reason:gone"))) == [2]
    assert list(trial_ids(conn, Search("state:lost"))) == [1]
    assert trial_lines(conn, [1])[1].state == "lost"
    assert queries.counts(conn) == {"running": 1, "lost": 2}


def test_a_damaged_result_has_no_figures(conn, add):
    add("a")
    conn.execute("UPDATE job SET kind = 'student', state = 'done', result = '{\"best\": '")

    assert list(trial_ids(conn, Search("-acc:*"))) == [1]
    assert trial_lines(conn, [1])[1].acc is None


def test_figures_are_of_jobs_that_are_done(conn, add):
    add("a")
    result = json.dumps({"best": {"val_top1": 80.0}, "last": {"val_top1": 79.0}})
    conn.execute("UPDATE job SET kind = 'student', state = 'done', result = ?", [result])
    assert list(trial_ids(conn, Search("acc:80 last:79", "acc"))) == [1]
    conn.execute("UPDATE job SET state = 'waiting'")
    assert list(trial_ids(conn, Search("acc:*"))) == []
    assert trial_lines(conn, [1])[1].acc is None


@pytest.mark.parametrize(
    "select",
    [
        Search("acc:>80", "acc"),
        Search("image:>0.5", "tx", True),
        Search("last:>3"),
    ],
)
def test_no_search_reads_results(conn, select):
    """Figures come out of their index: a table with no results at all would do."""
    read = set()
    conn.set_authorizer(lambda action, table, column, *_: (read.add((table, column)) and 0) or 0)
    trial_ids(conn, select)
    plan = []
    conn.set_authorizer(None)
    conn.set_trace_callback(plan.append)
    trial_ids(conn, select)
    conn.set_trace_callback(None)
    (statement,) = [one for one in plan if "figures" in one]
    steps = [row["detail"] for row in conn.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert any("ix_job_figures" in step for step in steps)
    assert not any(step.startswith("SCAN job") for step in steps)


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("1.5m", 90), ("2H", 7200), ("1w", 604800)]
)
def test_durations(text, value):
    assert seconds(text) == value
