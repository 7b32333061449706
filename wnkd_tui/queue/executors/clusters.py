"""The kinds of cluster that can have jobs done: each imported only where it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import Executor
from wnkd_tui.queue.slots import Slot

SLURM, RAY = "slurm", "ray"  # as --executor calls them
KINDS = {"Slurm": SLURM, "Ray": RAY}  # by how slots begin: `Slurm 3`


@dataclass(frozen=True)
class Cluster:
    """One of `kind`, as run-queue needs it: `slots` for so many jobs at a time (None: as its
    profile says) of so many ranks each, and its `executor`, opened when the queue is ours."""

    kind: str
    slots: Callable[[int | None, int], list[Slot]]
    executor: Callable[[], Executor]


def slurm(home: Home, profile: Path | None) -> Cluster:
    """Raises ExecutorError for a profile that cannot be."""
    from wnkd_tui.queue.executors.slurm.executor import SlurmExecutor, slots_of
    from wnkd_tui.queue.executors.slurm.profile import cluster_profile

    asked = cluster_profile(home, profile)
    make = partial(SlurmExecutor, asked, home.jobs, home.allocations)
    return Cluster(SLURM, partial(slots_of, asked), make)


def ray(home: Home, profile: Path | None, address: str | None) -> Cluster:
    """Raises ExecutorError for a profile that cannot be."""
    from wnkd_tui.queue.executors.ray.executor import RayExecutor, slots_of
    from wnkd_tui.queue.executors.ray.profile import cluster_profile

    asked = cluster_profile(home, profile, address)
    return Cluster(RAY, partial(slots_of, asked), partial(RayExecutor, asked, home))


def kind_of(slot: str | None) -> str | None:
    """Of the cluster that a job's slot is of; None for one of this host."""
    return KINDS.get((slot or "").partition(" ")[0])
