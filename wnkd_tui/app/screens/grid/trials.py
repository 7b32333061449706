"""Reads the trials behind the grid: those, and no others. Plain SQL."""

import json
import sqlite3
from collections.abc import Collection
from functools import lru_cache

from engine.changes import Changes, frozen_changes
from engine.spec import TrialSpec
from wnkd_tui.app.screens.grid.cells import Known, Stage
from wnkd_tui.app.screens.grid.places import Basis, Line
from wnkd_tui.store import liveness, queries
from wnkd_tui.store.figures import BEST, LAST
from wnkd_tui.store.states import STATE

# A student without T_x has neither encoder nor modality.
_ALIKE = """
SELECT id, spec, changes FROM trial
WHERE dataset IN (SELECT value FROM json_each(:datasets))
    AND recipe = :recipe AND limit_train IS :limit_train
    AND seed IN (SELECT value FROM json_each(:seeds))
    AND (encoder IS NULL OR encoder = :encoder)
    AND (modality IS NULL OR modality IN (SELECT value FROM json_each(:modalities)))
ORDER BY id
"""
_STAGES = f"""
SELECT trial_id, kind, {STATE} AS state,
    CASE WHEN state = 'done' THEN 1.0 WHEN total > 0 THEN min(1.0, 1.0 * done / total)
        ELSE 0.0 END AS progress,
    CASE WHEN kind IN ('T_x', 'student') THEN {BEST} END AS best,
    CASE WHEN kind IN ('T_x', 'student') THEN {LAST} END AS last
FROM trial_job CROSS JOIN job ON job.id = trial_job.job_id
WHERE trial_id IN (SELECT value FROM json_each(:ids))
"""


def known_of(
    conn: sqlite3.Connection,
    basis: Basis,
    lines: Collection[Line],
    specs: Collection[TrialSpec],
) -> dict[TrialSpec, Known]:
    """What is known of `specs`; where a trial was queued twice the newer one counts."""
    changes = {spec.changes for spec in specs}
    found = conn.execute(
        _ALIKE,
        {
            "datasets": json.dumps(list({line.dataset for line in lines})),
            "recipe": basis.recipe,
            "limit_train": basis.limit_train,
            "seeds": json.dumps(basis.seeds),
            "encoder": basis.encoder,
            "modalities": json.dumps(list({line.modality for line in lines})),
        },
    )
    ids: dict[TrialSpec, int] = {}
    for row in found:
        if _changes(row["changes"]) in changes:
            spec = TrialSpec.from_dict(json.loads(row["spec"]))
            if spec in specs:
                ids[spec] = row["id"]
    states = {trial.id: trial.state for trial in queries.trials(conn, ids=list(ids.values()))}
    stages: dict[int, dict[str, Stage]] = {}
    progress: dict[int, list[float]] = {}
    chosen = {"ids": json.dumps(list(ids.values())), "deserted": liveness.deserted(conn)}
    for row in conn.execute(_STAGES, chosen):
        figures = row["best"] is not None and row["last"] is not None
        stages.setdefault(row["trial_id"], {})[row["kind"]] = Stage(
            row["state"],
            row["progress"],
            {"best": row["best"], "last": row["last"]} if figures else None,
        )
        progress.setdefault(row["trial_id"], []).append(row["progress"])
    return {
        spec: Known(id, states[id], sum(progress[id]) / len(progress[id]), stages[id])
        for spec, id in ids.items()
        if id in stages
    }


@lru_cache(maxsize=1024)
def _changes(text: str) -> Changes:
    return frozen_changes(json.loads(text).items())
