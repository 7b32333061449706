"""A job's directory: what the supervisor puts in it, and the job's last word."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.events import EXIT, PAUSE
from wnkd_tui.home import Home
from wnkd_tui.store.database import StoreError
from wnkd_tui.store.work import Work

JOB, PROCESS, OUTPUT = "job.json", "process.json", "output.log"
STATES = ("done", "failed", "cancelled", "paused")


@dataclass(frozen=True)
class LastWord:
    """How a job says that it ended: done, failed, cancelled or paused.

    `cause` of a failure that is not its own: "disk full", "out of memory". `memory`: bytes of its
    GPU at most.
    """

    state: str
    cause: str | None
    reason: str | None
    result: dict[str, Any] | None
    memory: int | None


def prepare(home: Home, work: Work) -> None:
    """Writes `job.json` and forgets who did the job before, how it ended and what was asked of it.

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
            "engine": work.engine,
        },
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for stale in (EXIT, PROCESS, PAUSE):
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
    descriptor = os.open(directory, os.O_RDONLY)
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
        state, result, memory = record["state"], record["result"], record.get("memory")
        known = state in STATES and isinstance(result, dict | None)
        if not known or not (memory is None or 0 <= memory < 2**63):
            return None
        cause, reason = record.get("cause"), record["reason"]
        return LastWord(state, cause, None if reason is None else _storable(reason), result, memory)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _storable(text: str) -> str:
    """Without halves of characters, which JSON can hold and a database cannot."""
    return text.encode("utf-8", "replace").decode()
