"""A job's directory: what the supervisor puts in it, and the job's last word."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.events import EXIT
from wnkd_tui.home import Home
from wnkd_tui.store.database import StoreError
from wnkd_tui.store.work import Work

JOB, PROCESS, OUTPUT = "job.json", "process.json", "output.log"


@dataclass(frozen=True)
class LastWord:
    """How a job says that it ended: done, failed or cancelled."""

    state: str
    reason: str | None
    result: dict[str, Any] | None


def prepare(home: Home, work: Work) -> None:
    """Writes `job.json` and forgets who did the job before and how it ended.

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
        },
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for stale in (EXIT, PROCESS):
            (directory / stale).unlink(missing_ok=True)
        temporary = directory / f"{JOB}.new"
        temporary.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
        temporary.replace(directory / JOB)
    except OSError as error:
        raise StoreError(f"cannot write job {work.id} to {directory}: {error.strerror}") from error


def last_word(directory: Path) -> LastWord | None:
    """The job's last word, None where it left none that can be read."""
    try:
        record = json.loads((directory / EXIT).read_text(encoding="utf-8"))
        return LastWord(record["state"], record["reason"], record["result"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
