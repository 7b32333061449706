"""Charts of rows and what is said of them."""

from wnkd_tui.charts import Look
from wnkd_tui.report import curves
from wnkd_tui.report.relations import relations
from wnkd_tui.report.rows import collect

LOOK = Look(width=76, height=16, colour=False)


def test_teacher_and_students_are_drawn_over_the_text_mix(sweep):
    chart = curves.accuracy(collect(sweep), LOOK)
    for word in ("T_x val", "student alone", "S from T_m+T_x", "100wn", "gt", "100noise"):
        assert word in chart


def test_the_paper_names_the_text_only_chart_figure_2(trained):
    rows = collect([trained("T_x", 90.0 - wn / 5, wn=wn, modality="text") for wn in (0, 50, 100)])
    assert curves.accuracy(rows, LOOK).startswith("Figure 2")


def test_image_and_text_shares_are_stacked(sweep):
    chart = curves.attribution(collect(sweep), LOOK)
    assert "█ image" in chart
    assert "░ text" in chart
    assert chart.count("100wn") == 1


def test_a_mix_with_two_validation_texts_names_them(trained):
    rows = collect([trained("T_x", 90.0, wn=50, val_text=text) for text in ("gt", "wn")])
    assert curves.labels(rows) == ["50wn/gt", "50wn/wn"]


def test_relations_hold_by_the_numbers(sweep):
    found = relations(collect(sweep))
    assert [one.holds for one in found] == [True, True, True]
    assert found[0].text.endswith("holds (100.00 against 79.50)")


def test_a_relation_that_fails_is_told(trained, attributed):
    rows = collect([trained("T_x", 70.0), trained("T_x", 80.0, wn=100), attributed(0.5, wn=100)])
    told = [one.text for one in relations(rows)]
    assert "does not hold (70.00 against 80.00)" in told[0]
    assert "cannot be said yet (0.500 against -)" in told[1]
    assert relations(rows)[2].holds is None
