"""One job, from its directory to its artifact: what `python -m engine JOB_DIR` does.

`job.json` says what to do and where things are; `events.jsonl` tells how it goes; `exit.json` is
the last word on how it ended. A job that finds its artifact made already only repeats its figures.
"""

import contextlib
import importlib
import json
import os
import platform
import shutil
import signal
import sys
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from engine.artifacts import ArtifactStore
from engine.canonical import content_key
from engine.code import DIGEST
from engine.data.registry import Source
from engine.durable import replacing
from engine.ending import NO_LAST_WORD, Ending, failure, gpu_memory, keep_reserve, last_word
from engine.errors import ArtifactError, DeviceError, Paused, SpecError, WnkdError
from engine.events import EventWriter
from engine.files import resolve
from engine.process import ProcessId

JOB, PROCESS, HISTORY, CHECKPOINTS = "job.json", "process.json", "history.json", "checkpoints"
EXIT_CODES = {"done": 0, "failed": 1, "paused": 75, "cancelled": 128 + signal.SIGTERM}
STAGES = {
    "wordnet": "engine.stages.wordnet",
    "nouns": "engine.stages.nouns",
    "embed": "engine.stages.embed",
    "views": "engine.stages.views",
    "relax": "engine.stages.relax",
    "teacher": "engine.stages.teacher",
    "T_x": "engine.stages.multimodal",
    "logits": "engine.stages.logits",
    "student": "engine.stages.student",
    "attribution": "engine.stages.attribution",
}


class Cancelled(BaseException):
    """SIGTERM arrived. Not an Exception, so that no handler for ordinary faults takes it."""


@dataclass(frozen=True)
class Job:
    """What a stage works with: `out` becomes the artifact, `directory` serves a resume."""

    kind: str
    name: str
    key: str
    settings: dict[str, Any]
    inputs: dict[str, str]
    source: Source | None
    device: str
    directory: Path
    cache: Path
    files: Path
    store: ArtifactStore
    out: Path
    events: EventWriter

    def input(self, role: str) -> Path:
        """The directory of an input artifact. Raises ArtifactError where it is not whole."""
        if fault := self.store.fault(self.inputs[role]):
            raise ArtifactError(f"{fault}; retry the job that makes it")
        return self.store.path(self.inputs[role])

    def file(self, name: str) -> Path:
        """A file that a person gave. Raises ArtifactError where it is missing."""
        return resolve(self.files, name)


def run(directory: Path) -> int:
    """Does the job in `directory`: 0 done, 1 failed, 75 paused, 143 cancelled by SIGTERM, 74 where
    the disk was too full even for the last word.

    Every fault ends in `exit.json`; a traceback, where there is one, goes to stderr.
    """
    asked_to_stop = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal asked_to_stop
        if not asked_to_stop:  # once is enough: the first may be at its last word already
            asked_to_stop = True
            raise Cancelled

    cancelled = Ending("cancelled", reason="stopped by SIGTERM")
    before = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, stop)
        try:
            ending = Ending("done", result=_attempt(directory))
        except Paused as pause:
            ending = Ending("paused", reason=str(pause))
        except Exception as error:  # noqa: BLE001 - a job's end is always told
            # Libraries turn an interruption into errors of their own: torch.save, for one.
            ending = cancelled if asked_to_stop else _failure(error, directory)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the last word is not interrupted
    except Cancelled:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ending = cancelled
    said = last_word(directory, replace(ending, memory=gpu_memory()))
    signal.signal(signal.SIGTERM, before)
    return EXIT_CODES[ending.state] if said else NO_LAST_WORD


def _failure(error: Exception, directory: Path) -> Ending:
    """What a fault makes of the job; a traceback of what nobody foresaw."""
    ending = failure(error, [directory, *_places(directory)])
    if ending.cause is None and not isinstance(error, WnkdError):
        with contextlib.suppress(OSError):  # the log may be on a disk that is full
            traceback.print_exception(error)
    return ending


def _places(directory: Path) -> list[Path]:
    """Where the job writes beside its own directory, as far as its record can be read."""
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        run_with = json.loads((directory / JOB).read_text(encoding="utf-8"))["run"]
        return [Path(run_with["artifacts"]), Path(run_with["cache"])]
    return []


