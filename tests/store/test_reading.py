"""Reading a part gives what reading all gives, and costs that part."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.plan import JobSpec, Plan
from engine.spec import Teachers, TrialSpec
from wnkd_tui.store import commands, figures, queries
from wnkd_tui.store.connection import StoreError
from wnkd_tui.store.states import JOB_STATES

FEW = 6


@pytest.fixture
def web(home, conn):
    """Jobs of which each reads all before it, in one trial; edges are cut by the test."""
    jobs = []
    for place in range(FEW):
        inputs = {f"input {n}": job.key for n, job in enumerate(jobs)}
        jobs.append(JobSpec("teacher", f"job {place}", {"place": place}, inputs))
    trial = TrialSpec("digits", "demo", Teachers.NONE, None)
    commands.add_trials(home, [Plan(trial, tuple(jobs))], None)
    return conn.execute("SELECT * FROM job_input").fetchall()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.sampled_from([*JOB_STATES, "waiting", "waiting"]), min_size=FEW, max_size=FEW),
    st.sets(st.integers(0, FEW * (FEW - 1) // 2 - 1)),
    st.sets(st.integers(1, FEW + 1)),
)
def test_a_few_jobs_are_as_they_are_among_all(conn, web, states, kept, chosen):
    conn.execute("DELETE FROM job_input")
    edges = [tuple(edge) for place, edge in enumerate(web) if place in kept]
    conn.executemany("INSERT INTO job_input VALUES (?, ?, ?)", edges)
    conn.executemany(
        "UPDATE job SET state = ? WHERE id = ?", [(state, id) for id, state in enumerate(states, 1)]
    )

    rows = queries.jobs(conn)

    assert queries.jobs(conn, ids=chosen) == [row for row in rows if row.id in chosen]
    assert queries.jobs(conn, trial=1) == rows
    assert queries.jobs(conn, trial=1, ids=chosen) == queries.jobs(conn, ids=chosen)
    for state in JOB_STATES:
        alike = [row for row in rows if row.state == state]
        assert queries.jobs(conn, states=[state]) == alike
        assert queries.jobs(conn, states=[state], ids=chosen) == [
            row for row in alike if row.id in chosen
        ]
    assert sum(queries.counts(conn).values()) == FEW


def test_these_jobs_come_in_their_order_and_an_unknown_one_is_named(conn, add):
    add("a", "b", "c")
    assert [row.id for row in queries.these_jobs(conn, [3, 1, 3])] == [3, 1]
    with pytest.raises(StoreError, match="no job 9"):
        queries.these_jobs(conn, [3, 9])


@pytest.fixture
def measured(conn, add):
    """A student each of digits (whole, and 100 images) and of birds, all done but the last."""
    add("a", seed=0)
    add("b", seed=1, limit_train=100)
    add("c", seed=2, limit_train=100)
    conn.execute("UPDATE trial SET dataset = 'birds', recipe = 'paper' WHERE id = 3")
    result = {"best": {"val_top1": 80.0}, "per_class": {"best": [1.0]}, "entropy": 2.0}
    conn.execute(
        "UPDATE job SET kind = 'student', state = iif(id = 3, 'running', 'done'), result = ?,"
        " finished_at = id",
        [json.dumps(result)],
    )
    return result


@pytest.mark.parametrize(
    ("narrowed", "trials"),
    [
        ({}, [1, 2]),
        ({"dataset": "digits"}, [1, 2]),
        ({"dataset": "birds"}, []),
        ({"recipe": "paper"}, []),
        ({"limit_train": None}, [1]),
        ({"limit_train": 100}, [2]),
        ({"dataset": "digits", "recipe": "demo", "limit_train": 100}, [2]),
        ({"trials": [2, 3]}, [2]),
        ({"trials": []}, []),
    ],
)
def test_results_are_narrowed(conn, measured, narrowed, trials):
    assert [row.trial for row in queries.results(conn, **narrowed)] == trials
    for row in queries.results(conn, **narrowed, per_class=False):
        assert row.result == {"best": {"val_top1": 80.0}, "entropy": 2.0}


def test_jobs_leave_the_classes_out_too(conn, measured):
    assert queries.job(conn, 1).result == measured
    (row,) = queries.jobs(conn, ids=[1], per_class=False)
    assert row.result == {"best": {"val_top1": 80.0}, "entropy": 2.0}


def test_settings_are_what_there_are_trials_of(conn, measured):
    rows = [(s.dataset, s.limit_train, s.recipe, s.trials, s.done) for s in queries.settings(conn)]
    assert rows == [
        ("birds", 100, "paper", 1, 0),
        ("digits", None, "demo", 1, 1),
        ("digits", 100, "demo", 1, 1),
    ]


def test_the_index_has_the_figures_as_statements_write_them(conn):
    """SQLite compares their texts: another wording reads every result instead."""
    select = "SELECT sql FROM sqlite_schema WHERE name = 'ix_job_figures'"
    (sql,) = conn.execute(select).fetchone()
    expressions = (figures.BEST, figures.LAST, figures.IMAGE, figures.FIGURED)
    assert all(expression in sql for expression in expressions)
