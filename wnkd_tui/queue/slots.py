"""How many jobs run at a time, and on what: a slot a GPU, or a slot a core where there is none."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Slot:
    """A place for one job: its name, unique on this machine, and the environment it gives."""

    name: str
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gpu:
    """A GPU or a part of one (MIG): its number here, its UUID everywhere."""

    number: str
    uuid: str


def find_slots(count: int | None = None, gpus: Sequence[Gpu] | None = None) -> list[Slot]:
    """One slot for each GPU, else for each core; `count` slots are dealt out over the GPUs.

    `gpus` stands for those of this machine.
    """
    found = find_gpus() if gpus is None else gpus
    if not found:
        return [Slot(f"CPU {n}", {VISIBLE: ""}) for n in range(count or _cores())]
    slots = []
    for n in range(count or len(found)):
        turn, place = divmod(n, len(found))
        name = f"GPU {found[place].number}" + (f" #{turn + 1}" if turn else "")
        slots.append(Slot(name, {VISIBLE: found[place].uuid}))
    return slots


def find_gpus() -> list[Gpu]:
    """The NVIDIA GPUs that CUDA_VISIBLE_DEVICES leaves us; no CUDA runtime is asked."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        listed = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []
    gpus = parse_gpus(listed.stdout) if listed.returncode == 0 else []
    if VISIBLE not in os.environ:
        return gpus
    names = [name.strip() for name in os.environ[VISIBLE].split(",") if name.strip()]
    return [
        gpu
        for gpu in gpus
        if gpu.number in names or any(gpu.uuid.startswith(name) for name in names)
    ]


def parse_gpus(listing: str) -> list[Gpu]:
    """What `nvidia-smi -L` lists; a GPU that is cut into MIG devices counts as those."""
    gpus: list[Gpu] = []
    for line in listing.splitlines():
        found = re.search(r"^(?:GPU (\d+)| +MIG .*Device +(\d+)):.*\(UUID: (\S+)\)", line)
        if not found:
            continue
        number, part, uuid = found.groups()
        if number is None:
            whole = gpus[-1].number.split(":")[0]
            if ":" not in gpus[-1].number:
                gpus.pop()
            number = f"{whole}:{part}"
        gpus.append(Gpu(number, uuid))
    return gpus


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
