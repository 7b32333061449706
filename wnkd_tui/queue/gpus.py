"""The NVIDIA GPUs of this machine, asked of the driver by NVML: no CUDA runtime is started.

pynvml is imported where it is called, and loads the driver's library no earlier. NVML stays open
for the life of the process: to open it anew at every look would wake sleeping GPUs each time.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import SpecError

VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Gpu:
    """A GPU, or a part of one (MIG): its number as nvidia-smi counts, its UUID everywhere."""

    number: str  # "0", or "1:0" for the first MIG device of GPU 1
    uuid: str
    name: str
    memory: int | None  # bytes in all; None where the driver does not tell
    card: str  # UUID of the whole GPU


@dataclass(frozen=True)
class Found:
    """The GPUs that jobs may use, or one line on why there is none."""

    gpus: tuple[Gpu, ...]
    why: str = ""


def look() -> Found:
    """The GPUs that the driver knows and CUDA_VISIBLE_DEVICES leaves; never raises.

    A GPU that is cut into MIG devices counts as those.
    """
    try:
        import pynvml  # late: it may be missing
    except ImportError:
        return Found((), "the package nvidia-ml-py is not installed")
    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError as error:
        return Found((), _why(pynvml, error))
    gpus: list[Gpu] = []
    why = "NVIDIA's driver knows of none"
    for number in range(count):
        try:
            devices = list(_devices(pynvml, number))
        except pynvml.NVMLError as error:
            why = f"GPU {number} cannot be used: {_why(pynvml, error)}"
            continue
        if not devices:
            why = f"GPU {number} is in MIG mode and has no MIG device"
        gpus += devices
    if not gpus:
        return Found((), why)
    return _visible(gpus, os.environ.get(VISIBLE))


def choose(found: Found, wanted: str | None) -> list[Gpu]:
    """Those that a person names, by number, UUID or a UUID's beginning, commas between; None: all.

    Raises SpecError where one of them is not here, or none is.
    """
    if wanted is None:
        return list(found.gpus)
    if not found.gpus:
        raise SpecError(f"--gpus {wanted}: there is no GPU here: {found.why}")
    chosen: list[Gpu] = []
    for name in wanted.split(","):
        named = _named(found.gpus, name.strip())
        if not named:
            here = ", ".join(f"{gpu.number} ({gpu.name}, {gpu.uuid})" for gpu in found.gpus)
            raise SpecError(
                f"--gpus: {name.strip()!r} is no GPU here, or the beginning of several;"
                f" there are: {here}"
            )
        chosen += [gpu for gpu in named if gpu not in chosen]
    return chosen


def free_memory(uuid: str) -> int | None:
    """Bytes of that GPU that nobody uses; None where the driver does not tell.

    0 for a GPU that the driver has lost: a job there would fail, or compute on the CPU.
    """
    try:
        import pynvml  # late: it may be missing
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        return int(pynvml.nvmlDeviceGetMemoryInfo(handle).free)
    except pynvml.NVMLError as error:
        lost = (pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_RESET_REQUIRED)
        return 0 if error.value in lost else None


def _devices(nvml: Any, number: int) -> Iterator[Gpu]:
    """GPU `number`, or the MIG devices it is cut into. Raises NVMLError."""
    handle = nvml.nvmlDeviceGetHandleByIndex(number)
    card = nvml.nvmlDeviceGetUUID(handle)
    if not _is_cut(nvml, handle):
        yield _gpu(nvml, handle, str(number), card)
        return
    for place in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        try:
            part = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
        except nvml.NVMLError as error:
            if error.value != nvml.NVML_ERROR_NOT_FOUND:
                raise
            continue  # a place that no device takes
        yield _gpu(nvml, part, f"{number}:{place}", card)


def _is_cut(nvml: Any, handle: Any) -> bool:
    """Whether the GPU is in MIG mode; most cannot be."""
    try:
        mode, _ = nvml.nvmlDeviceGetMigMode(handle)
    except nvml.NVMLError as error:
        if error.value not in (nvml.NVML_ERROR_NOT_SUPPORTED, nvml.NVML_ERROR_FUNCTION_NOT_FOUND):
            raise
        return False
    return bool(mode == nvml.NVML_DEVICE_MIG_ENABLE)


def _gpu(nvml: Any, handle: Any, number: str, card: str) -> Gpu:
    try:
        memory = int(nvml.nvmlDeviceGetMemoryInfo(handle).total)
    except nvml.NVMLError as error:
        if error.value != nvml.NVML_ERROR_NOT_SUPPORTED:  # as where CPU and GPU share memory
            raise
        memory = None
    uuid, name = nvml.nvmlDeviceGetUUID(handle), nvml.nvmlDeviceGetName(handle)
    return Gpu(number, uuid, name, memory, card)


def _visible(gpus: Sequence[Gpu], listed: str | None) -> Found:
    """What CUDA_VISIBLE_DEVICES leaves. As CUDA does: it is read up to the first name that is no
    GPU's, and where one is named twice there is none."""
    if listed is None:
        return Found(tuple(gpus))
    left: list[Gpu] = []
    for name in listed.split(","):
        named = _named(gpus, name.strip())
        if not named:
            break
        left += named
    if len(set(left)) < len(left):
        return Found((), f"{VISIBLE}={listed} names one twice, and CUDA then sees none")
    return Found(tuple(left), "" if left else f"{VISIBLE}={listed} leaves none")


def _named(gpus: Sequence[Gpu], name: str) -> list[Gpu]:
    """The GPU with this number or whose UUID, alone, begins so; all parts of one that is cut.

    Empty where there is no such one, or more than one.
    """
    numbered = [gpu for gpu in gpus if name in (gpu.number, gpu.number.partition(":")[0])]
    if numbered or not name.startswith(("GPU-", "MIG-")):
        return numbered
    uuids = {gpu: gpu.card if name.startswith("GPU-") else gpu.uuid for gpu in gpus}
    fits = {gpu: uuid for gpu, uuid in uuids.items() if uuid.startswith(name)}
    return list(fits) if len(set(fits.values())) == 1 else []


def _why(nvml: Any, error: Any) -> str:
    """One line on why NVML does not answer, and what to do where something can be done."""
    known = {
        nvml.NVML_ERROR_LIBRARY_NOT_FOUND: "NVIDIA's driver library is not there",
        nvml.NVML_ERROR_DRIVER_NOT_LOADED: "NVIDIA's driver is not loaded",
        nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: (
            "NVIDIA's driver and its library are of different versions; a restart of the machine"
            " loads the new driver"
        ),
        nvml.NVML_ERROR_NO_PERMISSION: "this user may not use NVIDIA's driver (/dev/nvidia*)",
    }
    return known.get(error.value, f"NVIDIA's driver says {str(error).rstrip('.')!r}")
