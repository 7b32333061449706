"""`cluster.json` in a job's directory: with which allocation it is, and how its run there went.

run-queue writes it when it hands the job over, the node when the job begins and when it ended.
"""

import errno
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from engine.durable import replacing
from engine.events import EVENTS
from wnkd_tui.queue.executors.base import Cause
from wnkd_tui.queue.jobdir import CLUSTER


def look_into(directory: Path) -> None:
    """Has a network file system ask anew what is in it, and how far its events go: it remembers for
    a while what was not there."""
    with suppress(OSError):
        any(directory.iterdir())
        (directory / EVENTS).open("rb").close()


@dataclass(frozen=True)
class Record:
    """`job` is the cluster's number of the allocation. `began` and `ended` are UTC seconds by the
    node's clock, None where that is not so yet; `seconds` is how long it ran, on a clock that
    nobody sets. `signal` and `code`: how its process left. `stopped`: the node was told to end it,
    and only Slurm knows why. `cause`: why it ended, where that is known already."""

    cluster: str
    allocation: str
    job: str = ""
    node: str = ""
    began: float | None = None
    ended: float | None = None
    seconds: float | None = None
    signal: int | None = None
    code: int | None = None
    stopped: bool = False
    cause: Cause | None = None

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """None where there is none that can be understood."""
        try:
            fields = json.loads(_text(directory / CLUSTER))
            cause = fields.pop("cause")
            return cls(**fields, cause=Cause(cause) if cause else None)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(self, directory: Path) -> None:
        with replacing(directory / CLUSTER) as file:
            file.write(json.dumps(asdict(self)).encode())


def _text(path: Path) -> str:
    """A file that was replaced while it was read is stale on NFS: it is read anew."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        if error.errno != errno.ESTALE:
            raise
        return path.read_text(encoding="utf-8")
