"""`wnkd queue`: what is to be done, and its order. The work itself is `wnkd run-queue`'s."""

from dataclasses import asdict
from time import time
from typing import Annotated

import typer

from engine.errors import SpecError
from wnkd_tui.cli import completing, queue_change, queue_usage
from wnkd_tui.cli.finding import Down, Everything, Filtering, JobWords, TrialList
from wnkd_tui.cli.output import AsCsv, AsJson, check_form, print_csv, print_json, say
from wnkd_tui.cli.queue_add import add

app = typer.Typer(
    help="Add trials to the queue, look at it, change it.\n\nExample: wnkd queue add --wn 100",
    no_args_is_help=True,
)
app.command()(add)


@app.command("list", cls=Filtering)
def list_jobs(
    words: JobWords = None,
    state: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Only jobs in these states, such as waiting,running."),
    ] = None,
    trial: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Only the jobs that trial N needs.",
            autocompletion=completing.trials,
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help="Sort by this field. Default: running, failed and lost ones, what waits, the"
            " rest.",
            autocompletion=completing.sorts("jobs"),
        ),
    ] = None,
    down: Down = False,
    everything: Everything = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """List jobs, all or those a filter finds.

    What waits is in its order. On a terminal the first 50; --all, or a file or pipe, gets all of
    them. docs/find.md tells what a filter can say.

    Example: wnkd queue list state:failed,lost dataset:digits --sort finished --down
    """
    from wnkd_tui.cli import finding, job_views, shapes
    from wnkd_tui.home import Home
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect
    from wnkd_tui.store.find import listing

    check_form(as_json=as_json, as_csv=as_csv)
    asked = list(words or ())
    if state is not None:
        asked.append(f"state:{','.join(job_views.states(state))}")
    conn = connect(Home.find())
    if trial is not None:
        asked.append(f"trial:{queries.trial(conn, trial).id}")
    found = listing.job_ids(conn, finding.search(conn, "jobs", asked, sort, down))
    ids = found[: finding.shown(everything or as_json or as_csv)]
    known = {row.id: row for row in queries.jobs(conn, ids=ids)}
    rows = [known[id] for id in ids if id in known]
    if as_json:
        print_json(jobs=[shapes.job(row) for row in rows])
    elif as_csv:
        print_csv(shapes.JOB_COLUMNS, map(shapes.job_cells, rows))
    elif rows:
        job_views.show_list(rows, queries.counts(conn))
    elif asked:
        say("no job is so")
    else:
        say("no jobs here: wnkd queue add --wn 100 queues a first trial")
    if len(found) > len(ids):
        say(finding.told_more("jobs", len(ids), len(found)))
    for one in queries.supervisors(conn, time()):
        if one.alive and one.held_up:
            say(f"run-queue (pid {one.pid}) {one.held_up}")


@app.command()
def show(
    job: Annotated[
        int, typer.Argument(metavar="JOB", help="Number.", autocompletion=completing.jobs())
    ],
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
    attempts, place = queries.attempts(conn, job), queries.in_line(conn, job)
    if as_json:
        fields = shapes.job(row) | {"result": row.result, "directory": str(home.job(row.key))}
        fields["in_line"] = place
        print_json(**fields, metrics=curves, attempts=[asdict(one) for one in attempts])
    else:
        job_views.show_one(row, place, curves, attempts, home.job(row.key))


app.command()(queue_usage.usage)
app.command()(queue_change.move)
app.command()(queue_change.pause)
app.command()(queue_change.resume)
app.command()(queue_change.cancel)
app.command()(queue_change.retry)


@app.command()
def remove(
    jobs: Annotated[list[int] | None, typer.Argument(hidden=True)] = None,
    trial: TrialList = None,
    every: Annotated[bool, typer.Option("--all", help="Every trial.")] = False,
) -> None:
    """Remove trials and the jobs only they need.

    What was computed stays on disk. `wnkd trial remove` does the same and takes filters.

    Example: wnkd queue remove --trial 3,4
    """
    from wnkd_tui.cli import selection
    from wnkd_tui.home import Home
    from wnkd_tui.queue.wording import numbers
    from wnkd_tui.store.database import connect

    conn = connect(Home.find())
    if jobs:
        raise SpecError(selection.advice_on_remove(conn, jobs))
    if (trial is not None) == every:
        raise SpecError("which trials? Give --trial N, or --trial N,N, or --all")
    ids = selection.trial_ids(conn, numbers(trial, "--trial") if trial else None, every=every)
    say(selection.remove_trials(conn, ids))
