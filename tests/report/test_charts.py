"""Charts fit their size, are readable without colour, and can be plain ASCII."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from wnkd_tui.charts import Look, Series, lines, stacked

CURVES = [
    Series("T_x", [64.0, 70.0, 100.0], [0.0, 1.0, 2.0]),
    Series("student", [83.0, 82.5, 82.0], [0.0, 1.0, 2.0]),
]
SHARES = [Series("image", [0.6, 0.4]), Series("text", [0.4, 0.6])]
TICKS = {0.0: "100wn", 1.0: "50wn", 2.0: "gt"}


@pytest.mark.parametrize(("width", "height"), [(40, 10), (80, 20), (120, 30)])
@pytest.mark.parametrize("unicode", [True, False])
def test_a_chart_keeps_to_its_size(width, height, unicode):
    look = Look(width, height, colour=False, unicode=unicode)
    for chart in (
        lines(CURVES, look, title="t", y_label="top-1 %", ticks=TICKS),
        stacked(["a", "b"], SHARES, look, title="t"),
    ):
        rows = chart.splitlines()
        assert len(rows) <= height
        assert max(len(row) for row in rows) <= width
        assert chart.isascii() is not unicode


def test_colour_only_where_asked_for():
    assert "\x1b[" in lines(CURVES, Look(60, 12))
    assert "\x1b" not in lines(CURVES, Look(60, 12, colour=False))


def test_series_differ_without_colour():
    chart = lines(CURVES, Look(60, 12, colour=False), ticks=TICKS)
    assert chart.count("●") == 1 + 3
    assert chart.count("▲") == 1 + 3


@pytest.mark.parametrize(
    "series",
    [
        [Series("one point", [5.0], [1.0])],
        [Series("level", [5.0] * 30, range(30))],
        [Series("empty", [], []), Series("two", [1.0, 2.0], [0.0, 1.0])],
        [Series("long", [float(i) for i in range(500)], range(500))],
    ],
)
def test_odd_series_are_drawn(series):
    chart = lines(series, Look(50, 12, colour=False))
    assert series[-1].name in chart
    assert len(chart.splitlines()) > 8


def test_nothing_to_draw_is_said():
    assert "nothing to draw yet" in lines([Series("a", [])], Look())
    assert "nothing to draw yet" in stacked([], [], Look())


def test_whole_steps_have_whole_ticks():
    chart = lines([Series("val", [1.0, 2.0, 4.0], [1, 2, 3])], Look(50, 12, colour=False))
    assert chart.splitlines()[-1].split() == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("heights", "ticks"),
    [
        ([98.61, 100.0], ["100.0", "99.5", "99.0"]),
        ([9.9, 97.9], ["80", "60", "40", "20"]),
        ([0.0012, 0.0049], ["0.004", "0.003", "0.002"]),
        ([5.0, 5.0], ["5"]),
    ],
)
def test_y_ticks_are_round_numbers(heights, ticks):
    chart = lines([Series("val", heights, [1, 2])], Look(50, 20, colour=False))
    assert [row.split("┤")[0].strip() for row in chart.splitlines() if "┤" in row] == ticks


def test_threads_do_not_draw_into_each_other():
    look = Look(60, 14, colour=False)
    alone = [lines(CURVES, look), stacked(["a", "b"], SHARES, look)]
    with ThreadPoolExecutor(4) as pool:
        many = list(
            pool.map(
                lambda i: lines(CURVES, look) if i % 2 == 0 else stacked(["a", "b"], SHARES, look),
                range(16),
            )
        )
    assert many == alone * 8
