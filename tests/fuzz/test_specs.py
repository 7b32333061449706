"""Trials as JSON, as databases and files hold them: a trial, or a SpecError."""

import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import SpecError
from engine.plan import DatasetRef, plan
from engine.spec import TrialSpec
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

MANY = settings(
    max_examples=int(os.environ.get("WNKD_FUZZ", "15")),
    deadline=None,
    database=None,
    derandomize="WNKD_FUZZ" not in os.environ,
)
DIGITS = DatasetRef("digits", "k", (10,) * 10)
VALID = TrialSpec.from_dict(
    {
        "dataset": "digits",
        "recipe": "demo",
        "teachers": "T_m+T_x",
        "tx": {"encoder": "wordnet-graph", "modality": "img+text", "wn": 100},
        "changes": {"T_x.stem": "linear", "teacher.optimiser.steps": [1, 2]},
    }
).to_dict()
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(("T_x", "none", "kd", "lfme", "demo", "digits", "wordnet-graph", "a/b", "gt"))
)
names = st.sampled_from((*VALID, *VALID["tx"], "T_x.stem", "student.tau", "x")) | st.text(
    max_size=9
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)


@st.composite
def nearly(draw):
    """A trial with one to three of its fields replaced, left out or added."""
    record = {**VALID, "tx": dict(VALID["tx"]), "changes": dict(VALID["changes"])}
    for _ in range(draw(st.integers(1, 3))):
        table = record
        if draw(st.booleans()) and isinstance(record.get("tx"), dict):
            table = record["tx"]
        name = draw(names)
        if draw(st.booleans()):
            table.pop(name, None)
        else:
            table[name] = draw(anything)
    return record


def check(record):
    try:
        spec = TrialSpec.from_dict(record)
        made = plan(spec, DIGITS)
    except SpecError as error:
        says = str(error)
    else:
        assert TrialSpec.from_dict(spec.to_dict()) == spec
        assert plan(made.spec, DIGITS).key == made.key
        return
    assert "\n" not in says


@MANY
@given(record=st.dictionaries(names, anything, max_size=8))
def test_any_record(record):
    check(record)


@MANY
@given(record=anything)
def test_any_json(record):
    check(record)


@MANY
@given(record=nearly())
@example(record={**VALID, "dataset": []})
@example(record={**VALID, "seed": 1.5})
@example(record={**VALID, "\n": None})
def test_a_trial_with_something_odd(record):
    check(record)


@MANY
@given(ids=st.lists(st.integers(), max_size=4), trial=st.none() | st.integers(-9, 9))
def test_numbers_of_jobs_and_trials(home, state, ids, trial):
    before = state()
    conn = connect(home)
    try:
        assert {row.id for row in queries.jobs(conn, ids=ids, trial=trial)} <= set(ids)
        assert {row.id for row in queries.trials(conn, ids=ids)} <= set(ids)
    except OverflowError as error:  # what no database has a number for
        pytest.fail(str(error))
    finally:
        conn.close()
    assert state() == before
