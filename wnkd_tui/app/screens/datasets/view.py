"""What the datasets page knows."""

import sqlite3
from collections import Counter
from dataclasses import dataclass

from engine.errors import ArtifactError
from wnkd_tui.app.poller import Source
from wnkd_tui.queue.datasets import checked
from wnkd_tui.report.nouns import Retrieved, retrieved
from wnkd_tui.store import queries
from wnkd_tui.store.datasets import DatasetRow

# The newest noun bank of a dataset, and of its trials one whose T_x is done, if there is one.
_BANK = """
WITH bank AS (
    SELECT job.id, job.finished_at FROM job
    WHERE job.kind = 'relax' AND job.state = 'done' AND (
        SELECT trial.dataset FROM trial_job JOIN trial ON trial.id = trial_job.trial_id
        WHERE trial_job.job_id = job.id LIMIT 1) = ?
    ORDER BY job.finished_at DESC LIMIT 1)
SELECT use.trial_id FROM bank JOIN trial_job AS use ON use.job_id = bank.id
ORDER BY NOT EXISTS (
    SELECT 1 FROM trial_job AS other JOIN job AS tx ON tx.id = other.job_id
    WHERE other.trial_id = use.trial_id AND tx.kind = 'T_x' AND tx.state = 'done') LIMIT 1
"""


@dataclass(frozen=True)
class DatasetLine:
    """A dataset, how many trials are of it, and what the last check found wrong."""

    row: DatasetRow
    trials: int = 0
    wrong: str | None = None

    @property
    def imbalance(self) -> float:
        """Images of the largest class over those of the smallest."""
        return max(self.row.train_per_class) / max(1, min(self.row.train_per_class))


@dataclass(frozen=True)
class DatasetsView:
    """`nouns` are those of the selected dataset: None where no noun bank of it was made, a line
    where what was made cannot be read; `trial` is the one that they are from."""

    lines: tuple[DatasetLine, ...]
    trial: int | None
    nouns: Retrieved | str | None


@dataclass(frozen=True)
class DatasetsQuestion:
    selected: str | None

    def read(self, source: Source) -> DatasetsView:
        lines = source.once("dataset lines", lambda: _lines(source.conn))
        trial, nouns = source.once(("nouns", self.selected), lambda: self._nouns(source))
        return DatasetsView(lines, trial, nouns)

    def _nouns(self, source: Source) -> tuple[int | None, Retrieved | str | None]:
        found = source.conn.execute(_BANK, [self.selected]).fetchone()
        if found is None:
            return None, None
        trial = found["trial_id"]
        jobs = queries.jobs(source.conn, trial=trial, per_class=False)
        try:
            return trial, retrieved(source.home, jobs)
        except (ArtifactError, OSError) as error:
            return trial, str(error)


def _lines(conn: sqlite3.Connection) -> tuple[DatasetLine, ...]:
    found = checked(conn)
    trials: Counter[str] = Counter()
    for setting in queries.settings(conn):
        trials[setting.dataset] += setting.trials
    return tuple(
        DatasetLine(row, trials[row.name], known.wrong if known and known.key == row.key else None)
        for row in queries.datasets(conn)
        for known in [found.get(row.name)]
    )
