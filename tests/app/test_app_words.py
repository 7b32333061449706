"""What is said in a cell or a line: pure functions."""

from collections import namedtuple
from collections.abc import Mapping
from typing import Any

import pytest
from rich.console import Console
from rich.style import Style
from rich.text import Text

from wnkd_tui.app.progress import bar, duration, eta, rate_text
from wnkd_tui.app.screens.grid.paint import mix_label
from wnkd_tui.app.screens.queue.columns import figures
from wnkd_tui.app.screens.sorting import greatest_first, with_sorted
from wnkd_tui.app.states import SIGNS, badge, counts_line
from wnkd_tui.app.theme import DARK, LIGHT, inks
from wnkd_tui.app.widgets.columns import Column, fit, line
from wnkd_tui.queue.preview import Preview

INKS = inks(DARK.name)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (59.4, "59s"), (60, "1m00"), (3599, "59m59"), (7800, "2h10"), (90000, "1d01h")],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_time_left_is_told_only_where_it_is_known() -> None:
    assert eta(7, 12, 2.5) == "2s"
    assert eta(7, 12, None) == ""
    assert eta(12, 12, 2.5) == ""


def test_a_slow_unit_is_told_in_seconds_each() -> None:
    assert rate_text(2.5, "epochs") == "2.5 epoch/s"
    assert rate_text(0.25, "epochs") == "4.0 s/epoch"
    assert rate_text(None, "epochs") == ""


@pytest.mark.parametrize("share", [-1.0, 0.0, 0.26, 0.5, 0.999, 1.0, 7.0])
def test_a_bar_fills_its_width(share: float) -> None:
    drawn = bar(share, 10, "red", "grey50").plain
    assert len(drawn) == 10
    assert drawn.count("━") == min(10, max(0, int(round(share * 20) // 2)))


def test_every_state_has_a_sign_of_its_own() -> None:
    assert len(set(SIGNS.values())) == len(SIGNS)
    assert badge("failed", INKS).plain == "✗ failed"
    assert badge("failed", INKS, word=False).plain == "✗"


def test_counts_leave_out_what_is_not_there() -> None:
    counts = {"done": 3, "running": 1}
    assert counts_line(counts, INKS, words=True).plain == "▶ 1 running  ✓ 3 done"
    assert counts_line(counts, INKS, words=False).plain == "▶ 1  ✓ 3"


def test_themes_colour_every_state_and_keep_teacher_and_student_apart() -> None:
    for theme in (DARK, LIGHT):
        colours = inks(theme.name)
        assert {f"state-{state}" for state in SIGNS} <= colours.keys()
        assert colours["teacher"] != colours["student"]
        assert theme.variables["teacher"] == colours["teacher"]


def test_a_theme_of_another_gets_colours_by_its_shade() -> None:
    assert inks("ansi-light", dark=False) == inks(LIGHT.name)
    assert inks("textual-dark", dark=True) == inks(DARK.name)


def test_columns_share_what_is_spare_and_leave_where_there_is_no_room() -> None:
    def cell(row: int, width: int) -> Text:
        return Text(str(row))

    columns = [
        Column[int]("a", cell, width=5),
        Column[int]("b", cell, width=10, grow=1),
        Column[int]("c", cell, width=8, room=60),
    ]
    assert [width for _, width in fit(columns, 40)] == [5, 33]
    assert [width for _, width in fit(columns, 60)] == [5, 43, 8]


def test_a_mix_is_named_as_the_paper_does() -> None:
    assert mix_label((80, 0)).split() == ["20%gt", "80%wn"]
    assert mix_label((0, 100)).split() == ["0%gt", "100%noise"]
    assert mix_label((0, 0)).split() == ["100%gt"]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, ""),
        ({"best": {"val_top1": 97.216, "epoch": 3}}, "val top-1 97.22 %"),
        ({"image_share": 0.614}, "image share 0.61"),
        ({"nouns": 113, "clusters": 30}, "113 nouns"),
        ({"odd": 1}, ""),
    ],
)
def test_a_result_is_told_by_its_leading_figure(
    result: dict[str, object] | None, words: str
) -> None:
    assert figures(result) == words


def test_a_preview_says_what_is_new_and_what_is_shared() -> None:
    assert Preview().text() == "nothing chosen"
    assert Preview(1, 0, 0, 7).text() == "1 trial, queued or done already"
    assert Preview(3, 2, 1, 5).text() == "3 trials (1 there): 1 new job, 5 shared"


def test_a_list_shows_what_it_is_sorted_by() -> None:
    row = namedtuple("row", "id")
    own = [
        Column[Any]("Id", lambda r, _: Text(str(r.id)), 5, field="id"),
        Column[Any]("Name", lambda r, _: Text("a"), 9, grow=1, field="name"),
        Column[Any]("T_x", lambda r, _: Text("b"), 5, room=90, field="tx"),
    ]

    def shown(sort: str, values: Mapping[int, Any]) -> list[str]:
        columns = with_sorted(own, "trials", sort, values, 0.0, "red")
        return [f"{one.title} {one.cell(row(3), w)}" for one, w in fit(columns, 60)]

    assert shown("", {}) == ["Id 3", "Name a"]
    assert shown("tx", {}) == ["Id 3", "Name a", "T_x b"]  # its own column at any width
    assert shown("image", {3: 0.613}) == ["Id 3", "Name a", "Image 0.61"]
    assert shown("note", {3: "x"}) == ["Id 3", "Name a", "Note x"]
    assert shown("image", {}) == ["Id 3", "Name a", "Image "]
    assert greatest_first("trials", "image", {"acc": True})
    assert not greatest_first("trials", "note", {"acc": True})


def test_cells_keep_their_colour_whatever_they_say() -> None:
    fitted = [(Column[Any]("", lambda r, _: Text(), 6), 6)] * 3
    cells = [Text("a", "red"), Text("±1", "red"), Text.assemble("b", ("too long", "red"))]
    drawn = line(cells, fitted, Style(), Console())
    assert "".join(one.text for one in drawn) == "a       ±1      btoo …"
    red = [one.text.strip() for one in drawn if one.style == Style.parse("red")]
    assert red == ["a", "±1", "too …"]
