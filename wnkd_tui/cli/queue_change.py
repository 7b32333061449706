"""`wnkd queue cancel|pause|resume|retry|move`: what is done to jobs that are in the queue."""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import SpecError
from wnkd_tui.cli import completing
from wnkd_tui.cli.finding import EveryJob, TrialList, WhereJobs, Yes
from wnkd_tui.cli.output import say

if TYPE_CHECKING:
    from wnkd_tui.cli.selection import Meant

# In which states jobs are that each can be done to, where they are not named one by one.
CANCELLED = ("waiting", "paused", "running")
PAUSED = ("waiting", "running")
RESUMED = ("paused",)
RETRIED = ("failed", "lost", "cancelled")
MOVED = ("waiting", "paused")
NAMED = 20  # jobs that are named one by one in what is said

Command = Callable[[sqlite3.Connection, list[int]], None]


def _offered(*states: str) -> Any:
    offers = completing.jobs(*states)
    return typer.Argument(metavar="JOB", help="Job numbers.", autocompletion=offers)


def cancel(
    jobs: Annotated[list[int] | None, _offered(*CANCELLED)] = None,
    trial: TrialList = None,
    where: WhereJobs = None,
    every: EveryJob = False,
    yes: Yes = False,
) -> None:
    """Cancel waiting and running jobs.

    `wnkd queue retry` takes them up again. A job that another trial needs as well is cancelled for
    both. More than a few that a filter finds are cancelled after asking.

    Example: wnkd queue cancel 3 4, or wnkd queue cancel --where 'dataset:digits wn:50'
    """
    from wnkd_tui.cli.selection import Meant
    from wnkd_tui.store import commands

    _change(
        Meant(jobs, trial, where, every), CANCELLED, commands.cancel, "cancelled", asked=not yes
    )


def pause(
    jobs: Annotated[list[int] | None, _offered(*PAUSED)] = None,
    trial: TrialList = None,
    where: WhereJobs = None,
    every: EveryJob = False,
) -> None:
    """Hold waiting and running jobs.

    A running one ends after the epoch that it is in and frees its slot; jobs without epochs run to
    their end. `wnkd queue resume` lets them go on where they were.

    Example: wnkd queue pause --trial 3
    """
    from wnkd_tui.cli.selection import Meant
    from wnkd_tui.store import commands

    _change(Meant(jobs, trial, where, every), PAUSED, commands.pause, "paused")


def resume(
    jobs: Annotated[list[int] | None, _offered(*RESUMED)] = None,
    trial: TrialList = None,
    where: WhereJobs = None,
    every: EveryJob = False,
) -> None:
    """Let paused jobs wait again.

    Example: wnkd queue resume --all
    """
    from wnkd_tui.cli.selection import Meant
    from wnkd_tui.store import commands

    _change(Meant(jobs, trial, where, every), RESUMED, commands.resume, "waiting again")


def move(
    jobs: Annotated[list[int] | None, _offered(*MOVED)] = None,
    trial: TrialList = None,
    where: WhereJobs = None,
    every: EveryJob = False,
    first: Annotated[bool, typer.Option("--first", help="Ahead of all that waits.")] = False,
    last: Annotated[bool, typer.Option("--last", help="Behind all that waits.")] = False,
    before: Annotated[int | None, typer.Option(metavar="JOB", help="Just before this job.")] = None,
    priority: Annotated[
        int | None,
        typer.Option(metavar="N", help="Higher ones start first; 0 is usual.", min=-1000, max=1000),
    ] = None,
) -> None:
    """Change the order of waiting jobs.

    What a job needs moves in front with it. Jobs of one priority start in turns between trials,
    and in their order within a trial.

    Example: wnkd queue move --trial 7 --first, or wnkd queue move 12 --before 3
    """
    from wnkd_tui.cli.selection import Meant
    from wnkd_tui.store import order

    if sum((first, last, before is not None, priority is not None)) != 1:
        raise SpecError("where to? Give --first, --last, --before JOB or --priority N")
    command: Command
    if first:
        command, done = order.to_front, "first"
    elif last:
        command, done = order.to_back, "last"
    elif before is not None:
        command, done = partial(order.in_front_of, other=before), f"before job {before}"
    else:
        assert priority is not None
        command, done = partial(order.prioritise, priority=priority), f"priority {priority}"
    _change(Meant(jobs, trial, where, every), MOVED, command, done)


def retry(
    jobs: Annotated[list[int] | None, _offered(*RETRIED)] = None,
    trial: TrialList = None,
    where: WhereJobs = None,
    every: EveryJob = False,
) -> None:
    """Let failed, lost and cancelled jobs wait again.

    They resume from their checkpoints. Lost jobs are tried again by themselves a few times.

    Example: wnkd queue retry --all, or wnkd queue retry --where 'state:lost host:gpu1'
    """
    from wnkd_tui.cli.selection import Meant
    from wnkd_tui.store import commands

    _change(Meant(jobs, trial, where, every), RETRIED, commands.retry, "waiting again")


def _change(
    meant: "Meant", states: tuple[str, ...], command: Command, done: str, *, asked: bool = False
) -> None:
    """Does `command` to the jobs meant and says what was done; with `asked`, asks before where a
    filter found many."""
    from wnkd_tui.cli import selection
    from wnkd_tui.home import Home
    from wnkd_tui.queue.wording import count
    from wnkd_tui.store.database import connect

    conn = connect(Home.find())
    ids = selection.job_ids(conn, meant, states)
    if asked and meant.where is not None:
        selection.ask("cancel", "job", len(ids))
    command(conn, ids)
    if len(ids) > NAMED:
        say(f"{count(len(ids), 'job')}: {done}")
    elif ids:
        say(f"job{'s' * (len(ids) != 1)} {', '.join(map(str, ids))}: {done}")
    else:
        so = " and found by that filter" * (meant.where is not None)
        say(f"no job is {' or '.join(states)}{so}")
