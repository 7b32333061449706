"""Which jobs or trials a command is about: exactly one of the ways of saying that."""

import sqlite3
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import typer

from engine.errors import SpecError
from wnkd_tui.cli import finding
from wnkd_tui.queue.wording import count, numbers
from wnkd_tui.store import queries
from wnkd_tui.store.find import listing

MANY = 10  # more than these are not cancelled or removed unasked, where a filter found them


@dataclass(frozen=True)
class Meant:
    """The ways of saying which jobs."""

    ids: Sequence[int] | None
    trial: str | None
    where: str | None
    every: bool


def job_ids(conn: sqlite3.Connection, meant: Meant, states: Collection[str]) -> list[int]:
    """Numbers of the jobs meant; but where they are given themselves, those in one of `states`.

    Raises SpecError for no way of saying which and for two of them, StoreError for an unknown
    trial and for a filter that is none.
    """
    ways = (bool(meant.ids), meant.trial is not None, meant.where is not None, meant.every)
    if sum(ways) != 1:
        raise SpecError("which jobs? Give job numbers, or --trial N, or --where FILTER, or --all")
    _check_says_something(meant.where)
    if meant.ids:
        return list(dict.fromkeys(meant.ids))
    words = [f"state:{','.join(states)}", meant.where or ""]
    if meant.trial is not None:
        known = trial_ids(conn, numbers(meant.trial, "--trial"))
        words.append(f"trial:{','.join(map(str, known))}")
    return list(listing.job_ids(conn, finding.search(conn, "jobs", words)))


def trial_ids(
    conn: sqlite3.Connection,
    ids: Sequence[int] | None,
    where: str | None = None,
    every: bool = False,
) -> list[int]:
    """Numbers of the trials meant. Raises SpecError or StoreError as `job_ids` does."""
    if sum((bool(ids), where is not None, every)) != 1:
        raise SpecError("which trials? Give trial numbers, or --where FILTER, or --all")
    _check_says_something(where)
    if not ids:
        return list(listing.trial_ids(conn, finding.search(conn, "trials", [where or ""])))
    for id in ids:
        queries.trial(conn, id)
    return list(dict.fromkeys(ids))


def _check_says_something(where: str | None) -> None:
    """Raises SpecError for a filter of blanks: a variable of a script that was empty is no wish to
    change all that there is."""
    if where is not None and not where.strip():
        raise SpecError("--where is empty, and would find everything: give a filter, or --all")


def ask(deed: str, what: str, many: int) -> None:
    """Asks on a terminal before a `deed` to many; elsewhere `--yes` has to be given.

    Raises typer.Abort where the answer is no, SpecError where nobody can be asked.
    """
    if many <= MANY:
        return
    if not sys.stdin.isatty():
        raise SpecError(f"the filter finds {count(many, what)}: give --yes to {deed} them")
    typer.confirm(f"{deed} {count(many, what)}?", abort=True, err=True)


def remove_trials(conn: sqlite3.Connection, ids: Sequence[int]) -> str:
    """Forgets trials and the jobs that only they need; what was done, in a line."""
    from wnkd_tui.store import commands

    before = sum(queries.counts(conn).values())
    commands.remove(conn, ids)
    gone = before - sum(queries.counts(conn).values())
    return f"removed {count(len(ids), 'trial')} and {count(gone, 'job')}"


def advice_on_remove(conn: sqlite3.Connection, jobs: Sequence[int]) -> str:
    """What to do instead of removing a job, which goes with the last trial that needs it."""
    row = queries.job(conn, jobs[0])
    trials = " ".join(str(id) for id in row.trials)
    return f"jobs go with their trials: wnkd trial remove {trials} removes job {row.id}"
