"""What a chart's cursor reads."""

from wnkd_tui.charts import Look
from wnkd_tui.report.reading import stops
from wnkd_tui.report.sheet import Figure, Line
from wnkd_tui.report.stats import Stat
from wnkd_tui.report.terminal import drawing


def figure(kind, ticks, *lines):
    return Figure("F", "", kind, "step", "top-1 %", ticks, lines)


def test_every_line_is_read_at_a_named_place_the_papers_too():
    two = Stat({0: 97.0, 1: 98.0})
    chart = figure(
        "lines",
        {0.0: "100wn", 1.0: "gt"},
        Line("T_x", {0.0: two, 1.0: Stat({0: 99.5})}, {0.0: 64.39}),
        Line("student", {1.0: Stat({0: 81.0})}),
    )
    first, second = stops(chart)
    assert (first.name, first.values) == ("100wn", ((0, "97.50 ± 0.71"), (1, "64.39")))
    assert second.values == ((0, "99.50"), (2, "81.00"))


def test_between_named_places_the_nearest_point_counts():
    chart = figure(
        "lines",
        {},
        Line("a", {1.0: Stat({0: 0.25}), 9.0: Stat({0: 0.5})}),
        Line("b", {4.0: Stat({0: 3.0})}),
    )
    assert [stop.name for stop in stops(chart)] == ["step 1", "step 4", "step 9"]
    assert stops(chart)[1].values == ((0, "0.2500"), (1, "3.00"))


def test_bars_are_read_by_their_parts():
    chart = figure(
        "stacked",
        {2.0: "wn", 5.0: "gt"},
        Line("image", {2.0: Stat({0: 0.6}), 5.0: Stat({0: 0.4})}),
        Line("text", {2.0: Stat({0: 0.4}), 5.0: Stat({0: 0.6})}),
    )
    assert [(stop.at, stop.name) for stop in stops(chart)] == [(0.0, "wn"), (1.0, "gt")]
    assert stops(chart)[0].values == ((0, "0.600"), (1, "0.400"))


def test_a_stop_is_where_its_sign_is_drawn():
    chart = figure("lines", {}, Line("a", {float(x): Stat({0: float(x * x)}) for x in range(5)}))
    drawn = drawing(chart, Look(50, 12, colour=False))
    lines = drawn.text.splitlines()[drawn.top : drawn.top + drawn.rows]
    for stop in stops(chart):
        assert any(line[drawn.columns[stop.at] :][:1] == "●" for line in lines)
