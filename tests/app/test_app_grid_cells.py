"""Which trials stand behind a cell of the proportion grid, and what it says."""

import sqlite3
from collections.abc import Callable

import pytest

from engine.spec import Modality, Teachers
from wnkd_tui.app.screens.grid.cells import MIXES, Basis, Cell, Measured, matrix, mixes_of
from wnkd_tui.app.screens.grid.paint import cell_text
from wnkd_tui.app.screens.grid.view import requests
from wnkd_tui.app.theme import DARK, inks
from wnkd_tui.home import Home
from wnkd_tui.store import queries

ONE = Basis("digits", "demo", "wordnet-graph", Modality.IMG_TEXT, (0,), None)
TWO = Basis("digits", "demo", "wordnet-graph", Modality.IMG_TEXT, (0, 1), None)
Database = Callable[[Home], sqlite3.Connection]


def cells(home: Home, db: Database, basis: Basis) -> dict[tuple[tuple[int, int], str], Cell]:
    conn = db(home)
    measured = Measured.of(basis, queries.results(conn))
    found = matrix(basis, queries.trials(conn), queries.jobs(conn), measured)
    conn.close()
    return found


def test_the_rows_are_the_papers() -> None:
    assert len(MIXES) == 9
    assert mixes_of(Modality.IMG) == ((0, 0),)


def test_a_cell_says_how_far_its_trial_is(home: Home, db: Database) -> None:
    found = cells(home, db, ONE)
    done = found[(100, 0), "T_m T_x S_s"]
    assert done.state == "done"
    assert done.value
    assert done.value.best.mean == pytest.approx(94.0)
    assert found[(0, 50), "T_x S_s"].state == "lost"
    assert found[(0, 50), "T_m T_x S_s"].state == "waiting"
    assert found[(80, 0), "T_x S_s"].state == "absent"  # 200 images are another configuration


def test_the_teacher_has_a_column_of_its_own(home: Home, db: Database) -> None:
    teacher = cells(home, db, ONE)[(0, 50), "T_x"]
    assert (teacher.state, teacher.seeds) == ("done", 1)
    assert teacher.value
    assert teacher.value.best.mean == pytest.approx(85.0)


def test_a_student_alone_is_the_same_in_every_row(home: Home, db: Database) -> None:
    found = cells(home, db, ONE)
    assert len({str(found[mix, "S_s"]) for mix in MIXES}) == 1


def test_seeds_are_taken_together(home: Home, db: Database) -> None:
    found = cells(home, db, TWO)
    running, failed, partly = (
        found[(100, 0), "T_x S_s"],
        found[(100, 0), "T_m T_x S_s"],
        found[(0, 100), "T_x"],
    )
    assert (running.state, failed.state, partly.state) == ("running", "failed", "partly")
    assert 0.5 < running.progress < 1


def test_other_sizes_of_the_training_split_are_other_cells(home: Home, db: Database) -> None:
    small = Basis("digits", "demo", "wordnet-graph", Modality.IMG_TEXT, (0,), 200)
    assert cells(home, db, small)[(80, 0), "T_x S_s"].state == "waiting"


def test_marks_become_one_request_for_each_kind_of_student() -> None:
    marked = [((100, 0), "T_x S_s"), ((50, 0), "T_x S_s"), ((0, 0), "S_s"), ((0, 0), "T_x")]
    found = {request.teachers: list(request.mixes) for request in requests(ONE, marked)}
    assert found == {(Teachers.TX,): [(50, 0), (100, 0)], (Teachers.NONE,): [(0, 0)]}


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell("absent", None, 0, 0.0), "·"),
        (Cell("waiting", None, 0, 0.0), "○ queued"),
        (Cell("running", None, 0, 0.43), "▶ 43%"),
        (Cell("failed", None, 1, 0.5), "✗ failed 1/3"),
    ],
)
def test_a_cell_tells_its_state_without_colour(cell: Cell, words: str) -> None:
    colours = inks({}, DARK.name)
    assert cell_text(cell, 3, "best", colours, marked=False).plain.strip() == words
    assert cell_text(cell, 3, "best", colours, marked=True).plain.startswith("◆")
