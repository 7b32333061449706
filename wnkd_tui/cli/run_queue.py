"""`wnkd run-queue`: do the queue's work in this process until told to stop."""

from typing import Annotated

import typer


def run_queue(
    drain: Annotated[
        bool,
        typer.Option(
            "--drain/--watch",
            help="End when nothing is left that could be done, or wait for more (default).",
            show_default=False,
        ),
    ] = False,
    gpus: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="GPUs, by number or UUID: 0,1. Default: all there are."),
    ] = None,
    slots_per_gpu: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Jobs at a time on each GPU. Default: 1."),
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Jobs at a time in all. Default: one per GPU, else per core."
        ),
    ] = None,
) -> None:
    """Do queued jobs and wait for more.

    Several run at a time, on a GPU only where its memory is enough; progress goes to stderr. Ctrl-C
    lets the running jobs end; a second one sends them back to the queue, from where they resume. If
    this is killed the jobs live on, and the next run-queue takes them over. Exit code 1 where a job
    failed.

    Example: wnkd run-queue --drain --gpus 0,1 --slots-per-gpu 2
    """
    from wnkd_tui.cli.running import work
    from wnkd_tui.home import Home

    code = work(Home.find(), drain=drain, gpus=gpus, slots_per_gpu=slots_per_gpu, slots=slots)
    if code:
        raise typer.Exit(code)
