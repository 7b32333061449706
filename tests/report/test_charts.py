"""Charts fit their size, are readable without colour, and can be plain ASCII."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from wnkd_tui.charts import Drawing, Look, Series, bar_drawing, line_drawing

CURVES = [
    Series("T_x", [64.0, 70.0, 100.0], [0.0, 1.0, 2.0]),
    Series("student", [83.0, 82.5, 82.0], [0.0, 1.0, 2.0]),
]
SHARES = [Series("image", [0.6, 0.4]), Series("text", [0.4, 0.6])]
TICKS = {0.0: "100wn", 1.0: "50wn", 2.0: "gt"}


def lines(*what, **how):
    return line_drawing(*what, **how).text


def stacked(*what, **how):
    return bar_drawing(*what, **how).text


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


def test_error_bars_stand_behind_their_points():
    bare = Series("T_x", [50.0, 60.0], [0.0, 1.0])
    barred = Series("T_x", [50.0, 60.0], [0.0, 1.0], low=[40.0, 60.0], high=[60.0, 60.0])
    look = Look(40, 14, colour=False)
    column = line_drawing([barred], look).columns[0.0]

    def inked(series: Series) -> int:
        drawing = line_drawing([series], look, y_range=(30.0, 70.0))
        rows = drawing.text.splitlines()[drawing.top : drawing.top + drawing.rows]
        return sum(row[column : column + 1].strip() != "" for row in rows)

    assert inked(bare) <= 2
    assert inked(barred) >= 4


def test_points_that_are_not_joined_stand_alone():
    scatter = Series("gain", [1.0, 5.0], [0.0, 10.0], joined=False)
    chart = lines([scatter], Look(40, 12, colour=False))
    assert chart.count("●") == 1 + 2
    assert not any("⠀" < sign <= "⣿" for sign in chart)


def test_a_long_legend_takes_lines_and_leaves_room():
    many = [Series(f"trial {n} of many", [1.0, 2.0], [0.0, 1.0]) for n in range(8)]
    rows = lines(many, Look(40, 20, colour=False)).splitlines()
    assert len(rows) == 20
    assert all(f"trial {n} of many" in "\n".join(rows[1:6]) for n in range(8))
    assert len(lines(many, Look(40, 8, colour=False)).splitlines()) == 8


def test_values_stand_in_bars_that_have_room():
    chart = stacked(["a", "b"], SHARES, Look(60, 14, colour=False))
    assert chart.count("0.60") == chart.count("0.40") == 2
    assert "0.60" not in stacked(["a"] * 20, [Series("i", [0.6] * 20)], Look(60, 14, colour=False))


def test_the_band_of_a_dense_curve_lies_behind_it():
    xs = [float(x) for x in range(160)]
    middle = [x / 10 for x in xs]
    low, high = [y - 4 for y in middle], [y + 4 for y in middle]
    chart = lines([Series("loss", middle, xs, low, high)], Look(80, 20, colour=False))
    assert chart.count("░") > 160
    assert any("⠀" < sign <= "⣿" for sign in chart)
    assert chart.count("●") == 1 + 8


def body(drawing: Drawing) -> list[str]:
    return drawing.text.splitlines()[drawing.top : drawing.top + drawing.rows]


@pytest.mark.parametrize("width", [24, 40, 57, 80, 101, 160])
@pytest.mark.parametrize("factor", [1e-4, 1.0, 1234.0, 1e5])
def test_columns_tell_where_the_signs_are(width, factor):
    xs = [0.0, 1.0, 3.0, 5.0, 8.0, 13.0, 40.0, 90.0, 100.0]
    one = Series("a", [factor * y for y in (3, 1, 4, 1, 5, 9, 2, 6, 5)], xs, joined=False)
    drawing = line_drawing([one], Look(width, 16, colour=False))
    signs = {at for row in body(drawing) for at, sign in enumerate(row) if sign == "●"}
    assert signs == set(drawing.columns.values())
    assert sorted(drawing.columns) == xs
    assert drawing.text.splitlines()[drawing.top + drawing.rows].strip().startswith("└")


@pytest.mark.parametrize("width", [40, 61, 100, 160])
@pytest.mark.parametrize("ticks", [TICKS, {x: "a long name"[: 3 + int(x)] for x in TICKS}])
def test_columns_stand_on_their_ticks(width, ticks):
    look = Look(width, 12, colour=False)
    curve = line_drawing(CURVES, look, ticks=ticks)
    bars = bar_drawing(list(ticks.values()), [Series("n", [0.5, 0.2, 1.0])], look)
    for drawing in (curve, bars):
        axis = drawing.text.splitlines()[drawing.top + drawing.rows]
        marks = [at for at, sign in enumerate(axis) if sign == "┬"]
        assert marks == [drawing.columns[x] for x in sorted(drawing.columns)]
    top, bottom = body(bars)[0], body(bars)[-1]
    assert [bottom[at] for at in bars.columns.values()] == ["█"] * 3
    assert [top[at : at + 1] for at in bars.columns.values()] in (["", "", "█"], [" ", " ", "█"])


def test_the_last_tick_is_named_and_names_do_not_touch():
    ticks = {float(x): f"label{x}" for x in range(6)}
    one = Series("a", [1.0, 2.0], [0.0, 5.0])
    for width in range(24, 60):
        named = lines([one], Look(width, 8, colour=False), ticks=ticks).splitlines()[-1].split()
        assert set(named) <= set(ticks.values())
        assert (named[0], named[-1]) == ("label0", "label5")


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf"), 1e308])
def test_numbers_that_are_none_are_left_out(odd):
    look = Look(40, 10, colour=False)
    curve = Series("a", [1.0, odd, 3.0], [0.0, 1.0, 2.0], [0.5, 0.5, odd], [1.5, 1.5, 3.5])
    drawing = line_drawing([curve, Series("b", [odd], [0.0])], look)
    assert sorted(drawing.columns) == [0.0, 2.0]
    assert "nothing to draw yet" in lines([Series("b", [odd], [0.0])], look)
    assert "● a" in lines([curve], look, y_range=(0.0, 2.0))
    assert "█ a" in stacked(["x"], [Series("a", [odd])], look)


def test_a_value_far_beyond_the_range_stands_at_its_edge():
    drawing = line_drawing(
        [Series("a", [1.0, 1e38, -1e38], [0.0, 1.0, 2.0])], Look(40, 10), y_range=(0.0, 2.0)
    )
    assert "●" in drawing.text.splitlines()[drawing.top]


def test_great_numbers_have_short_names():
    chart = lines([Series("a", [0.0, 4e16], [0.0, 1.0])], Look(40, 12, colour=False))
    assert "4e+16┤" in chart
