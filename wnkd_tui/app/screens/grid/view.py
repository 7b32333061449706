"""What the configurations page knows: the choices there are, the grid, and what marks would add."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.encoders.names import STAND_IN
from engine.errors import WnkdError
from engine.recipe import load_recipe, recipe_names
from engine.spec import Modality, Teachers
from wnkd_tui.app.preview import Preview, last_dataset, preview
from wnkd_tui.app.screens.grid.cells import COLUMNS, Basis, Cell, Measured, Place, matrix
from wnkd_tui.home import Home
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.wording import Mix
from wnkd_tui.report.rows import Row
from wnkd_tui.store import queries
from wnkd_tui.store.rows import TrialRow

FIRST_RECIPE = "demo"


@dataclass(frozen=True)
class Options:
    """What each knob can be turned to."""

    datasets: tuple[str, ...]
    recipes: tuple[str, ...]
    encoders: tuple[str, ...]
    limits: tuple[int | None, ...]


@dataclass(frozen=True)
class GridView:
    options: Options
    basis: Basis
    rows: tuple[Row, ...]  # what is measured, as the report has it
    cells: Mapping[Place, Cell]
    trial: int | None  # the newest one of the cell under the cursor
    preview: Preview | str  # a string says why the marks cannot be queued


@dataclass(frozen=True)
class GridQuestion:
    """None: the dataset used last, the recipe's own encoder."""

    dataset: str | None
    recipe: str | None
    encoder: str | None
    modality: Modality
    seeds: tuple[int, ...]
    limit_train: int | None
    marked: frozenset[Place]
    cursor: Place

    def read(self, conn: sqlite3.Connection, home: Home) -> GridView:
        trials = queries.trials(conn)
        dataset = self.dataset or last_dataset(conn)
        of_dataset = [trial for trial in trials if trial.dataset == dataset]
        recipe = self.recipe or (of_dataset[-1].recipe if of_dataset else FIRST_RECIPE)
        own = load_recipe(recipe, dataset).encoder
        basis = Basis(
            dataset, recipe, self.encoder or own, self.modality, self.seeds, self.limit_train
        )
        try:
            told: Preview | str = preview(conn, requests(basis, self.marked))
        except WnkdError as error:
            told = str(error)
        measured = Measured.of(basis, queries.results(conn))
        return GridView(
            _options(conn, trials, own),
            basis,
            tuple(row for row in measured.rows.values() if row.tx),
            matrix(basis, trials, queries.jobs(conn), measured),
            _trial_at(basis, self.cursor, trials),
            told,
        )


def requests(basis: Basis, marked: Iterable[Place]) -> list[TrialRequest]:
    """The marked cells as requests, one for each kind of student; T_x comes with any of them."""
    mixes: dict[Teachers, list[Mix]] = {}
    for mix, column in sorted(marked):
        if (teachers := COLUMNS[column][0]) is not None:
            mixes.setdefault(teachers, []).append(mix)
    return [
        TrialRequest(
            mixes=tuple(of_teachers),
            teachers=(teachers,),
            recipe=basis.recipe,
            seeds=basis.seeds,
            dataset=basis.dataset,
            encoder=basis.encoder,
            modality=basis.modality,
            limit_train=basis.limit_train,
        )
        for teachers, of_teachers in mixes.items()
    ]


def _options(conn: sqlite3.Connection, trials: Sequence[TrialRow], own: str) -> Options:
    encoders = [own, STAND_IN, *(trial.encoder for trial in trials if trial.encoder)]
    limits = sorted({trial.limit_train for trial in trials if trial.limit_train})
    return Options(
        tuple(row.name for row in queries.datasets(conn)),
        tuple(recipe_names()),
        tuple(dict.fromkeys(encoders)),
        (None, *limits),
    )


def _trial_at(basis: Basis, place: Place, trials: Sequence[TrialRow]) -> int | None:
    mix, column = place
    teachers = COLUMNS[column][0] or Teachers.TX
    specs = {basis.spec(mix, teachers, seed) for seed in basis.seeds}
    return max((trial.id for trial in trials if trial.spec in specs), default=None)
