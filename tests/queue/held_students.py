"""Real students who begin their third epoch once the file that HELD names is there: the target of
a warm server."""

import os
import time
from pathlib import Path

from engine import running
from engine.train.image import ImageTask


def run(*directories: Path) -> int:
    begin, held = ImageTask.begin_epoch, Path(os.environ["HELD"])

    def begin_epoch(self: ImageTask, epoch: int) -> None:
        while epoch == 2 and not held.exists():
            time.sleep(0.01)
        begin(self, epoch)

    ImageTask.begin_epoch = begin_epoch
    return running.run(*directories)
