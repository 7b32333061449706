"""`wnkd demo`: the whole method on the digits, from the queue to the charts."""

from typing import TYPE_CHECKING, Annotated

import typer

from wnkd_tui.cli.output import console, look, say

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from wnkd_tui.store.commands import Added


def demo(
    full: Annotated[
        bool, typer.Option("--full", help="All nine text mixes of the paper, three seeds.")
    ] = False,
) -> None:
    """Run the whole method on small images.

    Queues trials, does the work, prints Table 2, draws the charts. Minutes on two CPU cores. What
    is done already is not done again.

    Example: wnkd demo
    """
    from wnkd_tui.cli.running import work
    from wnkd_tui.home import Home
    from wnkd_tui.queue.adding import demo_sweep, queue_trials
    from wnkd_tui.store import commands, queries
    from wnkd_tui.store.database import connect

    home = Home.find()
    queued = queue_trials(home, [demo_sweep(full=full)])
    conn = connect(home)
    commands.retry(conn, [job.id for job in queued.jobs if job.state in ("failed", "lost")])
    say(_told(queued))
    code = 0
    if any(job.state != "done" for job in queued.jobs):
        code = work(home, drain=True)
    _report(conn, {row.id for row in queued.trials})
    undone = queries.jobs(conn, ids=[job.id for job in queued.jobs], states=_NOT_DONE)
    if undone:
        say(f"{len(undone)} jobs of the demo are not done: wnkd queue list shows why")
    if code:
        raise typer.Exit(code)


_NOT_DONE = ("waiting", "running", "paused", "failed", "cancelled", "lost")


def _told(queued: "Added") -> str:
    done = sum(job.state == "done" for job in queued.jobs)
    return (
        f"demo: {len(queued.trials)} trials on {queued.trials[0].dataset}, {len(queued.jobs)} jobs,"
        f" {done} of them done already"
    )


def _report(conn: "sqlite3.Connection", trials: "Collection[int]") -> None:
    """Table, both charts and the relations, of the demo's own trials."""
    from rich.text import Text

    from wnkd_tui.report import curves, table2, terminal
    from wnkd_tui.report.relations import relations
    from wnkd_tui.report.rows import collect
    from wnkd_tui.store import queries

    rows = collect(one for one in queries.results(conn) if one.trial in trials)
    if not rows:
        return
    out = console()
    out.print(terminal.render(table2.sheets(rows), look(out)))
    for figure in (curves.accuracy(rows), curves.attribution(rows)):
        out.print(Text.from_ansi(terminal.chart(figure, look(out))), "")
    out.print("What the paper found, in these numbers:")
    for relation in relations(rows):
        out.print(f"  {relation.text}")
