"""Planned jobs without a queue: each in a process of its own, forked once torch is imported."""

import importlib
import json
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from engine.artifacts import ArtifactStore
from engine.plan import JobSpec
from engine.running import main
from engine.warm import PRELOAD

MB = 1024  # KiB, in which Linux counts a process's memory


@dataclass(frozen=True)
class Taken:
    """What a process took: `cpu_s` of all its threads, and `mb`, the most memory that it had beyond
    that of a process which has only imported what jobs need."""

    cpu_s: float
    mb: float


class Forked:
    """A place for jobs: `jobs`, `artifacts`, `cache` and `files` below `root`.

    This process must not compute with torch itself: its threads do not survive a fork.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.files = root / "files"
        self.files.mkdir(parents=True)
        self.store = ArtifactStore(root / "artifacts")
        for module in PRELOAD:
            importlib.import_module(module)
        self._floor = _taken(lambda: 0).mb
        self._runs: dict[str, Taken] = {}

    def run(
        self,
        job: JobSpec,
        data: Mapping[str, Any],
        before: Callable[[], None] = lambda: None,
    ) -> Taken:
        """What the job took; it is done once. `data` says where the dataset is, as in job.json;
        `before` is called in the job's process. RuntimeError for a job that fails."""
        if job.key in self._runs:
            return self._runs[job.key]
        directory = self._root / "jobs" / job.key
        directory.mkdir(parents=True)
        record = {
            "schema": 1,
            "key": job.key,
            "kind": job.kind,
            "name": job.name,
            "settings": dict(job.settings),
            "inputs": dict(job.inputs),
            "run": {
                "artifacts": str(self.store.root),
                "cache": str(self._root / "cache"),
                "files": str(self.files),
                "data": dict(data),
                "device": "cpu",
            },
        }
        (directory / "job.json").write_text(json.dumps(record), encoding="utf-8")

        def work() -> int:
            before()
            return main([str(directory)])

        try:
            taken = _taken(work)
        except RuntimeError:
            ended = json.loads((directory / "exit.json").read_text(encoding="utf-8"))
            raise RuntimeError(f"{job.name}: {ended['reason']}") from None
        return self._runs.setdefault(job.key, Taken(taken.cpu_s, taken.mb - self._floor))

    def result(self, job: JobSpec) -> dict[str, Any]:
        """What the job said at its end."""
        return dict(self.store.meta(job.key)["result"])


def _taken(work: Callable[[], int]) -> Taken:
    """What `work` took in a fork of this process; RuntimeError where it does not return 0."""
    child = os.fork()
    if not child:
        _end_with(work)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"ended with status {status}")
    return Taken(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MB)


def _end_with(work: Callable[[], int]) -> NoReturn:
    code = 1
    try:
        code = work()
    except BaseException:  # noqa: BLE001 - a fork must never go on as its parent
        traceback.print_exc()
    finally:
        os._exit(code)
