"""The pages show what benchmarks keep, and nothing else."""

import pytest
from growth_shown import BAR, exponents
from pages import DOCS, PAGES, figures, filled, load, sheets, text_sheet

from wnkd_tui.report.picture import draw

PAGE = "before\n<!-- one -->\nold\n<!-- end -->\nbetween\n<!-- two -->\n<!-- end -->\n"
SHEET = text_sheet("Label", "caption", ["a", "b"], [["x", "1.0"]], ["note"])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_tables_of_the_kept_figures(name: str) -> None:
    page = (DOCS / PAGES[name]).read_text(encoding="utf-8")
    assert sheets(name)
    assert filled(page, sheets(name)) == page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_place_that_nothing_fills(name: str) -> None:
    page = (DOCS / PAGES[name]).read_text(encoding="utf-8")
    places = [line for line in page.splitlines() if line.startswith("<!-- ")]
    filled_by = {place for one in PAGES if PAGES[one] == PAGES[name] for place in sheets(one)}
    assert {line[5:-4] for line in places} == filled_by | {"end"}


def test_a_picture_is_drawn_from_the_kept_figures(tmp_path) -> None:
    for label, figure in figures("growth").items():
        draw([figure], tmp_path / "drawn.svg", "svg")
        kept = DOCS / "images" / f"{label}.svg"
        assert (tmp_path / "drawn.svg").read_bytes() == kept.read_bytes(), label


def test_a_table_replaces_what_stands_in_its_place_alone() -> None:
    once = filled(PAGE, {"one": SHEET})
    assert "old" not in once
    assert "| x | 1.0 |" in once
    assert once.endswith("between\n<!-- two -->\n<!-- end -->\n")
    assert filled(once, {"one": SHEET}) == once


def test_a_table_without_a_place_is_told() -> None:
    with pytest.raises(KeyError, match="three"):
        filled(PAGE, {"three": SHEET})


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_exponents_are_those_of_a_power(power: float) -> None:
    points = [{"n": n, "kinds": {"job": {"cpu_s": n**power}}} for n in (1, 10, 40)]
    assert exponents(points)["job"] == pytest.approx((power, power))


def test_an_exponents_last_step_is_told_apart() -> None:
    points = [{"n": n, "cpu_s": taken} for n, taken in ((1, 1.0), (10, 1.0), (20, 2.0))]
    over_all, last = exponents(points)["all jobs"]
    assert last == pytest.approx(1.0)
    assert 0 < over_all < 1


def test_nothing_kept_grows_worse_than_linear_and_students_less() -> None:
    axes = load("growth")["axes"]
    assert set(axes) == {"images", "classes", "nouns", "students"}
    for points in axes.values():
        assert all(last <= BAR for _, last in exponents(points).values())
    over_all, _ = exponents(axes["students"])["all jobs"]
    assert over_all < 1
