"""A job that may kill itself amid a save of its checkpoint: the target of a warm server.

KILL_AT in its environment: the write, counted over all saves, of which only half reaches the disk;
each epoch is saved then. 0: nothing of that.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine import running
from engine.train import checkpoint


class Dying:
    """A file of which the `left`-th write from now on, over all files, is the process's last."""

    left = 0

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        Dying.left -= 1
        if Dying.left == 0:
            self._file.write(bytes(data)[: len(data) // 2])
            self._file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        self._file.write(data)


def run(*directories: Path) -> int:
    Dying.left = int(os.environ["KILL_AT"])
    replacing = checkpoint.replacing

    @contextmanager
    def dying(path: Path) -> Iterator[Any]:
        with replacing(path) as file:
            yield Dying(file)

    if Dying.left:
        checkpoint.SAVE_SHARE = float("inf")
    checkpoint.replacing = dying
    return running.run(*directories)
