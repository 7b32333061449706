"""Ends a job whose worker has ended: `python -m wnkd_tui.queue.executors.ray.guard RUN`.

The worker holds the other end of stdin and writes the job's handle there. However it ends, killed
or with its node's Ray, stdin ends with it; then all processes of the job are ended, and the folder
RUN is removed. Ray ends what a worker has started itself, so this one is no child of it any more
when its first process returns; what takes long to import comes after that.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

PAUSE = 0.05  # seconds between two looks at what ends


def main(run: Path) -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    handle = sys.stdin.read().strip()
    if handle:
        end(handle)
    shutil.rmtree(run, ignore_errors=True)


def end(handle: str) -> None:
    """Returns when nothing of the job is left."""
    from wnkd_tui.queue.executors.base import Alive
    from wnkd_tui.queue.executors.launchers import PlainLauncher
    from wnkd_tui.queue.executors.local import LocalExecutor

    executor = LocalExecutor(PlainLauncher())
    executor.cancel(handle, 0.0)
    while isinstance(executor.poll(handle), Alive):
        time.sleep(PAUSE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
