"""What a job's processes took of the machine's memory, at most.

Host memory is resident memory, shared libraries and mapped files included: what `top` shows. The
kernel's mark in /proc is that of this program alone; `getrusage` would count what its parent held
before the program began, too.
"""

import contextlib
import os
import resource
import sys
from pathlib import Path

_PROC = Path("/proc")
_ended: list[tuple[int | None, int | None]] = []  # of processes that were counted in: GPU, host


def count_in(gpu: int | None, host: int | None) -> None:
    """What a process took that this one started and that has ended; both in bytes."""
    _ended.append((gpu, host))


def gpu_memory() -> int | None:
    """Peak bytes that torch took of a GPU; None where none was used."""
    peaks = [gpu for gpu, _ in _ended if gpu is not None]
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        peaks.append(int(torch.cuda.max_memory_reserved()))
    return max(peaks, default=None)


def host_memory() -> int:
    """Peak bytes resident in this process and in those that it started and that live still, or
    were counted in.

    Each one's own peak, summed, so never less than they took together. Where the system keeps no
    such mark, what this process took.
    """
    peaks = [_peak(pid) for pid in (os.getpid(), *_children())]
    if peaks[0] is None:
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest if sys.platform == "darwin" else largest * 1024
    ended = [host for _, host in _ended]
    return sum(peak for peak in (*peaks, *ended) if peak is not None)


def _peak(pid: int) -> int | None:
    """Bytes; None for a process that is gone and where /proc does not tell."""
    try:
        for line in (_PROC / str(pid) / "status").read_bytes().splitlines():
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return None
    return None


def _children() -> list[int]:
    """Of all threads of this process."""
    pids: list[int] = []
    for task in _PROC.glob("self/task/*/children"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            pids += map(int, task.read_bytes().split())
    return pids
