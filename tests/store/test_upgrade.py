"""A database of an older wnkd, made by its own migration, keeps working."""

import json
import sqlite3
from contextlib import closing

import pytest
from alembic import command
from alembic.config import Config

from engine.spec import Method, Teachers
from wnkd_tui.home import Home
from wnkd_tui.store import database, migrate, queries
from wnkd_tui.store.database import connect

SPEC = {
    "dataset": "cifar100",
    "recipe": "demo",
    "teachers": "T_x",
    "tx": {
        "encoder": "wordnet-graph",
        "modality": "img+text",
        "wn": 100,
        "noise": 0,
        "val_text": "mixed",
    },
    "seed": 2,
    "limit_train": None,
}
JOB = (
    "INSERT INTO job (id, key, kind, name, spec, data, state, position, done, total, unit, attempt,"
    " events_offset, queued_at, result) VALUES (?, ?, ?, ?, '{}', ?, ?, ?, 0, 0, '', 0, 0, 1, ?)"
)


@pytest.fixture
def old(tmp_path):
    """A home as the first schema left it: a dataset, a trial, one job done and two not."""
    home = Home(tmp_path)
    config = Config()
    config.set_main_option("script_location", migrate.SCRIPTS)
    with migrate.engine(home).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with closing(sqlite3.connect(home.db)) as conn, conn:
        conn.execute(
            "INSERT INTO dataset VALUES"
            " ('cifar100', 'cifar100', '/data', 'k', '[\"a\", \"b\"]', '[3, 4]', '[1, 1]', 5.0)"
        )
        conn.execute(
            "INSERT INTO trial VALUES (7, 'key', 'T_x,(img, 0%gt 100%wn) S_s', ?, 'cifar100', NULL,"
            " 'demo', 2, 'T_x', 'wordnet-graph', 'img+text', 100, 0, 'mixed', 6.0)",
            [json.dumps(SPEC)],
        )
        result = json.dumps({"best": {"val_top1": 50.0}, "last": {"val_top1": 49.0}})
        at = json.dumps({"name": "cifar100", "path": "/data"})
        digits = json.dumps({"name": "digits", "path": None})
        conn.execute(JOB, [1, "a", "T_x", "T_x", at, "done", 1, result])
        conn.execute(JOB, [2, "b", "student", "S_s", at, "waiting", 2, None])
        conn.execute(JOB, [3, "c", "embed", "embed", digits, "failed", 3, None])
        conn.execute("INSERT INTO trial_job VALUES (7, 1, 0), (7, 2, 1)")
        conn.execute("INSERT INTO job_input VALUES (2, 'T_x', 1)")
        conn.execute("UPDATE job SET finished_at = 9 WHERE id = 1")
        conn.execute("INSERT INTO metric VALUES (1, 'val_top1', 1, 50.0)")
    assert database.revision(home) == "0001"
    return home


def test_what_was_there_is_there_still(old):
    with closing(connect(old)) as conn:
        assert database.revision(old) == database.REVISIONS[-1]
        trial = queries.trial(conn, 7)
        assert (trial.method, trial.changes, trial.teachers) == (Method.KD, (), Teachers.TX)
        (result,) = queries.results(conn)
        assert (result.trial, result.spec, result.result["best"]["val_top1"]) == (7, trial.spec, 50)
        assert queries.metrics(conn, 1) == {"val_top1": [(1, 50.0)]}
        assert queries.job(conn, 2).inputs == (1,)
        row = queries.dataset(conn, "cifar100")
        assert (row.prompts, row.splits, row.skipped, row.size) == (None, None, (), None)
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []


def test_jobs_that_cannot_be_done_any_more_say_what_to_do(old):
    with closing(connect(old)) as conn:
        states = {row.id: (row.state, row.reason) for row in queries.jobs(conn)}
    assert states[1][0] == "done"
    assert states[2][0] == "cancelled"
    assert "older wnkd" in states[2][1]
    assert states[3][0] == "failed"


def test_where_jobs_find_their_dataset_tells_its_kind(old):
    with closing(connect(old)) as conn:
        data = [json.loads(row["data"]) for row in conn.execute("SELECT data FROM job ORDER BY id")]
    empty = {"prompts": None, "splits": None, "skipped": None}
    assert data[0] == {"name": "cifar100", "path": "/data", "kind": "cifar100", **empty}
    assert data[2] == {"name": "digits", "path": None, "kind": "digits", **empty}


def test_a_copy_of_the_old_one_is_kept(old):
    connect(old).close()
    with closing(sqlite3.connect(f"{old.db}.before-migration")) as copy:
        columns = [row[1] for row in copy.execute("PRAGMA table_info(trial)")]
        assert "changes" not in columns
        assert copy.execute("SELECT count(*) FROM trial").fetchone() == (1,)
