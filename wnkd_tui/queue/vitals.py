"""How busy this machine is: its GPUs by NVML, its host by psutil. Nothing here raises.

What a device or the driver does not tell is None. A reading takes well below 5 ms.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wnkd_tui.queue import gpus
from wnkd_tui.queue.gpus import Gpu


@dataclass(frozen=True)
class GpuVitals:
    """`load` in percent, memory in bytes, `temperature` in °C. `number` as nvidia-smi counts."""

    number: str
    name: str
    load: int | None
    used: int | None
    memory: int | None
    temperature: int | None


@dataclass(frozen=True)
class Vitals:
    """`cpu` in percent of all `cores`, memory and disk in bytes; the disk is the home's."""

    gpus: tuple[GpuVitals, ...]
    no_gpu: str  # why there is none, in one line
    cores: int
    cpu: float | None
    used: int | None
    memory: int | None
    disk_left: int | None
    disk: int | None


class Reader:
    """Reads again and again; `home` is the directory whose disk is told.

    The GPUs are looked for once: one that is added later is seen by the next reader.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._found = gpus.look()
        self._cores = os.cpu_count() or 1
        self._before = False  # the load is that since a reading before

    def read(self) -> Vitals:
        """The load of the host is that since the last reading; the first one has none."""
        cpu, used, memory = _host()
        before, self._before = self._before, True
        left, disk = _disk(self._home)
        return Vitals(
            gpus=tuple(_gpu(gpu) for gpu in self._found.gpus),
            no_gpu=self._found.why,
            cores=self._cores,
            cpu=cpu if before else None,
            used=used,
            memory=memory,
            disk_left=left,
            disk=disk,
        )


def free_memory() -> int | None:
    """Bytes of the host's memory that programs can have without swapping."""
    _, used, memory = _host()
    return None if used is None or memory is None else memory - used


def _gpu(gpu: Gpu) -> GpuVitals:
    import pynvml  # `look` found a GPU by it

    def ask(what: str, *more: int) -> Any:
        """NVML's answer; a part of a GPU has no load of its own, and one that is lost has none."""
        try:
            # Looked up anew: a GPU that came back has another handle.
            handle = pynvml.nvmlDeviceGetHandleByUUID(gpu.uuid)
            return getattr(pynvml, what)(handle, *more)
        except pynvml.NVMLError:
            return None

    rates = ask("nvmlDeviceGetUtilizationRates")
    memory = ask("nvmlDeviceGetMemoryInfo")
    return GpuVitals(
        number=gpu.number,
        name=gpu.name,
        load=int(rates.gpu) if rates else None,
        used=int(memory.used) if memory else None,
        memory=int(memory.total) if memory else gpu.memory,
        temperature=ask("nvmlDeviceGetTemperature", pynvml.NVML_TEMPERATURE_GPU),
    )


def _host() -> tuple[float | None, int | None, int | None]:
    """CPU's load in percent, bytes of memory in use and in all."""
    import psutil

    try:
        load = psutil.cpu_percent(interval=None)
        memory = psutil.virtual_memory()
    except (OSError, psutil.Error):  # as where /proc is hidden
        return None, None, None
    return load, memory.total - memory.available, memory.total


def _disk(home: Path) -> tuple[int | None, int | None]:
    """Bytes that are left for this user, and in all."""
    try:
        found = os.statvfs(home)
    except OSError:
        return None, None
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
