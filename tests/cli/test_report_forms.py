"""Every report in every form it has, and what is said where nothing is measured."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

TABLES = ("table1", "table2", "table3", "fig2", "fig3", "leakage", "scatter", "shots")
SWEEPS = ("table1", "table2", "table3", "fig2", "leakage")


@pytest.fixture
def measured(wnkd, finish):
    for sweep in SWEEPS:
        wnkd("queue", "add", "--sweep", sweep, "--seeds", "2")
    finish()


@pytest.mark.parametrize("report", TABLES)
def test_nothing_measured_is_said_and_no_form_has_rows(wnkd, data, report):
    for form in ((), ("--csv",), ("--md",), ("--tex",)):
        result = wnkd("report", report, *form)
        assert (result.exit_code, result.stdout) == (0, "")
        assert "nothing measured yet: wnkd queue add --" in result.stderr
    assert data("report", report)["rows"] == []


def test_every_table_has_every_form(wnkd, data, measured):
    for report in (*TABLES, "classes 1 2", "diff 1 3"):
        words = ("report", *report.split())
        text = wnkd(*words).stdout
        made = {form: wnkd(*words, f"--{form}").stdout for form in ("csv", "md", "tex")}
        rows = list(csv.DictReader(io.StringIO(made["csv"])))
        label = rows[0]["table"]
        assert label in text
        assert f"**{label}**" in made["md"]
        assert f"\\caption{{{label}" in made["tex"]
        assert made["tex"].count(r"\begin{table}") == len({row["caption"] for row in rows})
        assert data(*words)["schema"] == 1


def test_epochs_are_best_last_or_both(wnkd, data, measured):
    def means(epoch):
        made = wnkd("report", "table2", "--csv", "--epoch", epoch).stdout
        return next(csv.DictReader(io.StringIO(made)))

    best, last, both = (means(epoch) for epoch in ("best", "last", "both"))
    assert float(best["tx_val_mean"]) == float(last["tx_val_mean"]) + 1
    assert both["tx_val_best_mean"] == best["tx_val_mean"]
    assert both["tx_val_last_mean"] == last["tx_val_mean"]
    assert data("report", "table2", "--epoch", "both")["epoch"] == "both"


def test_figures_are_drawn_on_the_terminal_and_into_files(wnkd, measured, tmp_path):
    assert "T_x val" in wnkd("report", "fig2").stdout
    for report in ("fig2", "fig3"):
        for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
            path = tmp_path / f"{report}.{kind}"
            result = wnkd("report", report, f"--{kind}", str(path))
            assert (result.exit_code, result.stdout) == (0, ""), result.stderr
            assert result.stderr == f"wrote {path}\n"
            assert path.read_bytes().startswith(start)


def test_a_picture_that_cannot_be_written_or_drawn_is_told(wnkd, measured, monkeypatch, tmp_path):
    import sys

    device = tmp_path / "pipe"  # as /dev/null, which a rename would take from everybody
    os.mkfifo(device)
    for name in (str(device), str(tmp_path), ""):
        result = wnkd("report", "fig3", "--png", name)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert "a folder or a device, no file" in result.stderr
    assert device.is_fifo()
    result = wnkd("report", "fig3", "--png", "/no/such/folder/a.png")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = wnkd("report", "fig3", "--png", "a.png")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "pip install 'wnkd-tui[plots]'" in result.stderr
    assert not Path("a.png").exists()


def test_a_trial_is_not_compared_with_itself(wnkd, measured, data):
    trials = data("trial", "list")["trials"]
    one = trials[0]
    other = next(t for t in trials[1:] if t["name"] == one["name"])
    for pair in ((1, 1), (one["id"], other["id"])):
        result = wnkd("report", "diff", *map(str, pair))
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert "differ in nothing but their seed" in result.stderr


def test_classes_by_difference_need_two_trials(wnkd, measured):
    result = wnkd("report", "classes", "1", "--by", "difference")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "needs two trials" in result.stderr


def test_json_shapes(data, measured, check_shape):
    for report in TABLES:
        check_shape(f"forms-{report}", data("report", report))
    check_shape("forms-classes", data("report", "classes", "1", "2"))
    check_shape("forms-diff", data("report", "diff", "1", "3"))


def test_json_has_no_colours_or_cut_lines(wnkd, measured):
    assert json.loads(wnkd("report", "table2", "--json").stdout)["rows"]
    assert "\x1b" not in wnkd("report", "table2").stdout
