"""An allocation's folder: run-queue puts jobs into its list, the node takes them out, in order.

Every step is one operation on names, which a network file system does for one host at a time: a
job is taken or withdrawn, never both, and what is put into a list that was closed just before is
withdrawn or done.
"""

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SCRIPT, OUTPUT, WARM_LOG = "script.sh", "output.log", "warm.log"
TODO, TAKEN, CLOSED = "todo", "taken", "closed"


@dataclass(frozen=True)
class Allocation:
    """The list at `folder`, whose name is that of the cluster's job. Entries are names of jobs'
    directories."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def make(self) -> None:
        (self.folder / TODO).mkdir(parents=True)
        (self.folder / TAKEN).mkdir()

    def put(self, job: str) -> bool:
        """False where the list was closed, and the job is not in it."""
        (self.folder / TODO / f"{time.time_ns():020}-{job}").touch()
        return not (self.folder / CLOSED).exists() or not self.withdraw(job)

    def take(self) -> str | None:
        """The first job that nobody withdrew; None where there is none now."""
        for entry in _entries(self.folder / TODO):
            with suppress(FileNotFoundError):
                (self.folder / TODO / entry).rename(self.folder / TAKEN / entry)
                return _job(entry)
        return None

    def withdraw(self, job: str) -> bool:
        """Whether the job was in the list still, and is not any more."""
        for entry in _entries(self.folder / TODO):
            if _job(entry) == job:
                with suppress(FileNotFoundError):
                    (self.folder / TODO / entry).unlink()
                    return True
        return False

    def close(self) -> None:
        """What is put into the list from now on is not taken, but for what is just being put."""
        (self.folder / CLOSED).touch()

    @property
    def closed(self) -> bool:
        return (self.folder / CLOSED).exists()

    def jobs(self) -> list[str]:
        """All that were put in and not withdrawn."""
        return [_job(entry) for part in (TAKEN, TODO) for entry in _entries(self.folder / part)]

    def last_line(self) -> str:
        """The last line that the allocation itself wrote."""
        try:
            lines = (self.folder / OUTPUT).read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return "it said nothing"
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []


def _job(entry: str) -> str:
    return entry.partition("-")[2]
