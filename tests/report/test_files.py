"""CSV, Markdown and LaTeX of sheets made by hand: golden files, and what holds for any sheet."""

import csv
import io
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wnkd_tui.report.files import as_csv, as_markdown
from wnkd_tui.report.latex import as_latex, text
from wnkd_tui.report.sheet import Cell, Column, Sheet
from wnkd_tui.report.stats import Difference, Stat

GOLDEN = Path(__file__).parent / "golden"


def stat(*values: float) -> Stat:
    found = Stat.of(dict(enumerate(values)))
    assert found
    return found


def gap(*values: float) -> Difference:
    found = Difference.of(dict(enumerate(values)))
    assert found
    return found


SHEETS = [
    Sheet(
        "Table 2",
        "digits (1438 train, 359 val) · recipe demo with student.tau 2.0 · 1 to 3 seeds",
        (
            Column("trial", "trial", number=False),
            Column("val_text", "val text", number=False),
            Column("tx_val", "T_x val"),
            Column("student_tmtx", "S from T_m+T_x"),
            Column("delta_vs_gt", "Δ vs 100%gt"),
        ),
        (
            (
                Cell("T_x,(img, 0%gt 100%wn) · T_x.text_update fixed"),
                Cell("mixed"),
                Cell(stat=stat(64.0, 65.0, 66.5), rank="best", paper=64.39),
                Cell(stat=stat(79.125), rank="second", paper=83.33),
                Cell(stat=gap(0.5, 1.0, 1.5), rank="tied"),
            ),
            (
                Cell("T_x,(img, 100%gt)"),
                Cell("gt"),
                Cell(stat=stat(100.0, 99.0)),
                Cell(),
                Cell("ref."),
            ),
            (
                Cell("T_x,(0%gt 100%noise)"),
                Cell(),
                Cell(stat=stat(1 / 3), digits=3),
                Cell(),
                Cell(stat=gap(-0.4)),
            ),
        ),
        ("* best of a column, + second best.", "τ & λ cost 5 $ at 100 %: a | b, #1."),
    ),
    Sheet(
        "Table 1",
        "cifar100_lt · T_1s T_2w T_3s S_s",
        (Column("dataset", "dataset", number=False), Column("ours", "ours")),
        ((Cell("set_{x}~^\\\\<b>"), Cell(stat=stat(50.0, 52.0))),),
    ),
]
FORMS = {"csv": as_csv, "md": as_markdown, "tex": as_latex}


@pytest.mark.parametrize("form", FORMS)
def test_the_golden_files(form):
    path = GOLDEN / f"sheets.{form}"
    made = FORMS[form](SHEETS)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


def test_csv_holds_every_number_whole():
    first, second, third, other = csv.DictReader(io.StringIO(as_csv(SHEETS)))
    assert first["trial"] == "T_x,(img, 0%gt 100%wn) · T_x.text_update fixed"
    assert float(first["tx_val_mean"]) == (64.0 + 65.0 + 66.5) / 3
    assert float(first["tx_val_sd"]) == pytest.approx(1.2583057392117916)
    assert (first["tx_val_n"], first["tx_val_paper"]) == ("3", "64.39")
    # Student's t of two degrees of freedom is 4.303; the sd is 0.5
    assert float(first["delta_vs_gt_half"]) == pytest.approx(4.302652729911275 * 0.5 / 3**0.5)
    assert (second["student_tmtx_mean"], second["student_tmtx_n"]) == ("", "")
    assert (third["delta_vs_gt_mean"], third["delta_vs_gt_half"]) == ("-0.4", "")
    assert float(third["tx_val_mean"]) == 1 / 3
    assert (other["table"], other["dataset"], other["trial"]) == ("Table 1", "set_{x}~^\\\\<b>", "")
    assert "ours_paper" not in other  # nobody has such a value
    assert first["caption"] == SHEETS[0].caption
    assert first["notes"] == " ".join(SHEETS[0].notes)


