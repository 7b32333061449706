"""What comes home of a job, put where a job of this host would have written it.

All of it is whole or not there, but for the last line of events. What finds no room may come again.
"""

import errno
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.artifacts import META, ArtifactStore
from engine.durable import NEW, replacing, sync
from engine.errors import ArtifactError
from engine.events import EVENTS, EXIT
from engine.job import CHECKPOINTS
from wnkd_tui.queue.executors.ray.pieces import Piece, place

KEPT = 2  # checkpoints, as the engine keeps
FULL = (errno.ENOSPC, errno.EDQUOT)
Batches = Iterable[list[Piece]]


class Arrivals:
    """Of the job of `record`, in its `directory`."""

    def __init__(self, directory: Path, record: Mapping[str, Any]) -> None:
        self.checkpoints = directory / CHECKPOINTS
        self._directory = directory
        self._store, self._key = ArtifactStore(Path(record["run"]["artifacts"])), record["key"]

    def begin(self) -> None:
        """Ends the line of events in which one before this one was stopped."""
        path = self._directory / EVENTS
        if path.exists() and path.stat().st_size:
            with path.open("r+b") as file:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")

    def append(self, name: str, data: bytes) -> int:
        """How many bytes were added to the file `name`: none where there is no room."""
        if not data:
            return 0
        with (self._directory / name).open("ab", buffering=0) as file:
            before = file.tell()
            try:
                if file.write(data) == len(data):
                    return len(data)
            except OSError as error:
                if error.errno not in FULL:
                    raise
            os.truncate(file.fileno(), before)
            return 0

    def checkpoint(self, name: str, batches: Batches) -> None:
        """Nothing is kept where nothing comes: it gave way to a newer one."""
        self.checkpoints.mkdir(exist_ok=True)
        temporary = self.checkpoints / f"{name}{NEW}"
        temporary.unlink(missing_ok=True)
        for batch in batches:
            place(temporary, batch)
        if not temporary.exists():
            return
        sync(temporary)
        temporary.replace(self.checkpoints / name)
        sync(self.checkpoints)
        whole = sorted(path for path in self.checkpoints.iterdir() if path.suffix != NEW)
        for path in whole[:-KEPT]:
            path.unlink()

    def artifact(self, batches: Batches) -> None:
        """Publishes it where it is not there already. Raises ArtifactError where not all came."""
        with self._store.lock(self._key):
            if self._store.fault(self._key) is None:
                return
            meta: dict[str, Any] = {}
            with self._store.publish(self._key, meta) as out:
                for batch in batches:
                    place(out, batch)
                meta |= json.loads((out / META).read_text(encoding="utf-8"))
                (out / META).unlink()  # it is written anew, the same to the bit
                if meta.pop("files") != {path.name: path.stat().st_size for path in out.iterdir()}:
                    raise ArtifactError(f"artifact {self._key[:12]} did not come whole")

    def last_word(self, word: bytes) -> None:
        """The last that comes. What is done needs no checkpoints any more."""
        if is_done(word):
            shutil.rmtree(self.checkpoints, ignore_errors=True)
        with replacing(self._directory / EXIT) as file:
            file.write(word)


def is_done(word: bytes) -> bool:
    """Whether a job's last word says so."""
    try:
        return bool(json.loads(word)["state"] == "done")
    except (ValueError, KeyError, TypeError):
        return False
