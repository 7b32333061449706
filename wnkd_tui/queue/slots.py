"""How many jobs run at a time, and on what: slots of GPUs, or a slot a core where there is none."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import SpecError
from wnkd_tui.queue.gpus import VISIBLE, Gpu


@dataclass(frozen=True)
class Slot:
    """A place for one job: its name, unique on this machine, and the environment it gives.

    `gpu` is the UUID of its GPU, `memory` what that one has in all, in bytes, where it is known.
    """

    name: str
    env: Mapping[str, str] = field(default_factory=dict)
    gpu: str | None = None
    memory: int | None = None


def find_slots(
    count: int | None = None, per_gpu: int | None = None, *, gpus: Sequence[Gpu]
) -> list[Slot]:
    """`per_gpu` slots (1) for each GPU, or `count` in all, dealt out over them.

    Where there is no GPU: `count` slots without one, or as many as there are cores. Raises
    SpecError where both numbers are given, or `per_gpu` where there is no GPU.
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
    if not gpus:
        return [Slot(f"CPU {n}", {VISIBLE: ""}) for n in range(count or _cores())]
    slots = []
    for n in range(count or (per_gpu or 1) * len(gpus)):
        turn, place = divmod(n, len(gpus))
        gpu = gpus[place]
        name = f"GPU {gpu.number}" + (f" #{turn + 1}" if turn else "")
        slots.append(Slot(name, {VISIBLE: gpu.uuid}, gpu.uuid, gpu.memory))
    return slots


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
