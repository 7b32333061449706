"""A job that is hard to end: `python fake_loader.py JOB_DIR`, settings {"doing": …}.

workers: loads data in worker processes, each with a child of its own; one takes no notice of
SIGTERM, one leads a group, one a session. checkpoint: writes checkpoints and nothing else.
threads: computes in C, in several threads, so that no signal handler ever runs. cuda: the same on
a GPU. nothing: is done at once. Each process notes itself in `processes.txt` once it is at work.
"""

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from engine.events import EventWriter, write_exit
from engine.process import ProcessId

WORKERS = {"plain": lambda: None, "group": os.setpgrp, "session": os.setsid}
BUSY = "import fake_loader, sys, pathlib; fake_loader.child(pathlib.Path(sys.argv[1]))"


class Stopped(BaseException):
    pass


def run(directory: Path) -> int:
    doing = json.loads((directory / "job.json").read_text())["settings"]["doing"]
    signal.signal(signal.SIGTERM, _stop)
    _note(directory, directory / "process.json")
    with EventWriter(directory) as events:
        events.write("start", pid=os.getpid(), device="fake")
        try:
            DOING[doing](directory)
        except Stopped:
            write_exit(directory, _word("cancelled", "stopped by SIGTERM"))
            return 143
    write_exit(directory, _word("done", None))
    return 0


def child(directory: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.setsid()
    _note(directory)
    time.sleep(120)


def _load(directory: Path) -> None:
    fork = multiprocessing.get_context("fork")
    for name in WORKERS:
        fork.Process(target=_worker, args=(directory, name)).start()
    while True:
        time.sleep(1)


def _worker(directory: Path, name: str) -> None:
    WORKERS[name]()
    signal.signal(signal.SIGTERM, signal.SIG_IGN if name == "plain" else signal.SIG_DFL)
    subprocess.Popen([sys.executable, "-c", BUSY, str(directory)])
    _note(directory)
    time.sleep(120)


def _write(directory: Path) -> None:
    temporary = directory / "checkpoint.new"
    _note(directory)
    while True:
        with temporary.open("wb") as file:
            for _ in range(16):
                file.write(os.urandom(1 << 16))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / "checkpoint.pt")


def _compute(directory: Path) -> None:
    def compute() -> None:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 1_000_000_000)

    threading.Thread(target=compute).start()
    _note(directory)
    compute()


def _cuda(directory: Path) -> None:
    import torch

    grid = torch.rand(4096, 4096, device="cuda")
    torch.cuda.synchronize()
    _note(directory)
    while True:
        grid = torch.nn.functional.normalize(grid @ grid)


def _note(directory: Path, process: Path | None = None) -> None:
    me = str(ProcessId.of(os.getpid()))
    if process:
        process.write_text(json.dumps({"process": me}))
        return
    with (directory / "processes.txt").open("a") as file:
        file.write(f"{me}\n")


def _word(state: str, reason: str | None) -> dict:
    return {"state": state, "cause": None, "reason": reason, "result": None, "memory": None}


def _stop(*_: object) -> None:
    raise Stopped


DOING = {
    "workers": _load,
    "checkpoint": _write,
    "threads": _compute,
    "cuda": _cuda,
    "nothing": _note,
}

if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
