"""`wnkd run-queue`: do the queue's work in this process until told to stop."""

from typing import Annotated

import typer


def run_queue(
    drain: Annotated[
        bool, typer.Option("--drain", help="End when nothing is left that could be done.")
    ] = False,
    slots: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Jobs at a time. Default: one per GPU, else core."),
    ] = None,
) -> None:
    """Do queued jobs and wait for more.

    Several run at a time; progress goes to stderr. Ctrl-C lets the running jobs end; a second one
    sends them back to the queue, from where they resume. If this is killed the jobs live on, and
    the next run-queue takes them over. Exit code 1 where a job failed.

    Example: wnkd run-queue --drain
    """
    from wnkd_tui.cli.running import work
    from wnkd_tui.home import Home

    code = work(Home.find(), drain=drain, slots=slots)
    if code:
        raise typer.Exit(code)
