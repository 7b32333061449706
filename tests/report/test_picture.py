"""Figures as files: the same bytes each time, and what they show."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from engine.errors import SpecError
from wnkd_tui.report.picture import DOTS, HEIGHT, WIDTH, draw
from wnkd_tui.report.sheet import Figure, Line, Point
from wnkd_tui.report.stats import Stat

GOLDEN = Path(__file__).parent / "golden"
TICKS = {0.0: "100wn", 1.0: "gt", 2.0: "100noise"}


def stats(*values: tuple[float, ...]) -> dict[float, Stat]:
    return {float(x): Stat(dict(enumerate(one))) for x, one in enumerate(values)}


LINES = Figure(
    "Figure 2",
    "digits (1438 train, 359 val) · recipe demo · wordnet-graph (a stand-in, not CLIP) · text ·"
    " 2 seeds · best epoch",
    "lines",
    "text of T_x's samples",
    "top-1 %, validation",
    TICKS,
    (
        Line("T_x val", stats((64.0, 66.0), (100.0,), (57.0, 59.0)), {0.0: 64.39, 2.0: 57.06}),
        Line("S from T_x", stats((79.0, 80.0), (77.0, 77.5))),
    ),
    ("A note about $5 and T_x^2.",),
)
BARS = Figure(
    "Figure 3",
    "digits",
    "stacked",
    "text",
    "share",
    TICKS,
    (
        Line("image", stats((0.6, 0.62), (0.4,), (0.9,))),
        Line("text", stats((0.4, 0.38), (0.6,))),
    ),
)


def test_svg_is_the_golden_file(tmp_path):
    draw([LINES, BARS], tmp_path / "made.svg", "svg")
    path = GOLDEN / "figures.svg"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes((tmp_path / "made.svg").read_bytes())
    assert (tmp_path / "made.svg").read_text() == path.read_text()


def test_svg_keeps_its_texts_as_they_are(tmp_path):
    draw([LINES, BARS], tmp_path / "made.svg", "svg")
    tree = ElementTree.parse(tmp_path / "made.svg")
    texts = {"".join(one.itertext()).strip() for one in tree.iter() if one.tag.endswith("}text")}
    legend = {"T_x val", "T_x val, paper", "S from T_x", "image", "text"}
    assert legend | {"Figure 2", "Figure 3", "100wn", "share", *LINES.notes} <= texts


def test_one_seed_has_no_error_bar(tmp_path):
    def bars(*values):
        line = Line("S from T_x", {0.0: Stat(dict(enumerate(values))), 1.0: Stat({0: 77.0})})
        draw([replace(LINES, lines=(line,))], tmp_path / "made.svg", "svg")
        return 'id="LineCollection_' in (tmp_path / "made.svg").read_text()

    assert (bars(79.0), bars(79.0, 80.0)) == (False, True)


@pytest.mark.parametrize("kind", ["lines", "scatter"])
def test_svg_is_well_formed_whatever_the_names_are(tmp_path, kind):
    name = """<b>&"'\\$_{x}^2$ ]]> \u2603"""
    point = Point(name, Stat({0: 1.0}), Stat({0: 2.0}))
    line = Line(name, stats((64.0, 66.0), (1.0,)), {0.0: 64.0}, (point,))
    figure = Figure(name, name, kind, name, name, {0.0: name, 1.0: name}, (line,), (name,))
    draw([figure], tmp_path / "made.svg", "svg")
    tree = ElementTree.parse(tmp_path / "made.svg")
    said = ["".join(one.itertext()).strip() for one in tree.iter() if one.tag.endswith("}text")]
    assert said.count(name) >= 5


def test_a_picture_is_the_same_each_time(tmp_path):
    for kind in ("png", "svg"):
        draw([LINES], tmp_path / f"a.{kind}", kind)
        draw([LINES], tmp_path / f"b.{kind}", kind)
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_png_looks_like_the_golden_file(tmp_path):
    draw([LINES, BARS], tmp_path / "made.png", "png")
    made = Image.open(tmp_path / "made.png")
    assert made.size == (int(WIDTH * DOTS), int(2 * HEIGHT * DOTS))
    small = made.convert("RGB").resize((350, 420))
    path = GOLDEN / "figures.png"
    if os.environ.get("UPDATE_GOLDEN"):
        small.save(path, optimize=True)
    apart = np.abs(np.asarray(small, float) - np.asarray(Image.open(path).convert("RGB"), float))
    assert apart.mean() < 2  # of 255: fonts are drawn a little otherwise elsewhere


def test_a_persons_own_style_changes_nothing(tmp_path):
    import matplotlib

    draw([BARS], tmp_path / "a.svg", "svg")
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "red"}):
        draw([BARS], tmp_path / "b.svg", "svg")
        assert matplotlib.rcParams["lines.linewidth"] == 9
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SpecError, match=r"pip install 'wnkd-tui\[plots\]'"):
        draw([LINES], tmp_path / "made.png", "png")


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(SpecError, match=r"cannot write .*made\.png: No such file"):
        draw([LINES], tmp_path / "nowhere" / "made.png", "png")
    with pytest.raises(SpecError, match="a folder or a device, no file"):
        draw([LINES], tmp_path, "svg")
