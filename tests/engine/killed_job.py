"""A job that may kill itself amid a save of its checkpoint: the target of a warm server.

KILL_AT in its environment: the write, counted over all saves, of which only half reaches the disk;
each epoch is saved then. 0: nothing of that.
"""

import os
import signal
from pathlib import Path
from typing import Any

from engine import job
from engine.train import checkpoint


def run(directory: Path) -> int:
    left = int(os.environ["KILL_AT"])
    write = checkpoint._Hashed.write

    def dying(self: Any, data: bytes) -> int:
        nonlocal left
        left -= 1
        if left == 0:
            write(self, bytes(data)[: len(data) // 2])
            self.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        return write(self, data)

    if left:
        checkpoint.SAVE_SHARE = float("inf")
    checkpoint._Hashed.write = dying  # type: ignore[method-assign]
    return job.run(directory)
