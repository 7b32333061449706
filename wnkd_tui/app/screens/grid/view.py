"""What the configurations page knows: the choices there are, the grid, and what marks would add."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from engine.changes import Changes, frozen_changes
from engine.encoders.names import STAND_IN
from engine.errors import WnkdError
from engine.recipe import load_recipe
from engine.recipes import recipe_names
from engine.spec import Modality, MultimodalSpec
from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.grid.cells import Cell, matrix, wanted
from wnkd_tui.app.screens.grid.places import Basis, Kind, Layout, Line, Place, lines_of, requests
from wnkd_tui.app.screens.grid.trials import known_of
from wnkd_tui.queue.adding import FIRST_RECIPE
from wnkd_tui.queue.preview import Preview, last_dataset, preview
from wnkd_tui.queue.sweeps import is_long_tailed
from wnkd_tui.report.rows import Row, collect
from wnkd_tui.store import queries
from wnkd_tui.store.datasets import DatasetRow

# One reading of the trials gives every knob its values.
_TURNS = """
SELECT dataset, recipe, limit_train, encoder, changes FROM trial
GROUP BY 1, 2, 3, 4, 5 ORDER BY min(id)
"""
_NEWEST = "SELECT recipe FROM trial WHERE dataset = ? ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True)
class Options:
    """What each knob can be turned to."""

    datasets: tuple[str, ...]
    recipes: tuple[str, ...]
    encoders: tuple[str, ...]
    limits: tuple[int | None, ...]
    changes: tuple[Changes, ...]  # none, and those of trials that are there


@dataclass(frozen=True)
class Grid:
    """What neither marks nor cursor change."""

    options: Options
    basis: Basis
    lines: tuple[Line, ...]
    cells: Mapping[Place, Cell]
    rows: Mapping[Modality, tuple[Row, ...]]  # what is measured, as the reports have it


@dataclass(frozen=True)
class GridView:
    grid: Grid
    preview: Preview | str  # a string says why the marks cannot be queued


@dataclass(frozen=True)
class GridQuestion:
    """None: the dataset used last, its newest trial's recipe, the recipe's own encoder."""

    layout: Layout
    dataset: str | None
    recipe: str | None
    encoder: str | None
    modalities: tuple[Modality, ...]
    seeds: tuple[int, ...]
    limit_train: int | None
    changes: Changes
    marked: frozenset[Place]

    def read(self, source: Source) -> GridView:
        others = (getattr(self, one.name) for one in fields(self)[1:-1])
        grid = source.once((self.layout.name, *others), lambda: self._grid(source))
        try:
            asked = requests(self.layout, grid.basis, self.marked)
            told: Preview | str = preview(source.home, source.conn, asked)
        except WnkdError as error:
            told = str(error)
        return GridView(grid, told)

    def _grid(self, source: Source) -> Grid:
        conn = source.conn
        datasets = source.once("datasets", lambda: queries.datasets(conn))
        turns = source.once("turns", lambda: conn.execute(_TURNS).fetchall())
        dataset = self.dataset or last_dataset(conn)
        newest = conn.execute(_NEWEST, [dataset]).fetchone()
        recipe = self.recipe or (newest["recipe"] if newest else FIRST_RECIPE)
        own = load_recipe(recipe, dataset).encoder
        basis = Basis(
            dataset,
            recipe,
            self.encoder or own,
            self.modalities,
            self.seeds,
            self.limit_train,
            self.changes,
        )
        lines = lines_of(self.layout, basis, [row.name for row in datasets])
        known = known_of(conn, basis, lines, wanted(self.layout, basis, lines))
        balanced = frozenset(row.name for row in datasets if not is_long_tailed(row))
        trials = [one.trial for one in known.values()]
        return Grid(
            _options(datasets, turns, basis, own),
            basis,
            lines,
            matrix(self.layout, basis, lines, known, balanced),
            {} if self.layout.by_dataset else _measured(conn, basis, trials),
        )


def _options(
    datasets: Sequence[DatasetRow], turns: Sequence[sqlite3.Row], basis: Basis, own: str
) -> Options:
    """`turns` are what there are trials of, the oldest first."""
    encoders = [own, STAND_IN, *(row["encoder"] for row in turns if row["encoder"])]
    limits = sorted({row["limit_train"] for row in turns if row["limit_train"]})
    here = basis.dataset, basis.recipe
    alike = [row["changes"] for row in turns if (row["dataset"], row["recipe"]) == here]
    changes = [frozen_changes(json.loads(text).items()) for text in dict.fromkeys(alike)]
    return Options(
        tuple(row.name for row in datasets),
        tuple(recipe_names()),
        tuple(dict.fromkeys(encoders)),
        (None, *limits),
        tuple(dict.fromkeys([(), *changes])),
    )


def _measured(
    conn: sqlite3.Connection, basis: Basis, trials: Sequence[int]
) -> Mapping[Modality, tuple[Row, ...]]:
    """The grid's rows with a T_x by what that sees, for the charts below the grid."""
    found: dict[Modality, tuple[Row, ...]] = {}
    for row in collect(queries.results(conn, trials=trials, per_class=False)):
        if row.tx and _fits(row, row.tx, basis):
            found[row.tx.modality] = (*found.get(row.tx.modality, ()), row)
    return found


def _fits(row: Row, tx: MultimodalSpec, basis: Basis) -> bool:
    """Whether a row has T_x as the grid has it, and the grid's changes as far as they matter."""
    if tx.encoder != basis.encoder or tx.modality not in basis.modalities:
        return False
    line = Line(basis.dataset, (tx.wn, tx.noise), tx.modality)
    return any(row.changes == spec.changes for spec in basis.specs(line, Kind(None), 0))
