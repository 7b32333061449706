"""What reports are made of, read from the database at hand."""

from collections.abc import Sequence
from dataclasses import replace

from engine.errors import SpecError
from wnkd_tui.home import Home
from wnkd_tui.report.chosen import Chosen, choose
from wnkd_tui.report.rows import Row, collect
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect
from wnkd_tui.store.datasets import DatasetRow


def rows(dataset: str | None) -> list[Row]:
    """Rows of what is done. Raises StoreError for an unknown dataset."""
    conn = connect(Home.find())
    if dataset is not None:
        queries.dataset(conn, dataset)
    return collect(queries.results(conn), dataset)


def datasets() -> dict[str, DatasetRow]:
    """By name."""
    return {row.name: row for row in queries.datasets(connect(Home.find()))}


def chosen(trials: Sequence[int]) -> list[Chosen]:
    """The trials with all their seeds.

    Raises StoreError for an unknown trial, SpecError for trials of two datasets.
    """
    conn = connect(Home.find())
    found = [queries.trial(conn, id) for id in dict.fromkeys(trials)]
    return choose(queries.results(conn), found)


def pair(a: int, b: int) -> tuple[Chosen, Chosen]:
    """Two trials to compare. Raises as `chosen` does, and SpecError where they are one trial."""
    first, *others = chosen([a, b])
    if not others or replace(first.spec, seed=0) == replace(others[0].spec, seed=0):
        raise SpecError(f"trials {a} and {b} differ in nothing but their seed: give two trials")
    return first, others[0]