def _attempt(directory: Path) -> dict[str, Any]:
    """Tells who does the job, and does it; its result."""
    keep_reserve(directory)
    write_process_record(directory)
    with EventWriter(directory) as events:
        result = _done(directory, events)
    # Only now: until the artifact is there, a kill may still need them.
    shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)
    return result


def _done(directory: Path, events: EventWriter) -> dict[str, Any]:
    """The job's result, computed or found."""
    record = json.loads((directory / JOB).read_text(encoding="utf-8"))
    if record["kind"] not in STAGES:
        raise SpecError(f"unknown kind of job {record['kind']!r}; known: {', '.join(STAGES)}")
    run_with = record["run"]
    store = ArtifactStore(Path(run_with["artifacts"]))
    key = record["key"]
    with store.lock(key):
        fault = store.fault(key)
        if fault is None:
            events.write("start", pid=os.getpid(), made=False, engine=DIGEST)
            events.log(f"already made: artifact {key[:12]}")
            _repeat_metrics(store.path(key), events)
            return dict(store.meta(key)["result"])
        import torch
        from threadpoolctl import threadpool_limits

        threads = record["settings"].get("cpu_threads", 1)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        # A debugger's aid that the line above turns on, a tenth of a small network's step.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        device = run_with["device"]
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
            given = os.environ.get("CUDA_VISIBLE_DEVICES", "")
            if device == "cpu" and given not in ("", "-1"):
                raise DeviceError(f"CUDA cannot use the GPU that this job was given ({given})")
        environment = {
            "device": torch.cuda.get_device_name()
            if device == "cuda"
            else f"CPU ({platform.machine()})",
            "torch": torch.__version__,
            "python": platform.python_version(),
        }
        events.write("start", pid=os.getpid(), made=True, engine=DIGEST, **environment)
        queued_with = run_with.get("engine")
        if queued_with not in (None, DIGEST):
            events.log(f"runs engine {DIGEST}, was queued with {queued_with}")
        if store.path(key).exists():
            events.log(f"{fault}: it is made again")
        meta = {
            "schema": 1,
            **{part: record[part] for part in ("key", "kind", "name", "settings", "inputs")},
            "environment": environment,
        }
        with store.publish(key, meta) as out, threadpool_limits(threads):
            data = run_with.get("data")
            job = Job(
                kind=record["kind"],
                name=record["name"],
                key=key,
                settings=record["settings"],
                inputs=record["inputs"],
                source=_source(data) if data else None,
                device=device,
                directory=directory,
                cache=Path(run_with["cache"]),
                files=Path(run_with["files"]),
                store=store,
                out=out,
                events=events,
            )
            stage = importlib.import_module(STAGES[job.kind])
            result: dict[str, Any] = stage.run(job)
            result["device"] = environment["device"]
            meta["result"] = result
    return result


def _source(data: dict[str, Any]) -> Source:
    """Where the dataset is on this host, from `job.json`."""
    paths = {name: Path(data[name]) for name in ("path", "prompts", "splits") if data.get(name)}
    skipped = data.get("skipped")
    return Source(
        data["name"], data["kind"], **paths, skipped=None if skipped is None else tuple(skipped)
    )


def subseed(seed: int, part: str) -> int:
    """A seed for one part of a run, so that parts draw independently; below 2**31."""
    return int(content_key([seed, part])[:8], 16) >> 1


def _repeat_metrics(artifact: Path, events: EventWriter) -> None:
    """Curves of an artifact that another database knows, for this one."""
    path = artifact / HISTORY
    if path.is_file():
        for epoch, values in enumerate(json.loads(path.read_text(encoding="utf-8")), start=1):
            events.metric(epoch, **values)


def write_process_record(directory: Path) -> None:
    """Who does this job, so that a later supervisor can find it."""
    record = {"process": str(ProcessId.of(os.getpid()))}
    with replacing(directory / PROCESS) as file:
        file.write(json.dumps(record).encode())


def main(arguments: list[str]) -> int:
    """`python -m engine JOB_DIR`; 2 for bad usage."""
    if len(arguments) != 1 or not (Path(arguments[0]) / JOB).is_file():
        print("usage: python -m engine JOB_DIR, a directory that holds job.json", file=sys.stderr)
        return 2
    return run(Path(arguments[0]))
