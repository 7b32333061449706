"""The process of one job, or of several students side by side: `python -m engine JOB_DIR …`.

Whoever is furthest behind takes the next step, so that one that was resumed catches up and then all
go in step. Each has its own directory, artifact and end: what fails, pauses or is cancelled ends
alone. `exit.json` is the last word on how a job ended; SIGTERM ends all that are left.
"""

import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from engine.durable import replacing
from engine.ending import NO_LAST_WORD, Ending, failure, keep_reserve, last_word
from engine.errors import Paused, WnkdError
from engine.events import CANCEL
from engine.job import JOB
from engine.memory import gpu_memory, host_memory
from engine.process import ProcessId
from engine.rank import Rank, take_part
from engine.together import Place, Shared, company
from engine.work import work

PROCESS, OUTPUT = "process.json", "output.log"
EXIT_CODES = {"done": 0, "failed": 1, "paused": 75, "cancelled": 128 + signal.SIGTERM}


class Cancelled(BaseException):
    """SIGTERM arrived. Not an Exception, so that no handler for ordinary faults takes it."""


class _Sigterm:
    """A handler that raises Cancelled at once, or, while it is `held`, not at all."""

    def __init__(self) -> None:
        self.arrived = self.held = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if not self.arrived:  # once is enough: the first may be at a last word already
            self.arrived = True
            if not self.held:
                raise Cancelled


class _Member:
    """A job of this process. `code` is how it ended, None until it has said its last word."""

    def __init__(
        self, directory: Path, together: Sequence[Path], shared: Shared, sigterm: _Sigterm
    ) -> None:
        self.place: Place = (-2, 0)
        self.code: int | None = None
        self._directory, self._together, self._sigterm = directory, together, sigterm
        self._work = self._whole(shared)

    def _whole(self, shared: Shared) -> Generator[Place, None, dict[str, Any]]:
        keep_reserve(self._directory)
        write_process_record(self._directory, self._together)
        yield -1, 0  # all have told who does them before one of them begins
        return (yield from work(self._directory, shared))

    def cancel_wanted(self) -> bool:
        return (self._directory / CANCEL).exists()

    def advance(self) -> None:
        """To its next place, or to its end."""
        try:
            self.place = next(self._work)
        except StopIteration as end:
            self.end(Ending("done", result=end.value))
        except Paused as pause:
            self.end(Ending("paused", reason=str(pause)))
        except Exception as error:  # noqa: BLE001 - a job's end is always told
            # Libraries turn an interruption into errors of their own: torch.save, for one.
            if self._sigterm.arrived:
                raise Cancelled from None
            self.end(_failure(error, self._directory))

    def end(self, ending: Ending) -> None:
        """Lets go of the job and says how it ended; that is not interrupted."""
        self._sigterm.held = True
        self._work.close()
        said = last_word(self._directory, replace(ending, **self._taken()))
        self.code = EXIT_CODES[ending.state] if said else NO_LAST_WORD
        self._sigterm.held = False

    def _taken(self) -> dict[str, Any]:
        """Its share of the memory that the process took, and of how many it is one."""
        count, gpu = len(self._together), gpu_memory()
        memory = None if gpu is None else gpu // count
        return {"memory": memory, "host_memory": host_memory() // count, "together": count}


def run(*directories: Path) -> int:
    """Does the job in a directory: 0 done, 1 failed, 75 paused, 143 cancelled, 74 where the disk
    was too full even for the last word. Of several, which must be of one company, 74 where one
    ended so, else the largest code.

    Every fault ends in `exit.json`; a traceback, where there is one, in the job's `output.log`.
    """
    sigterm, shared = _Sigterm(), Shared()
    before = signal.signal(signal.SIGTERM, sigterm)
    members = [_Member(one, directories, shared, sigterm) for one in directories]
    try:
        while going := [one for one in members if one.code is None]:
            if sigterm.arrived:
                raise Cancelled
            if leaving := next((one for one in going if one.cancel_wanted()), None):
                leaving.end(Ending("cancelled", reason="asked to end"))
            else:
                min(going, key=lambda one: one.place).advance()
        sigterm.held = True
    except Cancelled:
        for one in members:
            if one.code is None:
                one.end(Ending("cancelled", reason="stopped by SIGTERM"))
    signal.signal(signal.SIGTERM, before)
    codes = [one.code or 0 for one in members]
    return NO_LAST_WORD if NO_LAST_WORD in codes else max(codes)


def _failure(error: Exception, directory: Path) -> Ending:
    """What a fault makes of the job; a traceback of what nobody foresaw."""
    ending = failure(error, [directory, *_places(directory)])
    if ending.cause is None and not isinstance(error, WnkdError):
        # The log may be on a disk that is full.
        with contextlib.suppress(OSError), (directory / OUTPUT).open("a", encoding="utf-8") as log:
            traceback.print_exception(error, file=log)
    return ending


def _places(directory: Path) -> list[Path]:
    """Where the job writes beside its own directory, as far as its record can be read."""
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        run_with = json.loads((directory / JOB).read_text(encoding="utf-8"))["run"]
        return [Path(run_with["artifacts"]), Path(run_with["cache"])]
    return []


def write_process_record(directory: Path, together: Sequence[Path] = ()) -> None:
    """Who does this job, so that a later supervisor can find it, and `together` with which."""
    record: dict[str, Any] = {"process": str(ProcessId.of(os.getpid()))}
    if len(together) > 1:
        record["together"] = [str(one.absolute()) for one in together]
    with replacing(directory / PROCESS) as file:
        file.write(json.dumps(record).encode())


def main(arguments: list[str]) -> int:
    """`python -m engine JOB_DIR …`; 2 for bad usage. torchrun's first process does the job, and
    the others share it."""
    directories = [Path(argument) for argument in arguments]
    if not directories or not all((one / JOB).is_file() for one in directories):
        print("usage: python -m engine JOB_DIR …, directories that hold job.json", file=sys.stderr)
        return 2
    if rank := Rank.of(os.environ):
        if len(directories) > 1:
            print("the processes that torchrun starts share one job", file=sys.stderr)
            return 2
        if rank.number:
            return take_part(directories[0], rank)
    if len(directories) > 1:
        companies = {_company(one) for one in directories}
        if len(companies) > 1 or None in companies:
            print("only students of the same views and batches share a process", file=sys.stderr)
            return 2
    return run(*directories)


def _company(directory: Path) -> str | None:
    """Whom the job may share a process with; None where its record is not understood, too."""
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        record = json.loads((directory / JOB).read_text(encoding="utf-8"))
        return company(record["kind"], record["settings"])
    return None
