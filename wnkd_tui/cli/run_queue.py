"""`wnkd run-queue`: do the queue's work in this process until told to stop."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from engine.errors import SpecError

MOST_SLOTS = 10_000  # more is a slip: each is kept in memory and looked at


class Where(StrEnum):
    """Where jobs run."""

    LOCAL = "local"
    SLURM = "slurm"
    RAY = "ray"


ExecutorOption = Annotated[
    Where, typer.Option("--executor", help="Where jobs run: this host, or a Slurm or Ray cluster.")
]
ProfileOption = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        metavar="FILE",
        help="What to ask of the cluster (TOML). Default: slurm.toml or ray.toml in the home.",
    ),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="The Ray cluster, or auto: the one that this host belongs to. Default: the profile's.",
    ),
]


def check_cluster(executor: Where, profile: Path | None, address: str | None) -> None:
    """Raises SpecError for what is said of a cluster that is not asked for."""
    if profile is not None and executor is Where.LOCAL:
        raise SpecError("--profile is of a cluster: give --executor slurm or ray too")
    if address is not None and executor is not Where.RAY:
        raise SpecError("--address is of a Ray cluster: give --executor ray too")


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
        typer.Option(
            min=1, max=MOST_SLOTS, metavar="N", help="Jobs at a time on each GPU. Default: 1."
        ),
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_SLOTS,
            metavar="N",
            help="Jobs at a time in all. Default: one per GPU, else per core.",
        ),
    ] = None,
    fuse: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="Students of the same views in one process, at most. Default: config.toml's, 1.",
        ),
    ] = None,
    gpus_per_job: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="GPUs that train one teacher or student together. Default: config.toml's, 1.",
        ),
    ] = None,
    executor: ExecutorOption = Where.LOCAL,
    profile: ProfileOption = None,
    address: AddressOption = None,
) -> None:
    """Do queued jobs and wait for more.

    Several run at a time, on a GPU only where its memory is enough; progress goes to stderr. Ctrl-C
    lets the running jobs end; a second one sends them back to the queue, from where they resume. If
    this is killed the jobs live on (those of a Ray cluster end), and the next run-queue takes them
    over. Exit code 1 where a job failed.

    Example: wnkd run-queue --drain --gpus 0,1 --slots-per-gpu 2
    """
    from wnkd_tui.cli.running import work
    from wnkd_tui.home import Home
    from wnkd_tui.queue.executors import clusters

    home = Home.find()
    if executor is not Where.LOCAL:
        if gpus is not None or slots_per_gpu is not None:
            raise SpecError(
                "--gpus and --slots-per-gpu are of this host: what a job gets of a cluster is in"
                " its profile"
            )
        if fuse is not None:
            raise SpecError(
                "--fuse is of this host: a cluster does each job in a process of its own"
            )
    check_cluster(executor, profile, address)
    cluster = None
    if executor is Where.SLURM:
        cluster = clusters.slurm(home, profile)
    elif executor is Where.RAY:
        cluster = clusters.ray(home, profile, address)
    code = work(
        home,
        drain=drain,
        gpus=gpus,
        slots_per_gpu=slots_per_gpu,
        slots=slots,
        fuse=fuse,
        gpus_per_job=gpus_per_job,
        cluster=cluster,
    )
    if code:
        raise typer.Exit(code)
