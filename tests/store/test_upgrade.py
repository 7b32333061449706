"""Databases of every released schema, as that wnkd left them, keep working: `released/`."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.spec import Method
from wnkd_tui.cli.root import app
from wnkd_tui.store import connection, queries, soundness
from wnkd_tui.store.connection import REVISIONS
from wnkd_tui.store.database import connect
from wnkd_tui.store.find import labels
from wnkd_tui.store.find.listing import Search, job_ids, trial_ids, trial_lines

RELEASED = Path(__file__).parent / "released"
# What a migration gives another value on purpose: (made by, table, column).
CHANGED = {
    ("0001", "job", "data"),
    ("0001", "job", "state"),
    ("0001", "job", "reason"),
}
LAST = REVISIONS[-1]


def test_every_released_schema_has_its_database():
    """A new revision is kept too: see released/README.md for how."""
    assert sorted(path.stem for path in RELEASED.glob("*.sql")) == list(REVISIONS)


@pytest.mark.parametrize("revision", REVISIONS)
def test_everything_works_on_it(released, revision):
    home = released(revision)
    assert connection.revision(home) == revision

    jobs = told("queue", "list")["jobs"]
    trials = told("trial", "list")["trials"]
    assert (len(jobs), len(trials)) == (47, 18)
    assert {"done", "failed", "lost", "cancelled"} <= {job["state"] for job in jobs}
    cells = json.dumps(told("report", "table2"))
    assert "55.988" in cells  # of trial 2: T_x with gt text
    assert told("queue", "show", "14")["metrics"]["val_top1"][-1] == [30, 76.88022284122563]
    again = told("queue", "add", "--wn", "0,100", "--limit-train", "100")
    assert len(again["trials"]) == 5
    new = told("queue", "add", "--noise", "20", "--limit-train", "100")
    assert min(trial["id"] for trial in new["trials"] if trial["new"]) > 18
    assert soundness.check(home) is None


@pytest.mark.parametrize("revision", REVISIONS)
def test_nothing_is_lost(released, revision):
    home = released(revision)
    before = content(home.db)

    connect(home).close()

    after = content(home.db)
    for table, rows in before.items():
        if table == "alembic_version":
            continue
        same = [c for c in rows.columns if (revision, table, c) not in CHANGED]
        assert after[table].only(same) == rows.only(same), table
    assert soundness.check(home) is None


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_a_copy_of_the_old_one_is_kept(released, revision):
    home = released(revision)
    before = content(home.db)

    connect(home).close()

    assert [path.name for path in home.backups] == [f"wnkd.db.before-{LAST}"]
    assert content(home.backups[0]) == before
    assert not list(home.root.glob("*.new"))


def test_what_the_last_schema_has_needs_no_copy(released):
    home = released(LAST)
    connect(home).close()
    assert home.backups == []


def test_trials_of_the_first_wnkd_have_todays_fields(released):
    with closing(connect(released("0001"))) as conn:
        trial = queries.trial(conn, 4)
        assert (trial.method, trial.changes, trial.teachers) == (Method.KD, (), "T_x")
        assert trial.spec.tx.wn == 100
        row = queries.dataset(conn, "birds")
        assert (row.prompts, row.splits, row.skipped, row.size) == (None, None, (), None)
        assert row.classes == ("crow", "rook", "vögel")


def test_jobs_that_cannot_be_done_any_more_say_what_to_do(released):
    with closing(connect(released("0001"))) as conn:
        states = {row.id: (row.state, row.reason) for row in queries.jobs(conn)}
    assert states[1][0] == "done"
    assert states[18][0] == "cancelled"
    assert "older wnkd" in states[18][1]
    assert states[30] == ("failed", "TrainingError: loss is not finite at epoch 3")


def test_where_jobs_find_their_dataset_tells_its_kind(released):
    with closing(connect(released("0001"))) as conn:
        data = {json.dumps(json.loads(row[0])) for row in conn.execute("SELECT data FROM job")}
    found = json.loads(data.pop())
    assert data == set()
    empty = {"prompts": None, "splits": None, "skipped": None}
    assert found == {"name": "digits", "path": None, "kind": "digits", **empty}


def test_what_jobs_took_is_told_as_far_as_it_was_kept(released):
    released("0004")
    used = {row["kind"]: row for row in told("queue", "usage")["usage"]}
    assert used["student"]["rate"] > 0
    assert used["student"]["host_memory"] is None
    released("0005")
    used = {row["kind"]: row for row in told("queue", "usage")["usage"]}
    assert used["embed"]["host_memory"] > 600 * 2**20


def test_labels_are_kept(released):
    with closing(connect(released("0004"))) as conn:
        assert labels.tags(conn) == {"baseline": 1, "paper": 2, "to-check": 1}
        best, broken = labels.saved(conn)
        assert list(trial_ids(conn, Search(best.text, best.sort, best.down))) == [2, 4]
        assert len(job_ids(conn, Search(broken.text))) == 3  # one of them stored as running
        assert trial_lines(conn, [12])[12].note == "diverged with another seed"


class Rows:
    """The rows of a table, as sorted texts of chosen columns."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows

    def only(self, columns):
        places = [self.columns.index(name) for name in columns]
        return sorted(repr([row[place] for place in places]) for row in self.rows)

    def __eq__(self, other):
        return (self.columns, self.rows) == (other.columns, other.rows)


def content(path):
    with closing(sqlite3.connect(path)) as conn:
        names = [
            row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        found = {}
        for name in names:
            rows = conn.execute(f"SELECT * FROM {name}")
            found[name] = Rows([column[0] for column in rows.description], rows.fetchall())
        return found


def told(*words):
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)
