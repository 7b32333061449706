"""Which trials stand behind a cell of the grids, what it says, and what marking it asks for."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.changes import Changes
from engine.spec import Method, Modality, Teachers
from wnkd_tui.app.screens.grid.board import board
from wnkd_tui.app.screens.grid.cells import Cell, matrix, wanted
from wnkd_tui.app.screens.grid.paint import cell_text, cell_words
from wnkd_tui.app.screens.grid.paper import differs
from wnkd_tui.app.screens.grid.places import (
    ALL_WN,
    METHODS,
    MIXES,
    PROPORTIONS,
    Basis,
    Layout,
    Line,
    Place,
    lines_of,
    requests,
)
from wnkd_tui.app.screens.grid.telling import marks
from wnkd_tui.app.screens.grid.trials import known_of
from wnkd_tui.app.theme import DARK, inks
from wnkd_tui.home import Home
from wnkd_tui.queue.estimate import Estimate, Most
from wnkd_tui.queue.preview import Preview
from wnkd_tui.queue.wording import Mix

ONE = Basis("digits", "demo", "wordnet-graph", (Modality.IMG_TEXT,), (0,), None)
TWO = replace(ONE, seeds=(0, 1))
LINEAR: Changes = (("T_x.stem", "linear"),)
Database = Callable[[Home], sqlite3.Connection]


def at(mix: Mix, column: str) -> Place:
    return Line("digits", mix), column


def cells(
    home: Home, db: Database, basis: Basis, layout: Layout = PROPORTIONS
) -> dict[Place, Cell]:
    conn = db(home)
    lines = lines_of(layout, basis, ["digits", "birds"])
    known = known_of(conn, basis, lines, wanted(layout, basis, lines))
    conn.close()
    return matrix(layout, basis, lines, known, {"digits"})


def test_the_rows_are_the_papers() -> None:
    assert len(lines_of(PROPORTIONS, ONE, ["digits", "birds"])) == len(MIXES) == 9
    images = replace(ONE, modalities=(Modality.IMG,))
    assert lines_of(PROPORTIONS, images, []) == (Line("digits", (0, 0), Modality.IMG),)
    assert lines_of(METHODS, ONE, ["digits", "birds"]) == (
        Line("digits", ALL_WN),
        Line("birds", ALL_WN),
    )


def test_modalities_stand_below_or_beside_each_other() -> None:
    lines = lines_of(PROPORTIONS, replace(ONE, modalities=tuple(Modality)), [])
    below = board(PROPORTIONS, lines, beside=False)
    assert (len(below.labels), len(below.titles)) == (9 + 9 + 1, 4)
    beside = board(PROPORTIONS, lines, beside=True)
    assert (len(beside.labels), len(beside.titles)) == (9, 1 + 3 * 3)
    # S_s reads nothing of what T_x sees; images alone have no text to mix
    assert beside.titles[0] == "\nS_s"
    assert [row.count(None) for row in beside.places] == [3, 3, 3, 3, 0, 3, 3, 3, 3]
    place = (Line("digits", (0, 50), Modality.TEXT), "T_x S_s")
    found = beside.find(place)
    assert found
    assert beside.titles[found[1]] == "(text)\nT_x S_s"
    assert below.labels[below.find(place)[0]].split() == ["50%gt", "50%noise"]  # type: ignore[index]


def test_a_cell_says_how_far_its_trial_is(home: Home, db: Database) -> None:
    found = cells(home, db, ONE)
    done = found[at((100, 0), "T_m T_x S_s")]
    assert (done.state, done.seeds, done.trial) == ("done", 1, 7)
    assert done.value
    assert done.value.best.mean == pytest.approx(94.0)
    assert done.value.last.mean == pytest.approx(93.5)
    assert found[at((0, 50), "T_x S_s")].state == "lost"
    assert found[at((0, 50), "T_m T_x S_s")].state == "waiting"
    # 200 images are another configuration
    assert found[at((80, 0), "T_x S_s")] == Cell("absent")


def test_the_teacher_has_a_column_of_its_own(home: Home, db: Database) -> None:
    teacher = cells(home, db, ONE)[at((0, 50), "T_x")]
    assert (teacher.state, teacher.seeds) == ("done", 1)
    assert teacher.value
    assert teacher.value.best.mean == pytest.approx(85.0)


def test_a_student_alone_is_the_same_in_every_row(home: Home, db: Database) -> None:
    found = cells(home, db, ONE)
    assert len({str(found[at(mix, "S_s")]) for mix in MIXES}) == 1


def test_seeds_are_taken_together(home: Home, db: Database) -> None:
    found = cells(home, db, TWO)
    running, failed, partly = (
        found[at((100, 0), "T_x S_s")],
        found[at((100, 0), "T_m T_x S_s")],
        found[at((0, 100), "T_x")],
    )
    assert (running.state, failed.state, partly.state) == ("running", "failed", "partly")
    assert 0.5 < running.progress < 1


def test_other_sizes_of_the_training_split_are_other_cells(home: Home, db: Database) -> None:
    small = replace(ONE, limit_train=200)
    assert cells(home, db, small)[at((80, 0), "T_x S_s")].state == "waiting"


def test_changes_are_other_cells_as_far_as_they_matter(home: Home, db: Database) -> None:
    found = cells(home, db, replace(ONE, changes=LINEAR))
    assert found[at((100, 0), "T_x S_s")].trial == 24
    assert found[at((100, 0), "T_m T_x S_s")].state == "absent"
    # a student alone has no T_x that could be otherwise
    assert found[at((100, 0), "S_s")] == cells(home, db, ONE)[at((100, 0), "S_s")]


def test_methods_stand_side_by_side_for_every_dataset(home: Home, db: Database) -> None:
    found = cells(home, db, TWO, METHODS)
    states = {place[1]: cell.state for place, cell in found.items() if place[0].dataset == "digits"}
    assert states == {
        "T_m T_x 100%wn": "failed",
        "T_1s T_2w T_3s": "done",
        "Z-score T_m": "done",
        "LFME": "balanced",
    }
    baseline = found[at(ALL_WN, "T_1s T_2w T_3s")].value
    assert baseline
    assert baseline.best.n == 2
    assert found[Line("birds", ALL_WN), "LFME"].state == "absent"


def test_marks_become_one_request_for_each_kind_of_student() -> None:
    marked = [at((100, 0), "T_x S_s"), at((50, 0), "T_x S_s"), at((0, 0), "S_s")]
    found = requests(PROPORTIONS, replace(ONE, changes=LINEAR), marked)
    assert {one.teachers: list(one.mixes) for one in found} == {
        (Teachers.TX,): [(50, 0), (100, 0)],
        (Teachers.NONE,): [(0, 0)],
    }
    assert {one.changes for one in found} == {LINEAR}


def test_marks_of_methods_become_requests_of_their_datasets() -> None:
    places = [(Line("birds", ALL_WN), "LFME"), (Line("digits", ALL_WN), "Z-score T_m")]
    found = requests(METHODS, ONE, places)
    assert [(one.dataset, one.method, one.teachers) for one in found] == [
        ("birds", Method.LFME, (Teachers.NONE,)),
        ("digits", Method.ZSCORE, (Teachers.TM,)),
    ]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell("absent"), "·"),
        (Cell("waiting"), "○ queued"),
        (Cell("running", progress=0.43), "▶ 43%"),
        (Cell("failed", seeds=1, progress=0.5), "✗ failed 1/3"),
        (Cell("balanced"), "· no shots"),
    ],
)
def test_a_cell_tells_its_state_without_colour(cell: Cell, words: str) -> None:
    colours = inks(DARK.name)
    assert cell_text(cell, 3, "best", colours, marked=False).plain.strip() == words
    assert cell_text(cell, 3, "best", colours, marked=True).plain.startswith("◆")


def test_the_papers_number_stands_beside_where_it_has_one(home: Home, db: Database) -> None:
    cifar = replace(ONE, dataset="cifar100")
    found = cells(home, db, cifar)
    table = {
        column: found[Line("cifar100", (50, 0)), column].paper for column in PROPORTIONS.columns
    }
    assert table == {"T_x": 80.84, "S_s": None, "T_x S_s": 78.52, "T_m T_x S_s": 82.87}
    text = replace(cifar, modalities=(Modality.TEXT,))
    assert cells(home, db, text)[Line("cifar100", (50, 0), Modality.TEXT), "T_x"].paper is None
    assert cells(home, db, ONE)[at((50, 0), "T_x")].paper is None
    place = Line("cifar100", (50, 0)), "T_x S_s"
    assert differs(cifar, place, "best") == ("encoder", "recipe")
    theirs = replace(cifar, encoder="ViT-B-32-quickgelu/openai", recipe="paper")
    assert differs(theirs, place, "best") == ()
    told = cell_words("it", found[place], 1, differs(cifar, place, "last"), inks(DARK.name))
    assert told.plain == "it  not yet  paper 78.52 (other encoder, recipe, epoch)"
    shown = cell_text(found[place], 1, "best", inks(DARK.name), marked=False, width=24)
    assert shown.plain.endswith("  78.52")
    assert len(shown.plain) == 23


def test_methods_have_the_papers_numbers_too(home: Home, db: Database) -> None:
    conn = db(home)
    lines = lines_of(METHODS, ONE, ["cifar100-imb100"])
    conn.close()
    found = matrix(METHODS, ONE, lines, {})
    assert [cell.paper for cell in found.values()] == [52.58, 52.87, 52.19, 43.80]


def test_what_marks_would_take_is_told_as_far_as_there_is_room() -> None:
    cost = Estimate(2.0, "NVIDIA H100", 4, 0, host_memory=Most(3 << 30, "embed"), disk=5 << 30)
    full = replace(cost, free=1 << 30)

    def told(cost: Estimate, *, tall: bool) -> list[str]:
        found = Preview(trials=1, new_trials=1, new_jobs=4, estimate=cost)
        return marks(found, inks(DARK.name), marked=True, tall=tall).plain.splitlines()[1:]

    hours = "estimated: about 2.0 GPU hours on NVIDIA H100 (measured rates)"
    memory = "memory: such jobs took 3.0 GiB of the host (embed)"
    assert told(cost, tall=False) == [hours]
    assert told(cost, tall=True) == [hours, memory, "disk: 5.0 GiB of tables"]
    assert "1.0 GiB free: make room" in told(full, tall=False)[-1]
