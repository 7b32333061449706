"""`wnkd trial`: what was asked for and what came of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import SpecError
from wnkd_tui.cli import completing, trial_labels
from wnkd_tui.cli.finding import Down, Everything, Filtering, TrialWords
from wnkd_tui.cli.output import AsCsv, AsJson, check_form, print_csv, print_json, say

if TYPE_CHECKING:
    from wnkd_tui.store.rows import JobRow, TrialRow

app = typer.Typer(
    help="List, show and compare trials.\n\nExample: wnkd trial show 1 --nouns",
    no_args_is_help=True,
)


app.command()(trial_labels.tag)
app.command()(trial_labels.note)
app.command()(trial_labels.remove)


@app.command("list", cls=Filtering)
def list_trials(
    words: TrialWords = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Only trials of this dataset.", autocompletion=completing.datasets),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help="Sort by this field. Default: the newest first.",
            autocompletion=completing.sorts("trials"),
        ),
    ] = None,
    down: Down = False,
    everything: Everything = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """List trials, all or those a filter finds.

    On a terminal the first 50; --all, or a file or pipe, gets all of them. docs/find.md tells
    what a filter can say.

    Example: wnkd trial list dataset:digits wn:'>=50' -state:failed --sort acc --down
    """
    from wnkd_tui.cli import finding, shapes, trial_views
    from wnkd_tui.home import Home
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect
    from wnkd_tui.store.find import listing

    check_form(as_json=as_json, as_csv=as_csv)
    conn = connect(Home.find())
    asked = list(words or ())
    if dataset is not None:
        asked.append(f'dataset:"{queries.dataset(conn, dataset).name}"')
    found = listing.trial_ids(conn, finding.search(conn, "trials", asked, sort, down))
    ids = found[: finding.shown(everything or as_json or as_csv)]
    lines = listing.trial_lines(conn, ids)
    rows = [lines[id] for id in ids if id in lines]
    if as_json:
        whole = {row.id: row for row in queries.trials(conn, ids=ids)}
        print_json(trials=[shapes.trial_line(row, whole[row.id]) for row in rows])
    elif as_csv:
        print_csv(shapes.TRIAL_COLUMNS, map(shapes.trial_cells, rows))
    elif rows:
        trial_views.show_list(rows)
    elif asked:
        say("no trial is so")
    else:
        say("no trials yet: wnkd queue add --wn 100 queues a first one")
    if len(found) > len(ids):
        say(finding.told_more("trials", len(ids), len(found)))


@app.command()
def show(
    trial: Annotated[
        int, typer.Argument(metavar="TRIAL", help="Number.", autocompletion=completing.trials)
    ],
    nouns: Annotated[
        bool, typer.Option("--nouns", help="The nouns that each class's images retrieve.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a trial: its settings, jobs and figures.

    It says with which code the trial was queued, and where other code worked on it.

    With --nouns: which WordNet nouns each class's images retrieve, and their weights.

    Example: wnkd trial show 1 --nouns
    """
    from wnkd_tui.cli import shapes, trial_views
    from wnkd_tui.home import Home
    from wnkd_tui.queue.provenance import provenance
    from wnkd_tui.report.nouns import retrieved
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect
    from wnkd_tui.store.find import listing

    home = Home.find()
    conn = connect(home)
    row = queries.trial(conn, trial)
    line = listing.trial_lines(conn, [trial])[trial]
    jobs = queries.jobs(conn, trial=trial)
    if nouns:
        found = retrieved(home, jobs)
        if not found.relaxed:
            raise SpecError(_no_nouns(row, jobs))
        if as_json:
            print_json(
                **shapes.trial_line(line, row), nouns=found.relaxed, nouns_learned=found.learned
            )
        else:
            trial_views.show_nouns(row, found)
    elif as_json:
        results = [
            {"job": job.id, "kind": job.kind, "name": job.name, "result": job.result}
            for job in jobs
            if job.result
        ]
        of = provenance(conn, trial)
        print_json(
            **shapes.trial_line(line, row),
            queued_with=shapes.capture(of.capture),
            other_engines=shapes.engines(of),
            jobs=[shapes.job(job) for job in jobs],
            results=results,
        )
    else:
        trial_views.show_one(row, line, jobs, provenance(conn, trial))


@app.command()
def diff(
    a: Annotated[
        int, typer.Argument(metavar="A", help="Trial number.", autocompletion=completing.trials)
    ],
    b: Annotated[
        int, typer.Argument(metavar="B", help="Another one.", autocompletion=completing.trials)
    ],
    code: Annotated[
        bool, typer.Option("--code", help="Show how their uncommitted changes differ.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two trials.

    What was asked for, the numbers of their jobs, dataset, code, packages, machines and results.
    (wnkd report diff compares accuracies over seeds.)

    Example: wnkd trial diff 3 4
    """
    from wnkd_tui.cli import diff_views, shapes
    from wnkd_tui.home import Home
    from wnkd_tui.queue.differing import differences
    from wnkd_tui.queue.provenance import provenance
    from wnkd_tui.store.database import connect

    conn = connect(Home.find())
    found = differences(provenance(conn, a), provenance(conn, b))
    if as_json:
        print_json(**shapes.differences(found))
        return
    diff_views.show(found)
    if code:
        diff_views.show_code(found)


def _no_nouns(trial: "TrialRow", jobs: "list[JobRow]") -> str:
    """Why a trial has no nouns to show."""
    bank = next((job for job in jobs if job.kind == "relax"), None)
    if bank is None:
        return f"trial {trial.id}, {trial.name}, takes no WordNet text, so it retrieves no nouns"
    return (
        f"trial {trial.id} has no nouns yet: job {bank.id} is {bank.state};"
        " wnkd run-queue --drain does the waiting jobs"
    )
