"""A server that has imported what jobs need and forks a process for each: `python -m engine.warm`.

Importing torch is most of a small job's cost; a fork pays it once. CUDA stays untouched here, and
no thread runs, since neither survives a fork.

Requests come on stdin, replies go to stdout, one JSON object a line:
  {"jobs": [directory, …], "env": {name: value}}  →  {"pid": n}, and later {"exit": n, "code": c}
Before the first request {"ready": true}. `code` is negative where a signal ended the job. The end
of stdin ends the server; its jobs live on, each process in a session of its own.
"""

import argparse
import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from engine.job import STAGES
from engine.running import OUTPUT

PRELOAD = ("torch", "sklearn.cluster", "captum.attr", *STAGES.values())
TARGET = "engine.running:run"


class WarmServer:
    """Serves one client on file descriptors 0 and 1; what imports print goes to stderr."""

    def __init__(self, target: Callable[..., int]) -> None:
        self._target = target
        self._replies = os.dup(1)
        os.dup2(2, 1)
        self._woken, self._waker = os.pipe()
        for end in (self._woken, self._waker):
            os.set_blocking(end, False)

    def serve(self) -> None:
        """Until stdin ends, or nobody reads the replies."""
        signal.set_wakeup_fd(self._waker)
        signal.signal(signal.SIGCHLD, _ignore)  # a handler, so that the waker is written to
        with selectors.DefaultSelector() as selector:
            selector.register(0, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            try:
                self._reply(ready=True)
                self._loop(selector)
            except BrokenPipeError:
                return

    def _loop(self, selector: selectors.BaseSelector) -> None:
        unread = b""
        while True:
            files = {key.fd for key, _ in selector.select()}
            if self._woken in files:
                os.read(self._woken, 4096)
                self._reap()
            if 0 in files:
                chunk = os.read(0, 65536)
                if not chunk:
                    return
                *lines, unread = (unread + chunk).split(b"\n")
                for line in lines:
                    request = json.loads(line)
                    self._reply(pid=self._start(list(map(Path, request["jobs"])), request["env"]))

    def _reap(self) -> None:
        """Tells of every child that has ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._reply(exit=pid, code=os.waitstatus_to_exitcode(status))

    def _reply(self, **fields: Any) -> None:
        os.write(self._replies, json.dumps(fields).encode() + b"\n")

    def _start(self, directories: Sequence[Path], env: Mapping[str, str]) -> int:
        """The pid of a child that does the jobs."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._child(directories, env)
        return pid

    def _child(self, directories: Sequence[Path], env: Mapping[str, str]) -> NoReturn:
        code = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (self._replies, self._woken, self._waker):
                os.close(end)
            _redirect(directories[0] / OUTPUT)
            os.environ.update(env)
            code = self._target(*directories)
        except BaseException:  # noqa: BLE001 - nothing may fall through into the server's loop
            with contextlib.suppress(OSError):  # the log may be on a disk that is full
                traceback.print_exc()
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError):
                    stream.flush()
            os._exit(code)


def main(arguments: Sequence[str]) -> None:
    """Serves until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m engine.warm")
    parser.add_argument("--target", default=TARGET, help="MODULE:FUNCTION that does jobs")
    parser.add_argument("--preload", nargs="*", default=PRELOAD, help="modules to import first")
    chosen = parser.parse_args(arguments)
    for name in chosen.preload:
        importlib.import_module(name)
    module, function = chosen.target.split(":")
    server = WarmServer(getattr(importlib.import_module(module), function))
    gc.collect()
    gc.freeze()  # what is imported stays shared between server and jobs
    server.serve()


def _redirect(output: Path) -> None:
    """stdin from nowhere, stdout and stderr to the end of `output`."""
    nowhere = os.open(os.devnull, os.O_RDONLY)
    log = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, targets in ((nowhere, (0,)), (log, (1, 2))):
        for target in targets:
            os.dup2(source, target)
        os.close(source)


def _ignore(signum: int, frame: FrameType | None) -> None:
    return


if __name__ == "__main__":
    main(sys.argv[1:])
