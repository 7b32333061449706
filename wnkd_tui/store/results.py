"""What finished jobs found, as parts of trials."""

import json
import sqlite3
from collections.abc import Collection
from functools import lru_cache
from types import EllipsisType

from engine.spec import TrialSpec
from wnkd_tui.store import liveness
from wnkd_tui.store.figures import FIGURED
from wnkd_tui.store.rows import ResultRow, SettingRow
from wnkd_tui.store.states import UNFINISHED

# To be filled in: a job's result, and a condition.
_RESULTS = f"""
SELECT trial.id, trial.spec, job.id, job.kind, job.name, %s, job.finished_at
FROM trial CROSS JOIN trial_job ON trial_job.trial_id = trial.id
JOIN job ON job.id = trial_job.job_id
WHERE {FIGURED} AND %s ORDER BY trial.id, trial_job.place
"""
_SETTINGS = f"""
WITH {UNFINISHED}
SELECT dataset, limit_train, recipe, count(*) AS trials, sum(unfinished.trial_id IS NULL) AS done
FROM trial LEFT JOIN unfinished ON unfinished.trial_id = trial.id
GROUP BY dataset, limit_train, recipe ORDER BY dataset, limit_train, recipe
"""


def results(
    conn: sqlite3.Connection,
    *,
    dataset: str | None = None,
    recipe: str | None = None,
    limit_train: int | EllipsisType | None = ...,
    trials: Collection[int] | None = None,
    per_class: bool = True,
) -> list[ResultRow]:
    """Figures of every finished T_x, student and attribution, once for each trial it serves.

    Each of the others narrows the choice; a `limit_train` of None is the whole training split.
    `per_class` False leaves the accuracies of each class out.
    """
    narrowed = {
        "trial.dataset = :dataset": dataset is not None,
        "trial.recipe = :recipe": recipe is not None,
        "trial.limit_train IS :limit_train": limit_train is not ...,
        "trial.id IN (SELECT value FROM json_each(:trials))": trials is not None,
    }
    result = "job.result" if per_class else "json_remove(job.result, '$.per_class')"
    where = " AND ".join([condition for condition, wanted in narrowed.items() if wanted] or ["1"])
    values = {
        "dataset": dataset,
        "recipe": recipe,
        "limit_train": None if limit_train is ... else limit_train,
        "trials": None if trials is None else json.dumps(list(trials)),
    }
    return [
        ResultRow(
            trial=trial_id,
            spec=_spec(spec),
            job=job_id,
            kind=kind,
            name=name,
            result=json.loads(result),
            finished_at=finished_at,
        )
        for trial_id, spec, job_id, kind, name, result, finished_at in conn.execute(
            _RESULTS % (result, where), values
        )
    ]


def settings(conn: sqlite3.Connection) -> list[SettingRow]:
    """What there are trials of: each dataset, size of its training split and recipe."""
    rows = conn.execute(_SETTINGS, {"deserted": liveness.deserted(conn)})
    return [SettingRow(*row) for row in rows]


@lru_cache(maxsize=256)
def _spec(text: str) -> TrialSpec:
    """Each trial's comes once for each of its jobs."""
    return TrialSpec.from_dict(json.loads(text))
