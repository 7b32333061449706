"""The last results: students that were done last, with their teacher, over all their seeds."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from statistics import fmean, stdev

FEW, MOST = 12, 40  # beside other sections, and as many as a high terminal has room for
_LOOKED = 600  # jobs that were done last, among which students are looked for
_SEEDS = 50  # trials that are looked at which are the same but for their seeds

# All that makes a trial but its seed.
_SAME = (
    *("dataset", "limit_train", "recipe", "teachers", "encoder", "modality"),
    *("wn", "noise", "val_text", "method", "changes"),
)
_LAST = """
SELECT job.id AS job, job.name, trial.id AS trial, trial.dataset, trial.recipe, trial.encoder,
    trial.changes != '{}' AS changed
FROM (SELECT id FROM job INDEXED BY ix_job_done WHERE state = 'done'
    ORDER BY finished_at DESC LIMIT ?) AS recent
CROSS JOIN job USING (id) LEFT JOIN trial ON trial.id = (
    SELECT max(trial_id) FROM trial_job WHERE trial_job.job_id = job.id)
WHERE job.kind = 'student'
"""
_SIBLINGS = f"""
SELECT other.id FROM trial AS one
JOIN trial AS other ON {" AND ".join(f"other.{name} IS one.{name}" for name in _SAME)}
WHERE one.id = ? LIMIT ?
"""
_FIGURES = """
SELECT trial_job.trial_id AS trial, job.kind, json_extract(job.result, '$.best.val_top1') AS top1
FROM json_each(?) AS chosen
CROSS JOIN trial_job ON trial_job.trial_id = chosen.value
CROSS JOIN job ON job.id = trial_job.job_id
WHERE job.state = 'done' AND job.kind IN ('student', 'T_x', 'teacher')
"""


@dataclass(frozen=True)
class Figure:
    """Validation top-1 in percent, mean and standard deviation (None for one) over `seeds`."""

    top1: float
    spread: float | None
    seeds: int


@dataclass(frozen=True)
class Result:
    """`name` tells teachers and text mix; `teacher` is T_x, else the best of the image teachers,
    None where none taught."""

    job: int
    trial: int
    name: str
    dataset: str
    recipe: str
    encoder: str | None  # T_x's
    changed: bool  # whether the recipe has changes
    student: Figure
    teacher: Figure | None


def latest(conn: sqlite3.Connection, most: int) -> tuple[Result, ...]:
    """At most so many, the newest first; a configuration comes once, with all of its seeds that
    are done."""
    found: list[Result] = []
    taken: set[int] = set()
    for row in conn.execute(_LAST, [_LOOKED]):
        if row["trial"] is None or row["trial"] in taken:
            continue
        same = [id for (id,) in conn.execute(_SIBLINGS, [row["trial"], _SEEDS])]
        taken.update(same)
        figures = _figures(conn, same)
        student = _over(one.get("student") for one in figures)
        if student is None:  # an older wnkd's result, without figures
            continue
        teacher = _over(one.get("T_x", one.get("teacher")) for one in figures)
        found.append(
            Result(
                student=student, teacher=teacher, **dict(row) | {"changed": bool(row["changed"])}
            )
        )
        if len(found) == most:
            break
    return tuple(found)


def _figures(conn: sqlite3.Connection, trials: Collection[int]) -> list[dict[str, float]]:
    """Of each trial the top-1 of its student and of its best teacher of each kind."""
    best: dict[int, dict[str, float]] = defaultdict(dict)
    for trial, kind, top1 in conn.execute(_FIGURES, [json.dumps(list(trials))]):
        if top1 is not None:
            best[trial][kind] = max(top1, best[trial].get(kind, 0.0))
    return list(best.values())


def _over(values: Iterable[float | None]) -> Figure | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Figure(fmean(known), stdev(known) if len(known) > 1 else None, len(known))
