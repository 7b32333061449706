"""How many jobs run at a time, and on what: slots of one GPU or several, or a slot a core where
there is none."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import SpecError
from wnkd_tui.queue.gpus import VISIBLE, Gpu


@dataclass(frozen=True)
class Slot:
    """A place for one job: its name, unique on this machine, and the environment it gives.

    `gpus` are the UUIDs of its GPUs, `memory` what the smallest of them has in all, in bytes, where
    it is known. So many `ranks` share a job there, where it is of a kind that can be shared.
    """

    name: str
    env: Mapping[str, str] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()
    memory: int | None = None
    ranks: int = 1

    @property
    def here(self) -> bool:
        """Whether it is a share of this machine: what jobs get of a cluster is the cluster's to
        say, and such a slot gives nothing."""
        return bool(self.env)


def find_slots(
    count: int | None = None, per_gpu: int | None = None, per_job: int = 1, *, gpus: Sequence[Gpu]
) -> list[Slot]:
    """`per_gpu` slots (1) for each GPU, or `count` in all, dealt out over them; for each `per_job`
    GPUs, where a slot has so many, in their order: fewer than that are left idle.

    Where there is no GPU: `count` slots without one, or as many as there are cores. Raises
    SpecError where both numbers are given, `per_gpu` where there is no GPU, or more GPUs to a job
    than there are.
    """
    if per_gpu is not None and not gpus:
        raise SpecError(
            "--slots-per-gpu: there is no GPU here (wnkd doctor says why);"
            " --slots says how many jobs run at a time"
        )
    if per_gpu is not None and count is not None:
        raise SpecError(
            "--slots is how many jobs run at a time in all, --slots-per-gpu how many on each GPU:"
            " give one of them"
        )
    if 1 < per_job > len(gpus):
        raise SpecError(
            f"--gpus-per-job {per_job}: there are {len(gpus)} GPUs for all jobs (wnkd doctor lists"
            " what is here)"
        )
    if not gpus:
        return [Slot(f"CPU {n}", {VISIBLE: ""}) for n in range(count or _cores())]
    slots = []
    teams = [gpus[at : at + per_job] for at in range(0, len(gpus) - per_job + 1, per_job)]
    for n in range(count or (per_gpu or 1) * len(teams)):
        turn, place = divmod(n, len(teams))
        team = teams[place]
        name = "GPU " + "+".join(gpu.number for gpu in team) + (f" #{turn + 1}" if turn else "")
        uuids = tuple(gpu.uuid for gpu in team)
        memory = min((gpu.memory for gpu in team if gpu.memory is not None), default=None)
        slots.append(Slot(name, {VISIBLE: ",".join(uuids)}, uuids, memory, per_job))
    return slots


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
