"""Curves in stretches: against a plain evaluation, and without reading what is not asked for."""

import math
from statistics import fmean

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wnkd_tui.store import queries
from wnkd_tui.store.rows import CurvePoint


def write(conn, name, rows):
    conn.executemany(
        "INSERT OR REPLACE INTO metric VALUES (1, ?, ?, ?)", [(name, *row) for row in rows]
    )


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(st.integers(-5, 10**6), st.floats(-1e6, 1e6), min_size=1, max_size=60),
    st.integers(1, 40),
)
def test_each_point_is_mean_least_and_greatest_of_its_stretch(conn, add, values, buckets):
    if not conn.execute("SELECT 1 FROM job").fetchone():
        add("a")
    conn.execute("DELETE FROM metric")
    write(conn, "x", values.items())
    first, width = min(values), max(values) - min(values) + 1

    points = queries.curves(conn, 1, buckets=buckets)["x"]

    assert len(points) <= buckets
    stretches = {}
    for step in sorted(values):
        place = step - first if width <= buckets else (step - first) * buckets // width
        stretches.setdefault(place, []).append(step)
    assert [point.step for point in points] == [steps[-1] for steps in stretches.values()]
    for point, steps in zip(points, stretches.values(), strict=True):
        inside = [values[step] for step in steps]
        assert (point.low, point.high) == (min(inside), max(inside))
        assert math.isclose(point.mean, fmean(inside), rel_tol=1e-9, abs_tol=1e-6)


def test_names_are_chosen_and_unknown_ones_left_out(conn, add):
    add("a", "b")
    write(conn, "loss", [(1, 0.5), (2, 0.25)])
    write(conn, "top1", [(1, 10.0)])

    assert queries.curves(conn, 1, ["loss", "never"]) == {
        "loss": [CurvePoint(1, 0.5, 0.5, 0.5), CurvePoint(2, 0.25, 0.25, 0.25)]
    }
    assert list(queries.curves(conn, 1)) == ["loss", "top1"]
    assert queries.curves(conn, 1, []) == {}
    assert queries.curves(conn, 2) == {}


@pytest.mark.parametrize("names", [None, ["loss"]])
def test_nothing_is_sorted_and_only_the_key_is_read(conn, add, names):
    add("a")
    write(conn, "loss", [(step, 1.0) for step in range(1000)])
    statements = []
    conn.set_trace_callback(statements.append)
    queries.curves(conn, 1, names, 10)
    conn.set_trace_callback(None)
    for statement in statements:
        for row in conn.execute(f"EXPLAIN QUERY PLAN {statement}"):
            assert "TEMP B-TREE" not in row["detail"]
            assert not row["detail"].startswith("SCAN metric")
