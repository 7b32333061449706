"""Which jobs or trials a command is about: numbers, `--trial` or `--all`, exactly one of them."""

import sqlite3
from collections.abc import Collection, Sequence

from engine.errors import SpecError
from wnkd_tui.queue import wording
from wnkd_tui.store import queries


def job_ids(
    conn: sqlite3.Connection,
    jobs: Sequence[int] | None,
    trial: str | None,
    every: bool,
    states: Collection[str],
) -> list[int]:
    """Numbers of the jobs meant; with `--trial` and `--all` only those in one of `states`.

    Raises SpecError for no way or two ways of saying which, StoreError for an unknown trial.
    """
    if sum((bool(jobs), trial is not None, every)) != 1:
        raise SpecError("which jobs? Give job numbers, or --trial N, or --all")
    if jobs:
        return list(dict.fromkeys(jobs))
    rows = queries.jobs(conn, states=states)
    if trial is not None:
        meant = set(trial_ids(conn, trial, every=False))
        rows = [row for row in rows if meant.intersection(row.trials)]
    return [row.id for row in rows]


def trial_ids(conn: sqlite3.Connection, trial: str | None, every: bool) -> list[int]:
    """Numbers of the trials meant. Raises SpecError or StoreError as `job_ids` does."""
    if (trial is not None) == every:
        raise SpecError("which trials? Give --trial N, or --trial N,N, or --all")
    if trial is None:
        return [row.id for row in queries.trials(conn)]
    ids = wording.numbers(trial, "--trial")
    for id in ids:
        queries.trial(conn, id)
    return ids


def advice_on_remove(conn: sqlite3.Connection, jobs: Sequence[int]) -> str:
    """What to do instead of removing a job, which goes with the last trial that needs it."""
    row = queries.job(conn, jobs[0])
    trials = ",".join(str(id) for id in row.trials)
    return f"jobs go with their trials: wnkd queue remove --trial {trials} removes job {row.id}"
