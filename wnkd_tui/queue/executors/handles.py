"""What a local job is known by: its process, and its directory where others share the process."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.events import EXIT
from engine.process import ProcessId
from wnkd_tui.queue.jobdir import PROCESS


@dataclass(frozen=True)
class Handle:
    """As text `PROCESS`, or `PROCESS DIRECTORY` of a job that shares its process with others."""

    process: ProcessId
    directory: Path | None = None

    @classmethod
    def parse(cls, text: str) -> "Handle | None":
        process, directory = ProcessId.parse(text), text.partition(" ")[2]
        return cls(process, Path(directory) if directory else None) if process else None

    @classmethod
    def recorded(cls, directory: Path) -> "Handle | None":
        """Of whom the job in `directory` says that it does it; None where nothing is said."""
        process, together = _record(directory)
        return cls(process, directory.absolute() if together else None) if process else None

    def __str__(self) -> str:
        return f"{self.process} {self.directory}" if self.directory else str(self.process)

    @property
    def others(self) -> list[Path]:
        """The directories of the jobs that the process does beside this one, and has not ended."""
        if self.directory is None:
            return []
        return [
            one
            for one in _record(self.directory)[1]
            if one != self.directory
            and not (one / EXIT).exists()
            and _record(one)[0] == self.process
        ]

    @property
    def left(self) -> bool:
        """Whether the job has ended and its process goes on with others."""
        if self.directory is None or not (self.directory / EXIT).exists():
            return False
        return bool(self.others)


def _record(directory: Path) -> tuple[ProcessId | None, Sequence[Path]]:
    """Who does a job, and all the jobs that are done together with it; nobody else: none."""
    try:
        record = json.loads((directory / PROCESS).read_text(encoding="utf-8"))
        if "process" not in record:  # of an older wnkd
            return ProcessId(int(record["pid"]), float(record["started"]), ""), ()
        return ProcessId.parse(record["process"]), tuple(map(Path, record.get("together", ())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None, ()
