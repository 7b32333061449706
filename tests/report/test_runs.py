"""Curves of runs over one another."""

import csv
import io
from dataclasses import replace

from engine.spec import MultimodalSpec, Teachers, TrialSpec
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


def test_curves_say_what_they_rest_on(shown):
    tx = MultimodalSpec("wordnet-graph", wn=100)
    taught = TrialSpec("digits", "demo", Teachers.TX, tx, 3, 300, changes=(("student.tau", 2.0),))
    runs_ = [ONE, replace(ONE, trial=8, spec=taught)]
    stand_in = "wordnet-graph (a stand-in, not CLIP)"
    changed = "recipe demo with student.tau 2.0"
    about = f"digits (limit-train 300) · {changed} · {stand_in}"
    assert runs.caption(runs_[1:], "T_x", "val_top1") == (
        f"T_x · val_top1 · {about} · validation text mixed"
    )
    own = ["digits · recipe demo", about]
    sheet = runs.sheet(runs_, "student", "val_top1")
    assert [row[3].text for row in sheet.rows] == own
    assert stand_in in sheet.caption
    assert stand_in not in runs.caption(runs_, "teacher", "val_top1")
    lines = csv.DictReader(io.StringIO(files.as_csv([runs.points(runs_, "student", "val_top1")])))
    assert list(dict.fromkeys(line["setting"] for line in lines)) == own


def test_the_best_of_a_loss_is_its_lowest():
    assert ONE.best("val_top1") == (2, 90.0)
    assert ONE.best("val_loss") == (1, 50.0)


def test_the_table_has_a_line_for_every_run(shown):
    text = shown([runs.sheet([ONE, TWO], "student", "val_top1")])
    assert "7 S_s 3 90.00 2 80.00 3" in " ".join(text.split())


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
