"""What the datasets page knows."""

from dataclasses import dataclass

from wnkd_tui.app.poller import Source
from wnkd_tui.store import queries
from wnkd_tui.store.rows import DatasetRow


@dataclass(frozen=True)
class DatasetLine:
    """A dataset and whether its files are where they were."""

    row: DatasetRow
    there: bool

    @property
    def state(self) -> str:
        return "built in" if self.row.builtin else "ready" if self.there else "missing"


@dataclass(frozen=True)
class DatasetsView:
    lines: tuple[DatasetLine, ...]


@dataclass(frozen=True)
class DatasetsQuestion:
    def read(self, source: Source) -> DatasetsView:
        rows = queries.datasets(source.conn)
        return DatasetsView(
            tuple(DatasetLine(row, row.path is None or row.path.exists()) for row in rows)
        )
