"""`wnkd queue`: what is to be done, and its order. The work itself is `wnkd run-queue`'s."""

import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from time import time
from typing import Annotated

import typer

from engine.errors import SpecError
from wnkd_tui.cli.output import AsJson, print_json, say
from wnkd_tui.cli.queue_add import add

app = typer.Typer(
    help="Add trials to the queue, look at it, change it.\n\nExample: wnkd queue add --wn 100",
    no_args_is_help=True,
)
app.command()(add)

Jobs = Annotated[list[int] | None, typer.Argument(metavar="[JOB]...", help="Job numbers.")]
Trials = Annotated[
    str | None, typer.Option("--trial", metavar="N[,N]", help="All jobs of these trials.")
]
EveryJob = Annotated[bool, typer.Option("--all", help="Every job that this can be done to.")]


@app.command("list")
def list_jobs(
    state: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Only jobs in these states, such as waiting,running."),
    ] = None,
    trial: Annotated[
        int | None, typer.Option(metavar="N", help="Only the jobs that trial N needs.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List jobs in their order.

    Example: wnkd queue list --state waiting,running
    """
    from wnkd_tui.cli import job_views, shapes
    from wnkd_tui.home import Home
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    states = job_views.states(state) if state else None
    conn = connect(Home.find())
    if trial is not None:
        queries.trial(conn, trial)
    rows = queries.jobs(conn, trial=trial, states=states)
    if as_json:
        print_json(jobs=[shapes.job(row) for row in rows])
    elif rows:
        job_views.show_list(rows, queries.counts(conn))
    else:
        say("no jobs here: wnkd queue add --wn 100 queues a first trial")
    for one in queries.supervisors(conn, time()):
        if one.alive and one.held_up:
            say(f"run-queue (pid {one.pid}) {one.held_up}")


@app.command()
def show(
    job: Annotated[int, typer.Argument(metavar="JOB", help="Job number.")],
    as_json: AsJson = False,
) -> None:
    """Show a job: its state, figures and curves.

    Example: wnkd queue show 3
    """
    from wnkd_tui.cli import job_views, shapes
    from wnkd_tui.home import Home
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    home = Home.find()
    conn = connect(home)
    row = queries.job(conn, job)
    curves = queries.metrics(conn, job)
    attempts = queries.attempts(conn, job)
    if as_json:
        fields = shapes.job(row) | {"result": row.result, "directory": str(home.job(row.key))}
        print_json(**fields, metrics=curves, attempts=[asdict(one) for one in attempts])
    else:
        job_views.show_one(row, curves, attempts, home.job(row.key))


@app.command()
def cancel(jobs: Jobs = None, trial: Trials = None, every: EveryJob = False) -> None:
    """Cancel waiting and running jobs.

    `wnkd queue retry` takes them up again. A job that another trial needs as well is cancelled for
    both.

    Example: wnkd queue cancel 3 4, or wnkd queue cancel --all
    """
    from wnkd_tui.store import commands

    _change(jobs, trial, every, ("waiting", "paused", "running"), commands.cancel, "cancelled")


@app.command()
def pause(jobs: Jobs = None, trial: Trials = None, every: EveryJob = False) -> None:
    """Hold waiting and running jobs.

    A running one ends after the epoch that it is in and frees its slot; jobs without epochs run to
    their end. `wnkd queue resume` lets them go on where they were.

    Example: wnkd queue pause --trial 3
    """
    from wnkd_tui.store import commands

    _change(jobs, trial, every, ("waiting", "running"), commands.pause, "paused")


@app.command()
def resume(jobs: Jobs = None, trial: Trials = None, every: EveryJob = False) -> None:
    """Let paused jobs wait again.

    Example: wnkd queue resume --all
    """
    from wnkd_tui.store import commands

    _change(jobs, trial, every, ("paused",), commands.resume, "waiting again")


@app.command()
def move(
    jobs: Jobs = None,
    trial: Trials = None,
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
    from wnkd_tui.store import order

    if sum((first, last, before is not None, priority is not None)) != 1:
        raise SpecError("where to? Give --first, --last, --before JOB or --priority N")
    command: Callable[[sqlite3.Connection, list[int]], None]
    if first:
        command, done = order.to_front, "first"
    elif last:
        command, done = order.to_back, "last"
    elif before is not None:
        command, done = partial(order.in_front_of, other=before), f"before job {before}"
    else:
        assert priority is not None
        command, done = partial(order.prioritise, priority=priority), f"priority {priority}"
    _change(jobs, trial, every, order.MOVABLE, command, done)


@app.command()
def retry(jobs: Jobs = None, trial: Trials = None, every: EveryJob = False) -> None:
    """Let failed, lost and cancelled jobs wait again.

    They resume from their checkpoints. Lost jobs are tried again by themselves a few times.

    Example: wnkd queue retry --all
    """
    from wnkd_tui.store import commands

    _change(jobs, trial, every, ("failed", "lost", "cancelled"), commands.retry, "waiting again")


@app.command()
def remove(
    jobs: Annotated[list[int] | None, typer.Argument(hidden=True)] = None,
    trial: Annotated[
        str | None, typer.Option("--trial", metavar="N[,N]", help="Trials to remove.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every trial.")] = False,
) -> None:
    """Remove trials and the jobs only they need.

    What was computed stays on disk.

    Example: wnkd queue remove --trial 3,4
    """
    from wnkd_tui.cli import selection
    from wnkd_tui.home import Home
    from wnkd_tui.store import commands, queries
    from wnkd_tui.store.database import connect

    conn = connect(Home.find())
    if jobs:
        raise SpecError(selection.advice_on_remove(conn, jobs))
    ids = selection.trial_ids(conn, trial, every)
    before = sum(queries.counts(conn).values())
    commands.remove(conn, ids)
    gone = before - sum(queries.counts(conn).values())
    say(f"removed {len(ids)} trial{'s' * (len(ids) != 1)} and {gone} job{'s' * (gone != 1)}")


def _change(
    jobs: list[int] | None,
    trial: str | None,
    every: bool,
    states: tuple[str, ...],
    command: Callable[[sqlite3.Connection, list[int]], None],
    done: str,
) -> None:
    """Does `command` to the jobs meant and says what was done."""
    from wnkd_tui.cli import selection
    from wnkd_tui.home import Home
    from wnkd_tui.store.database import connect

    conn = connect(Home.find())
    ids = selection.job_ids(conn, jobs, trial, every, states)
    command(conn, ids)
    if ids:
        say(f"job{'s' * (len(ids) != 1)} {', '.join(map(str, ids))}: {done}")
    else:
        say(f"no job is {' or '.join(states)}")
