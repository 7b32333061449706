"""A run's state on disk: the last two epochs that were saved, each a file that proves itself whole.

A file is the SHA-256 of what follows, and what torch.save wrote. It appears by a rename, so that a
kill leaves the ones before; what a disk or a person damaged later fails its checksum, and the epoch
before is as good a place to go on from.
"""

import hashlib
import io
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from engine.durable import NEW, replacing

# Saving may take at most this share of the time between two saves.
SAVE_SHARE = 0.05
KEPT = 2
DIGEST_SIZE = hashlib.sha256().digest_size
_NAME = re.compile(r"checkpoint-(\d+)\.pt")


@dataclass
class Checkpoints:
    """Files `checkpoint-EPOCH.pt` in `folder`, which is made when the first is.

    The first save is made at once, later ones as rarely as keeps their cost small. One process at a
    time: the one that holds the lock of the job's artifact.
    """

    folder: Path
    log: Callable[[str], None]
    _next_save: float = field(default=0.0, init=False)

    def load(self) -> dict[str, Any] | None:
        """The newest state that is whole, on the CPU; None where there is none.

        What killed writers left is removed, and so is what is damaged, after a line in the log.
        """
        for left in self.folder.glob(f"*{NEW}"):
            left.unlink(missing_ok=True)
        damaged: list[int] = []
        found = None
        for epoch, path in reversed(self._files()):
            found = _read(path)
            if found is not None:
                break
            path.unlink(missing_ok=True)
            damaged.append(epoch)
        if damaged:
            which = " and ".join(map(str, damaged))
            end = "begins anew" if found is None else f"resumed from that of epoch {epoch}"
            self.log(f"checkpoint of epoch {which} is damaged: {end}")
        return found

    def save(self, epoch: int, state: dict[str, Any], *, force: bool = False) -> None:
        """Writes the state after `epoch`, unless the last save is too recent to pay for another.

        Raises OSError, or what torch makes of it, where it cannot be written; the ones before stay.
        """
        started = time.monotonic()
        if started < self._next_save and not force:
            return
        self.folder.mkdir(exist_ok=True)
        # By way of memory: torch's writer aborts the process where a signal's exception comes out
        # of a `write` that it called, and this one runs no Python.
        content = io.BytesIO()
        torch.save(state, content)
        with replacing(self.folder / f"checkpoint-{epoch:05}.pt") as file:
            file.write(hashlib.sha256(content.getbuffer()).digest())
            file.write(content.getbuffer())
        for _, path in self._files()[:-KEPT]:
            path.unlink(missing_ok=True)
        ended = time.monotonic()
        self._next_save = ended + (ended - started) / SAVE_SHARE

    def _files(self) -> list[tuple[int, Path]]:
        """Epochs and files, oldest first."""
        return sorted(
            (int(match[1]), path)
            for path in self.folder.glob("*")
            if (match := _NAME.fullmatch(path.name))
        )


def _read(path: Path) -> dict[str, Any] | None:
    """The state in a file, None where it is damaged."""
    try:
        with path.open("rb") as file:
            digest, content = file.read(DIGEST_SIZE), file.read()
        if hashlib.sha256(content).digest() != digest:
            return None
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001 - a damaged file can raise anything
        return None
    return state if isinstance(state, dict) else None
