"""A job, from its directory to its artifact.

`events.jsonl` tells how it goes. A job that finds its artifact made already only repeats its
figures.
"""

import importlib
import json
import os
import shutil
from collections.abc import Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from engine import leading
from engine.artifacts import ArtifactStore
from engine.code import DIGEST
from engine.errors import SpecError
from engine.events import EventWriter
from engine.job import CHECKPOINTS, HISTORY, JOB, STAGES, Job, compute_alike, environment_of, job_of
from engine.together import LATER, Place, Shared


def work(directory: Path, shared: Shared) -> Generator[Place, None, dict[str, Any]]:
    """Does the job in `directory`; its result at last. A stage that trains gives its place before
    each step, so that jobs that have `shared` in common can take turns."""
    with EventWriter(directory) as events:
        result = yield from _done(directory, events, shared)
    # Only now: until the artifact is there, a kill may still need them.
    shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)
    return result


def _done(
    directory: Path, events: EventWriter, shared: Shared
) -> Generator[Place, None, dict[str, Any]]:
    """The job's result, computed or found."""
    record = json.loads((directory / JOB).read_text(encoding="utf-8"))
    if record["kind"] not in STAGES:
        raise SpecError(f"unknown kind of job {record['kind']!r}; known: {', '.join(STAGES)}")
    store, key = ArtifactStore(Path(record["run"]["artifacts"])), record["key"]
    with (yield from _held(store.lock(key))):
        fault = store.fault(key)
        if fault is None:
            events.write("start", pid=os.getpid(), made=False, engine=DIGEST)
            events.log(f"already made: artifact {key[:12]}")
            _repeat_metrics(store.path(key), events)
            return dict(store.meta(key)["result"])
        compute_alike(record["settings"].get("cpu_threads", 1))
        device, environment = environment_of(record["run"]["device"])
        if (size := leading.ranks_of(record)) > 1:
            environment["ranks"] = size
        events.write("start", pid=os.getpid(), made=True, engine=DIGEST, **environment)
        queued_with = record["run"].get("engine")
        if queued_with not in (None, DIGEST):
            events.log(f"runs engine {DIGEST}, was queued with {queued_with}")
        if store.path(key).exists():
            events.log(f"{fault}: it is made again")
        meta = {
            "schema": 1,
            **{part: record[part] for part in ("key", "kind", "name", "settings", "inputs")},
            "environment": environment,
        }
        with store.publish(key, meta) as out:
            job = job_of(record, directory, store, out, device, events, shared)
            made = _made(job) if size == 1 else leading.made(job, size)
            result: dict[str, Any] = (yield from made) if isinstance(made, Generator) else made
            result["device"] = environment["device"]
            meta["result"] = result
    return result


def _made(job: Job) -> Any:
    """What its stage makes of it: a result, or what gives its place until there is one."""
    return importlib.import_module(STAGES[job.kind]).run(job)


def _held(lock: FileLock) -> Generator[Place, None, AbstractContextManager[object]]:
    """The lock, once nobody else makes the artifact; meanwhile others of this process go on."""
    while True:
        try:
            return lock.acquire(timeout=0.1)
        except Timeout:
            yield LATER


def _repeat_metrics(artifact: Path, events: EventWriter) -> None:
    """Curves of an artifact that another database knows, for this one."""
    path = artifact / HISTORY
    if path.is_file():
        for epoch, values in enumerate(json.loads(path.read_text(encoding="utf-8")), start=1):
            events.metric(epoch, **values)
