"""How a job ended, and the last word that says so, disk full or not."""

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import DiskFullError, WnkdError
from engine.events import EventWriter, write_exit
from engine.shown import as_shown

DISK_FULL, OUT_OF_MEMORY = "disk full", "out of memory"
NO_LAST_WORD = 74  # the exit code of a job that found no room to say how it ended
RESERVE = "reserve"
RESERVED = 256 * 1024  # bytes: more than a last word and its event take, of 1000 classes at that
LONGEST = 1000  # characters of a reason
MIB = 2**20

_FULL = (errno.ENOSPC, errno.EDQUOT)
# What libraries say that drop the number: safetensors, torch; NumPy twice.
_FULL_WORDS = re.compile(
    "|".join(map(os.strerror, _FULL)) + r"|Not enough free space|^\d+ requested and \d+ written$"
)
# What CUDA's own libraries say where torch has no class of its own for it.
_MEMORY_WORDS = re.compile(r"CUDA error: out of memory|CU(BLAS|DNN|SOLVER)_STATUS_ALLOC_FAILED")


@dataclass(frozen=True)
class Ending:
    """`state`: done, failed, cancelled or paused. `cause` of a failure that is not the job's own:
    "disk full", "out of memory" (the GPU's). `memory`: peak bytes of the GPU, None without one;
    `host_memory`: of the host (engine.memory). `together`: jobs that its process did."""

    state: str
    cause: str | None = None
    reason: str | None = None
    result: dict[str, Any] | None = None
    memory: int | None = None
    host_memory: int | None = None
    together: int = 1


class ToldError(WnkdError):
    """A failure that another process of the job has told already: `ending`."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason)
        self.ending = ending


def failure(error: BaseException, places: Sequence[Path]) -> Ending:
    """What an exception makes of a job that writes below `places`."""
    if isinstance(error, ToldError):
        return error.ending
    chain = list(_chain(error))
    full = next((one for one in chain if _is_full(one)), None)
    if full is not None:
        return Ending("failed", DISK_FULL, _full_reason(full, places))
    out = next((one for one in chain if _is_out_of_memory(one)), None)
    if out is not None:
        return Ending("failed", OUT_OF_MEMORY, _memory_reason(out))
    return Ending("failed", None, _one_line(error))


def keep_reserve(directory: Path) -> None:
    """Takes the room now that the last word may need on a disk that is full by then.

    Random bytes, because some file systems give zeros no room. Raises OSError where there is none.
    """
    with (directory / RESERVE).open("wb", buffering=0) as file:
        left = os.urandom(RESERVED)
        while left:
            left = left[file.write(left) :]


def last_word(directory: Path, ending: Ending) -> bool:
    """Gives the reserve free and says how the job ended; False where even that found no room."""
    record = asdict(ending)
    with contextlib.suppress(OSError):
        (directory / RESERVE).unlink(missing_ok=True)
    with contextlib.suppress(OSError), EventWriter(directory) as events:  # exit.json says it too
        events.write("end", **record)
    try:
        write_exit(directory, record)
    except OSError:
        return False
    return True


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and those that it came of, the newest first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_full(error: BaseException) -> bool:
    if isinstance(error, DiskFullError):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL
    return not isinstance(error, WnkdError) and bool(_FULL_WORDS.search(str(error)))


def _full_reason(error: BaseException, places: Sequence[Path]) -> str:
    if isinstance(error, DiskFullError):
        return f"disk full: {error}"
    name = error.filename if isinstance(error, OSError) else None
    at = [Path(name).parent] if isinstance(name, str) else list(places)
    free, where = min(((_free(place), place) for place in at), key=lambda found: found[0])
    quota = isinstance(error, OSError) and error.errno == errno.EDQUOT
    return f"disk full{' (quota)' if quota else ''}: {free // MIB} MiB free at {where}"


def _free(place: Path) -> int:
    """Bytes free at a place that may not be there yet."""
    there = next((one for one in (place, *place.parents) if one.exists()), Path("/"))
    return shutil.disk_usage(there).free


def _is_out_of_memory(error: BaseException) -> bool:
    if type(error).__name__ == "OutOfMemoryError":  # torch's, which is not imported here
        return True
    return isinstance(error, RuntimeError) and bool(_MEMORY_WORDS.search(str(error)))


def _memory_reason(error: BaseException) -> str:
    """Torch's first two sentences, which name the sizes, and what to do."""
    said = _first_line(error).removeprefix("CUDA out of memory. ")
    sizes = ". ".join(said.split(". ")[:2]).rstrip(".")
    return (
        f"CUDA out of memory: {sizes}; take a smaller batch (--set …optimiser.batch) or a GPU"
        " with more free memory"
    )


def _one_line(error: BaseException) -> str:
    text = _first_line(error)
    if isinstance(error, WnkdError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _first_line(error: BaseException) -> str:
    return as_shown(str(error).strip().split("\n")[0][:LONGEST])