@pytest.mark.parametrize("name", ["=1+1", "+cmd|x", "-2", "@SUM(A1)"])
def test_no_name_in_a_csv_is_a_formula(name):
    columns = (Column("class", "class", number=False), Column("top1", "top-1"))
    sheet = Sheet("Classes", "digits", columns, ((Cell(name), Cell(stat=gap(-0.5))),))
    [line] = csv.DictReader(io.StringIO(as_csv([sheet])))
    assert (line["class"], line["top1_mean"]) == (f"'{name}", "-0.5")


CELLS = st.one_of(
    st.builds(Cell, st.text()),
    st.builds(
        lambda values, rank, paper: Cell(stat=stat(*values), rank=rank, paper=paper),
        st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3),
        st.sampled_from(["", "best", "second", "tied"]),
        st.none() | st.floats(0, 100),
    ),
)
TABLES = st.builds(
    lambda label, caption, heads, rows, notes: Sheet(
        label,
        caption,
        (Column("a", heads[0], number=False), Column("b", heads[1])),
        tuple(rows),
        tuple(notes),
    ),
    st.text(),
    st.text(),
    st.tuples(st.text(), st.text()),
    st.lists(st.tuples(st.builds(Cell, st.text()), CELLS), min_size=1, max_size=3),
    st.lists(st.text(), max_size=2),
)


@given(TABLES)
def test_markdown_keeps_its_columns_whatever_a_cell_says(sheet):
    lines = [line for line in as_markdown([sheet]).split("\n") if line.startswith("| ")]
    assert len(lines) == 2 + len(sheet.rows)
    for line in lines:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 3


@given(TABLES)
def test_latex_is_balanced_and_keeps_its_columns_whatever_a_cell_says(sheet):
    check_latex(as_latex([sheet]))


@given(st.text())
def test_no_text_is_latexs_own_sign(said):
    check_signs(text(said))


def test_latex_of_the_sheets_is_sound():
    check_latex(as_latex(SHEETS))


def check_latex(made: str) -> None:
    opened: list[str] = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", made):
        if what == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []
    for columns, body in re.findall(
        r"\\begin\{tabular\}\{(\w+)\}\n(.*?)\\end\{tabular\}", made, re.S
    ):
        rows = [line for line in body.split("\n") if line.endswith(r" \\")]
        assert len(rows) >= 2
        for row in rows:
            assert len(re.findall(r"(?<!\\)&", row)) == len(columns) - 1
    for line in made.split("\n")[1:]:
        plain = re.sub(r"\\(?:begin|end)\{tabular\}\{\w+\}|(?<= )\\\\$", "", line)
        check_signs(re.sub(r"(?<!\\)&", "", plain))


def check_signs(said: str) -> None:
    """Braces and dollars are in pairs; no sign starts a comment, a column or a parameter."""
    bare = re.sub(r"\\(?:[{}$&#_%\\ ]|[A-Za-z]+)", "", said)
    depth = 0
    for sign in bare:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    assert bare.count("$") % 2 == 0
    outside = "".join(bare.split("$")[::2])
    assert not set('%&#_^~\\<>|"') & set(outside)


@pytest.mark.parametrize(
    ("said", "typeset"),
    [
        (
            "T_m T_x,(img, 20%gt 80%wn) S_s",
            r"$T_{m}$ $T_{x,(\mathrm{img,}\ \mathrm{20\%gt}\ \mathrm{80\%wn})}$ $S_{s}$",
        ),
        ("T_1s T_2w T_3s S_s", r"$T_{\mathrm{1s}}$ $T_{\mathrm{2w}}$ $T_{\mathrm{3s}}$ $S_{s}$"),
        ("S from T_m+T_x", "S from $T_{m}$+$T_{x}$"),
        ("T_x.text_update", r"$T_{x}$.text\_update"),
        ("97.22 ± 0.31", r"97.22 $\pm$ 0.31"),
        ("Δ, 5 % & #1", r"$\Delta$, 5 \% \& \#1"),
        ("a  b\nc", "a b c"),
        ("vögel", "vögel"),
    ],
)
def test_names_are_typeset_as_the_paper_does(said, typeset):
    assert text(said) == typeset


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
def test_latex_compiles(tmp_path):
    document = (
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
        f"{as_latex(SHEETS)}\\end{{document}}\n"
    )
    (tmp_path / "it.tex").write_text(document, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "it.tex"],
        cwd=tmp_path,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
