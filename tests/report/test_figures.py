"""Figure 2 and Figure 3: charts and the numbers behind them."""

import pytest

from wnkd_tui.report import curves, fig2, fig3, table2, terminal
from wnkd_tui.report.rows import collect


@pytest.fixture
def text_alone(trained):
    results = [trained("student", 70.0, teachers="none"), trained("T_x", 99.0, noise=50)]
    for wn in (0, 20, 50, 80, 100):
        at = {"wn": wn, "modality": "text"}
        results += [
            trained("T_x", 100.0 - wn / 2, **at),
            trained("student", 71.0 + wn / 50, **at),
        ]
    return results


def test_teacher_and_students_are_drawn_over_the_text_mix(sweep, plain):
    chart = terminal.chart(curves.accuracy(collect(sweep)), plain)
    for word in ("T_x val", "student alone", "S from T_m+T_x", "100wn", "gt", "100noise"):
        assert word in chart


def test_the_paper_names_the_text_only_chart_figure_2(text_alone):
    rows = [row for row in collect(text_alone) if row.tx.modality == "text"]
    assert curves.accuracy(rows).label.startswith("Figure 2")


def test_image_and_text_shares_are_stacked(sweep, plain):
    chart = terminal.chart(curves.attribution(collect(sweep)), plain)
    assert "█ image" in chart
    assert "░ text" in chart
    assert chart.count("100wn") == 1


def test_a_mix_that_appears_twice_says_in_what_its_rows_differ(trained):
    rows = collect([trained("T_x", 90.0, wn=50, val_text=text) for text in ("gt", "wn")])
    assert curves.labels(rows) == ["50wn/gt", "50wn/wn"]
    changes = [{}, {"T_x.stem": "linear"}]
    rows = collect([trained("T_x", 90.0, wn=50, changes=change) for change in changes])
    assert curves.labels(rows) == ["50wn", "50wn/linear"]


def test_nothing_to_draw(plain):
    for figure in (curves.accuracy([]), curves.attribution([])):
        assert "nothing to draw yet" in terminal.chart(figure, plain)


def test_fig2_text(text_alone, shown, golden):
    rows = collect(text_alone)
    golden("fig2.txt", shown([*fig2.figures(rows), *fig2.sheets(rows)]))


def test_fig2_json(text_alone, golden):
    golden("fig2.json", fig2.to_json(collect(text_alone)))


def test_fig2_is_over_the_percentage_of_wn(text_alone):
    [figure] = fig2.figures(collect(text_alone))
    assert list(figure.ticks) == [0.0, 20.0, 50.0, 80.0, 100.0]
    assert [line.name for line in figure.lines] == ["T_x val", "student alone", "S from T_x"]
    assert [stat.mean for stat in figure.lines[0].points.values()] == [100, 90, 75, 60, 50]


def test_fig2_says_that_the_paper_tells_no_values(trained):
    rows = collect([trained("T_x", 99.0, modality="text", dataset="cifar100")])
    [figure] = fig2.figures(rows)
    assert figure.lines[0].paper == {0.0: 100.0}
    assert any("tells no values but" in note for note in figure.notes)


def test_series_of_other_validation_text_and_changes_are_apart(trained):
    at = {"modality": "text"}
    stem = {"T_x.stem": "linear"}
    results = [
        trained("T_x", 99.0, **at),
        trained("T_x", 80.0, wn=50, **at),
        trained("T_x", 70.0, wn=50, val_text="wn", **at),
        trained("T_x", 98.0, changes=stem, **at),
        trained("T_x", 79.0, wn=50, changes=stem, **at),
    ]
    told = [
        [row.accuracy("tx_val", "best").mean for row in line]
        for line in fig2.series(collect(results))
    ]
    assert sorted(told) == [[98.0, 79.0], [99.0, 70.0], [99.0, 80.0]]
    both = fig2.figures(collect(results[:2]), "both")
    assert ["best epoch" in one.caption for one in both] == [True, False]


def test_fig3_json(sweep, golden):
    golden("fig3.json", fig3.to_json(collect(sweep)))


def test_fig3_text(sweep, shown, golden):
    rows = collect(sweep)
    golden("fig3.txt", shown([*fig3.figures(rows), *fig3.sheets(rows)]))


def test_fig3_says_how_it_was_attributed(attributed):
    [sheet] = fig3.sheets(collect([attributed(0.5, wn=100)]))
    words = "IntegratedGradients, 50 steps, baseline zero, target label, share pooled"
    assert words in sheet.caption


def test_an_attribution_of_another_way_is_another_row(attributed):
    mean = {"attribution.baseline": "mean"}
    rows = collect([attributed(0.5, wn=100), attributed(0.6, wn=100, changes=mean)])
    names = [row["trial"] for row in fig3.to_json(rows)["rows"]]
    assert names[1] == f"{names[0]} · attribution.baseline mean"


def test_a_large_convergence_delta_voids_the_share(attributed, shown):
    rows = collect([attributed(0.5, delta=0.2, wn=100), attributed(0.5)])
    assert [row["void"] for row in fig3.to_json(rows)["rows"]] == [True, False]
    [sheet] = fig3.sheets(rows)
    place = [column.key for column in sheet.columns].index("void")
    assert [row[place].text for row in sheet.rows] == ["void", "no"]
    void = "Void: shares whose convergence delta is above 0.05."
    assert void in sheet.notes
    [figure] = fig3.figures(rows)
    assert list(figure.ticks.values()) == ["100wn/void", "gt"]
    assert void in figure.notes
    [sheet] = table2.sheets(rows)
    assert [row[-1].shown() for row in sheet.rows] == ["void", "0.50"]
    assert void in sheet.notes


def test_nothing_attributed_gives_no_rows(trained):
    assert fig3.to_json([]) == {"schema": 1, "rows": []}
    assert fig3.figures(collect([trained("T_x", 90.0)])) == []
