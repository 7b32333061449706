"""The scatter: what a T_x knows, or what its text leaks, against what its students gain."""

import numpy as np
import pytest

from wnkd_tui.charts import Look
from wnkd_tui.report import scatter, terminal
from wnkd_tui.report.reading import stops
from wnkd_tui.report.rows import collect


@pytest.fixture
def rows(trained):
    """Three mixes and two seeds; gains by hand: 1, 3, 2 from T_x alone."""
    results = []
    for seed in (0, 1):
        results += [
            trained("student", 70.0 + seed, teachers="none", seed=seed),
            trained("T_x", 60.0, modality="img", seed=seed),
        ]
        for wn, noise, tx, gain in ((100, 0, 75.0, 1.0), (0, 0, 99.0, 3.0), (0, 100, 62.0, 2.0)):
            at = {"wn": wn, "noise": noise, "seed": seed}
            results += [
                trained("T_x", tx + seed, **at),
                trained("student", 70.0 + seed + gain + 0.5 * seed, **at),
            ]
    return collect(results)


def test_points_are_means_over_seeds(rows):
    [figure] = scatter.figures(rows)
    [line] = figure.lines
    assert [point.x.mean for point in line.cloud] == [62.5, 75.5, 99.5]
    assert [point.y.mean for point in line.cloud] == [2.25, 1.25, 3.25]
    assert line.cloud[0].x.sd == pytest.approx(np.std([62, 63], ddof=1))


def test_the_leakage_index_is_the_other_axis(rows):
    [figure] = scatter.figures(rows, against="leakage")
    assert [point.x.mean for point in figure.lines[0].cloud] == [2.5, 15.5, 39.5]
    [sheet] = scatter.sheets(rows, against="leakage")
    assert "leakage_index" in [column.key for column in sheet.columns]


def test_the_correlation_is_of_the_means(rows):
    [figure] = scatter.figures(rows)
    r = np.corrcoef([62.5, 75.5, 99.5], [2.25, 1.25, 3.25])[0, 1]
    assert f"Pearson's r = {r:+.2f} over 3 conditions." in figure.notes[-1]


def test_two_epochs_have_two_charts(rows):
    assert len(scatter.figures(rows, "both")) == 2
    [sheet] = scatter.sheets(rows, "both")
    assert any("(last epoch)" in note for note in sheet.notes)


def test_without_spread_there_are_no_bars_to_speak_of(rows, trained):
    alone = [trained("student", 70.0, teachers="none"), trained("T_x", 75.0, wn=100)]
    [one] = scatter.figures(collect([*alone, trained("student", 71.0, wn=100)]))
    [two] = scatter.figures(rows)
    assert [any("Error bars" in note for note in fig.notes) for fig in (one, two)] == [False, True]


def test_json(rows):
    found = scatter.to_json(rows)
    assert found["against"] == "accuracy"
    assert [row["x"]["best"]["mean"] for row in found["rows"]] == [75.5, 99.5, 62.5]
    assert [row["student_tx_gain"]["last"]["mean"] for row in found["rows"]] == [1.25, 3.25, 2.25]


def test_without_a_student_alone_there_is_nothing(trained):
    rows = collect([trained("T_x", 75.0, wn=100), trained("student", 71.0, wn=100)])
    assert scatter.figures(rows) == scatter.sheets(rows) == []


def test_it_is_drawn_and_read_sign_by_sign(rows, shown):
    [figure] = scatter.figures(rows)
    chart = terminal.chart(figure, Look(72, 14, colour=False))
    assert chart.count("●") == 1 + 3
    assert "gain of the student, over T_x top-1 %" in chart
    read = stops(figure)
    assert [stop.values for stop in read] == [
        ((0, "gain +2.25 ± 0.35"),),
        ((0, "gain +1.25 ± 0.35"),),
        ((0, "gain +3.25 ± 0.35"),),
    ]
    assert read[0].name == "T_x,(img, 0%gt 100%noise): 62.50 ± 0.71"
    assert "Scatter" in shown(scatter.sheets(rows))
