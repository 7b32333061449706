"""Files of reports: the form by the ending, nothing lost, one line where it cannot be."""

import errno
from pathlib import Path

import pytest

from engine.errors import SpecError
from wnkd_tui.report import files, runs
from wnkd_tui.report.export import Exported, form_of, write
from wnkd_tui.report.sheet import Cell, Column, Figure, Line, Sheet
from wnkd_tui.report.stats import Stat

SHEET = Sheet("Table 2", "digits", (Column("a", "A", number=False),), ((Cell("x"),),))
DATA = Sheet("Curves", "digits", (Column("b", "B", number=False),), ((Cell("y"),),))
FIGURE = Figure("F", "", "lines", "x", "y", {}, (Line("a", {1.0: Stat({0: 2.0})}),))
WHOLE = Exported("table2", (FIGURE,), (SHEET,))


@pytest.mark.parametrize("form", ["csv", "md", "tex", "svg", "png"])
def test_every_form_is_written(form, tmp_path):
    path = tmp_path / f"made.{form}"
    write(WHOLE, path)
    assert path.stat().st_size
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    if form == "csv":
        assert path.read_text() == files.as_csv([SHEET])


def test_csv_has_the_points_where_there_are_such(tmp_path):
    write(Exported("curves", (FIGURE,), (SHEET,), (DATA,)), tmp_path / "a.csv")
    write(Exported("curves", (FIGURE,), (SHEET,), (DATA,)), tmp_path / "a.md")
    assert (tmp_path / "a.csv").read_text() == files.as_csv([DATA])
    assert "Table 2" in (tmp_path / "a.md").read_text()


def test_a_file_that_is_there_stays_unless_it_is_given_up(tmp_path):
    path = tmp_path / "made.md"
    path.write_text("mine")
    with pytest.raises(SpecError, match="is there already"):
        write(WHOLE, path)
    assert path.read_text() == "mine"
    write(WHOLE, path, replace=True)
    assert "Table 2" in path.read_text()


@pytest.mark.parametrize("form", ["md", "svg"])
def test_a_full_disk_is_one_line_and_leaves_the_old_file(form, tmp_path, monkeypatch):
    path = tmp_path / f"made.{form}"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("engine.durable.os.fsync", full)
    with pytest.raises(SpecError, match=r"cannot write .*No space left on device$"):
        write(WHOLE, path, replace=True)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "old"


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(SpecError, match="No such file"):
        write(WHOLE, tmp_path / "nowhere" / "a.csv")
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(SpecError, match="is a folder"):
        write(WHOLE, tmp_path / "a.csv")


def test_the_ending_says_the_form():
    assert form_of(Path("a.PNG")) == "png"
    with pytest.raises(SpecError, match=r"one of \.png, \.svg, \.csv, \.md, \.tex"):
        form_of(Path("a.docx"))


def test_what_is_not_there_cannot_be_had(tmp_path):
    assert Exported("t", (), (SHEET,)).lacks("png") == "there is no chart here"
    assert Exported("t", (FIGURE,)).lacks("csv") == "there is no table here"
    assert runs.figure([], "student", "val_top1").lines == ()
    with pytest.raises(SpecError, match="no chart"):
        write(Exported("t", (), (SHEET,)), tmp_path / "a.png")
