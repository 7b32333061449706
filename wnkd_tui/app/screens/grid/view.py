"""What the configurations page knows: the choices there are, the grid, and what marks would add."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.changes import Changes
from engine.encoders.names import STAND_IN
from engine.errors import WnkdError
from engine.recipe import load_recipe, recipe_names
from engine.spec import Modality, MultimodalSpec
from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.grid.cells import Cell, matrix
from wnkd_tui.app.screens.grid.places import Basis, Kind, Layout, Line, Place, lines_of, requests
from wnkd_tui.queue.adding import FIRST_RECIPE
from wnkd_tui.queue.preview import Preview, last_dataset, preview
from wnkd_tui.queue.sweeps import is_long_tailed
from wnkd_tui.report.rows import Row, collect
from wnkd_tui.store import queries
from wnkd_tui.store.rows import DatasetRow, TrialRow


@dataclass(frozen=True)
class Options:
    """What each knob can be turned to."""

    datasets: tuple[str, ...]
    recipes: tuple[str, ...]
    encoders: tuple[str, ...]
    limits: tuple[int | None, ...]
    changes: tuple[Changes, ...]  # none, and those of trials that are there


@dataclass(frozen=True)
class GridView:
    options: Options
    basis: Basis
    lines: tuple[Line, ...]
    cells: Mapping[Place, Cell]
    rows: tuple[Row, ...]  # what is measured of the text mixes, as the reports have it
    preview: Preview | str  # a string says why the marks cannot be queued


@dataclass(frozen=True)
class GridQuestion:
    """None: the dataset used last, its newest trial's recipe, the recipe's own encoder."""

    layout: Layout
    dataset: str | None
    recipe: str | None
    encoder: str | None
    modality: Modality
    seeds: tuple[int, ...]
    limit_train: int | None
    changes: Changes
    marked: frozenset[Place]

    def read(self, source: Source) -> GridView:
        conn = source.conn
        trials = queries.trials(conn)
        dataset = self.dataset or last_dataset(conn)
        of_dataset = [trial for trial in trials if trial.dataset == dataset]
        recipe = self.recipe or (of_dataset[-1].recipe if of_dataset else FIRST_RECIPE)
        own = load_recipe(recipe, dataset).encoder
        basis = Basis(
            dataset,
            recipe,
            self.encoder or own,
            self.modality,
            self.seeds,
            self.limit_train,
            self.changes,
        )
        try:
            told: Preview | str = preview(conn, requests(self.layout, basis, self.marked))
        except WnkdError as error:
            told = str(error)
        datasets = queries.datasets(conn)
        lines = lines_of(self.layout, basis, [row.name for row in datasets])
        balanced = frozenset(row.name for row in datasets if not is_long_tailed(row))
        alike = [trial for trial in of_dataset if trial.recipe == recipe]
        return GridView(
            _options(datasets, trials, alike, own),
            basis,
            lines,
            matrix(self.layout, basis, lines, trials, queries.jobs(conn), balanced),
            () if self.layout.by_dataset else _measured(conn, basis),
            told,
        )


def _options(
    datasets: Sequence[DatasetRow], trials: Sequence[TrialRow], alike: Sequence[TrialRow], own: str
) -> Options:
    """`alike` are the trials of the grid's dataset and recipe."""
    encoders = [own, STAND_IN, *(trial.encoder for trial in trials if trial.encoder)]
    limits = sorted({trial.limit_train for trial in trials if trial.limit_train})
    return Options(
        tuple(row.name for row in datasets),
        tuple(recipe_names()),
        tuple(dict.fromkeys(encoders)),
        (None, *limits),
        tuple(dict.fromkeys([(), *(trial.changes for trial in alike)])),
    )


def _measured(conn: sqlite3.Connection, basis: Basis) -> tuple[Row, ...]:
    """The grid's rows with a T_x, for the chart below it."""
    wanted = (basis.dataset, basis.recipe, basis.limit_train)
    rows = collect(
        one
        for one in queries.results(conn)
        if (one.spec.dataset, one.spec.recipe, one.spec.limit_train) == wanted
        and one.spec.seed in basis.seeds
    )
    return tuple(row for row in rows if row.tx and _fits(row, row.tx, basis))


def _fits(row: Row, tx: MultimodalSpec, basis: Basis) -> bool:
    """Whether a row has T_x as the grid has it, and the grid's changes as far as they matter."""
    if (tx.encoder, tx.modality) != (basis.encoder, basis.modality):
        return False
    line = basis.dataset, (tx.wn, tx.noise)
    return any(row.changes == spec.changes for spec in basis.specs(line, Kind(None), 0))
