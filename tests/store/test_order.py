"""Moving jobs: what they need goes in front with them, and nothing else changes places."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wnkd_tui.store import order, queries
from wnkd_tui.store.connection import StoreError


@pytest.fixture
def chains(add):
    """Three trials, each a teacher and a student: ids by name."""
    added = [add(f"teacher {n}", f"student {n}", seed=n) for n in (1, 2, 3)]
    return {job.name: job.id for one in added for job in one.jobs}


def line(conn):
    """Names as they would start: priority, then position."""
    rows = sorted(queries.jobs(conn), key=lambda row: (-row.priority, row.position, row.id))
    return [row.name for row in rows]


def test_a_job_goes_to_the_front_with_what_it_needs(conn, chains):
    order.to_front(conn, [chains["student 3"]])
    assert line(conn)[:2] == ["teacher 3", "student 3"]
    assert line(conn)[2:] == ["teacher 1", "student 1", "teacher 2", "student 2"]
    order.to_front(conn, [chains["teacher 2"]])
    assert line(conn)[:2] == ["teacher 2", "teacher 3"]


def test_to_the_front_of_an_empty_line_changes_nothing(conn, chains):
    order.to_front(conn, list(chains.values()))
    assert {row.priority for row in queries.jobs(conn)} == {0}


def test_to_the_back_leaves_what_it_needs_where_it_is(conn, chains):
    order.to_back(conn, [chains["student 1"]])
    assert line(conn)[0] == "teacher 1"
    assert line(conn)[-1] == "student 1"


def test_before_another_takes_its_priority(conn, chains):
    order.prioritise(conn, [chains["teacher 2"]], 5)
    order.in_front_of(conn, [chains["student 3"]], chains["teacher 2"])
    assert line(conn)[:3] == ["teacher 3", "student 3", "teacher 2"]


def test_a_priority_lifts_what_is_needed_and_never_lowers_it(conn, chains):
    order.prioritise(conn, [chains["student 2"]], 3)
    rows = {row.name: row.priority for row in queries.jobs(conn)}
    assert (rows["teacher 2"], rows["student 2"], rows["teacher 1"]) == (3, 3, 0)
    order.prioritise(conn, [chains["student 2"]], -2)
    rows = {row.name: row.priority for row in queries.jobs(conn)}
    assert (rows["teacher 2"], rows["student 2"]) == (3, -2)


@pytest.mark.parametrize("state", ["running", "done", "failed", "lost", "cancelled"])
def test_only_what_waits_is_moved_and_a_refusal_moves_nothing(conn, chains, state):
    conn.execute("UPDATE job SET state = ? WHERE id = ?", [state, chains["student 2"]])
    before = line(conn)
    for move in (order.to_front, order.to_back):
        with pytest.raises(StoreError, match=f"is {state}: only what waits"):
            move(conn, [chains["teacher 3"], chains["student 2"]])
    with pytest.raises(StoreError, match="only what waits"):
        order.in_front_of(conn, [chains["teacher 3"]], chains["student 2"])
    assert line(conn) == before


def test_what_needs_are_done_already_stay_where_they_are(conn, chains):
    conn.execute("UPDATE job SET state = 'done' WHERE id = ?", [chains["teacher 3"]])
    order.to_front(conn, [chains["student 3"]])
    assert queries.job(conn, chains["teacher 3"]).priority == 0


def test_an_unknown_job_is_told(conn, chains):
    with pytest.raises(StoreError, match="no job 99"):
        order.to_front(conn, [99])


@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from(["front", "back", "before"]), st.integers(0, 5), st.integers(0, 5)
        )
    )
)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_moves_never_lose_or_double_a_place(conn, chains, moves):
    ids = list(chains.values())
    for what, one, other in moves:
        if what == "front":
            order.to_front(conn, [ids[one]])
        elif what == "back":
            order.to_back(conn, [ids[one]])
        else:
            order.in_front_of(conn, [ids[one]], ids[other])
    rows = queries.jobs(conn)
    assert sorted(row.id for row in rows) == sorted(ids)
    assert len({row.position for row in rows}) == len(rows)
