"""A stand-in for the process of several students: `run(DIR, …)`, as its files say.

A job is done once `go` is in its directory, and cancelled where it is asked to be. `deaf` in the
first one's: the process reads no wishes. `die`: it is killed.
"""

import os
import signal
import sys
import time
from pathlib import Path

from engine.events import CANCEL, EventWriter, write_exit
from engine.running import write_process_record


def run(*directories: Path) -> int:
    for directory in directories:
        write_process_record(directory, directories)
        with (directory / "runs.txt").open("a") as runs:
            runs.write(f"{os.getpid()}\n")
    left = list(directories)
    while left:
        time.sleep(0.01)
        if (directories[0] / "die").exists():
            (directories[0] / "die").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        for directory in left:
            if (directory / "go").exists():
                _end(directory, "done")
            elif (directory / CANCEL).exists() and not (directories[0] / "deaf").exists():
                _end(directory, "cancelled")
        left = [one for one in left if not (one / "exit.json").exists()]
    return 0


def _end(directory: Path, state: str) -> None:
    with EventWriter(directory) as events:
        events.progress(1, 1, "steps")
    end = {"state": state, "cause": None, "reason": None, "result": {}, "memory": None}
    write_exit(directory, end)


if __name__ == "__main__":
    sys.exit(run(*map(Path, sys.argv[1:])))
