"""A job's directory: what the supervisor puts in it, and the job's last word."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.events import CANCEL, EXIT, LEAVE, PAUSE
from wnkd_tui.home import Home
from wnkd_tui.store.connection import StoreError
from wnkd_tui.store.work import Work

JOB, PROCESS, OUTPUT = "job.json", "process.json", "output.log"
CLUSTER, END = "cluster.json", "end"  # a cluster's record of the job, and the wish to end it
STATES = ("done", "failed", "cancelled", "paused")
TAKEN = ("memory", "host_memory", "together")


@dataclass(frozen=True)
class LastWord:
    """How a job says that it ended: done, failed, cancelled or paused.

    `cause` of a failure that is not its own: "disk full", "out of memory". `memory`: bytes of its
    GPU at most, `host_memory` of the host. `together`: how many jobs its process did. None: not
    told.
    """

    state: str
    cause: str | None
    reason: str | None
    result: dict[str, Any] | None
    memory: int | None
    host_memory: int | None
    together: int | None


def prepare(home: Home, work: Work, ranks: int = 1) -> None:
    """Writes `job.json` and forgets who did the job before, how it ended and what was asked of it.

    So many `ranks` share it, where it is of a kind that they can share (engine.leading).
    Raises StoreError where the directory cannot be written.
    """
    directory = home.job(work.key)
    record = {
        "schema": 1,
        "key": work.key,
        **json.loads(work.spec),
        "run": {
            "artifacts": str(home.artifacts),
            "cache": str(home.cache),
            "files": str(home.files),
            "data": json.loads(work.data) if work.data else None,
            "device": "auto",
            "ranks": ranks,
            "engine": work.engine,
        },
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for stale in (EXIT, PROCESS, PAUSE, LEAVE, CANCEL, CLUSTER, END):
            (directory / stale).unlink(missing_ok=True)
        temporary = directory / f"{JOB}.new"
        temporary.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
        temporary.replace(directory / JOB)
    except OSError as error:
        raise StoreError(f"cannot write job {work.id} to {directory}: {error.strerror}") from error


@contextmanager
def starting(directory: Path) -> Iterator[None]:
    """While inside, `is_starting` says so to everybody; also where this process is stopped.

    The kernel forgets it when this process ends. Raises BlockingIOError where another is inside.
    """
    descriptor = os.open(directory / JOB, os.O_RDWR)  # NFS locks only what can be written
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def is_starting(directory: Path) -> bool:
    """Whether somebody is about to start the job here."""
    try:
        with starting(directory):
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


def ask_to_pause(directory: Path, wanted: bool) -> None:
    """Asks the job to pause after its epoch, or takes that back."""
    if wanted:
        (directory / PAUSE).touch()
    else:
        (directory / PAUSE).unlink(missing_ok=True)


def last_word(directory: Path) -> LastWord | None:
    """The job's last word, None where it left none that can be understood."""
    try:
        record = json.loads((directory / EXIT).read_text(encoding="utf-8"))
        state, cause, reason = record["state"], record.get("cause"), record["reason"]
        result, taken = record["result"], [record.get(name) for name in TAKEN]
        known = state in STATES and isinstance(result, dict | None)
        if not known or not all(one is None or 0 <= one < 2**63 for one in taken):
            return None
        return LastWord(state, cause, None if reason is None else _storable(reason), result, *taken)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _storable(text: str) -> str:
    """Without halves of characters, which JSON can hold and a database cannot."""
    return text.encode("utf-8", "replace").decode()
