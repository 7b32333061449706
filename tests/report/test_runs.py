"""Curves of runs over one another."""

import csv
import io

from engine.spec import Teachers, TrialSpec
from wnkd_tui.report import files, runs, terminal
from wnkd_tui.report.runs import Run

SPEC = TrialSpec("digits", "demo", Teachers.NONE, None, 3)
ONE = Run(7, SPEC, 70, ((1, 50.0), (2, 90.0), (3, 80.0)))
TWO = Run(9, SPEC, 90, ((1, 60.0), (2, 70.0)))


def test_a_curve_for_every_run(plain):
    figure = runs.figure([ONE, TWO], "student", "val_top1")
    assert [line.name for line in figure.lines] == ["trial 7", "trial 9"]
    assert figure.caption == "student · val_top1 · digits · recipe demo"
    assert "trial 9" in terminal.chart(figure, plain)


def test_the_best_of_a_loss_is_its_lowest():
    assert ONE.best("val_top1") == (2, 90.0)
    assert ONE.best("val_loss") == (1, 50.0)


def test_the_table_has_a_line_for_every_run(shown):
    text = shown([runs.sheet([ONE, TWO], "student", "val_top1")])
    assert "7      S_s   3     90.00        2  80.00      3" in text


def test_a_file_has_every_point():
    sheet = runs.points([ONE, TWO], "student", "val_top1")
    lines = list(csv.DictReader(io.StringIO(files.as_csv([sheet]))))
    assert [(line["trial"], line["step"], line["val_top1_mean"]) for line in lines] == [
        ("7", "1", "50.0"),
        ("7", "2", "90.0"),
        ("7", "3", "80.0"),
        ("9", "1", "60.0"),
        ("9", "2", "70.0"),
    ]
    assert runs.to_json([TWO], "student", "val_top1")["runs"][0]["points"] == [[1, 60.0], [2, 70.0]]
