"""One job, from its directory to its artifact: what `python -m engine JOB_DIR` does.

`job.json` says what to do and where things are; `events.jsonl` tells how it goes; `exit.json` is
the last word on how it ended. A job that finds its artifact made already only repeats its figures.
"""

import importlib
import json
import os
import platform
import signal
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from engine.artifacts import ArtifactStore
from engine.canonical import content_key
from engine.data.registry import Source
from engine.errors import SpecError, WnkdError
from engine.events import EventWriter, write_exit
from engine.files import resolve

JOB, PROCESS, HISTORY = "job.json", "process.json", "history.json"
EXIT_CODES = {"done": 0, "failed": 1, "cancelled": 128 + signal.SIGTERM}
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
        """The directory of an input artifact. Raises ArtifactError where it is missing."""
        self.store.meta(self.inputs[role])
        return self.store.path(self.inputs[role])

    def file(self, name: str) -> Path:
        """A file that a person gave. Raises ArtifactError where it is missing."""
        return resolve(self.files, name)


def run(directory: Path) -> int:
    """Does the job in `directory`: 0 done, 1 failed, 143 cancelled by SIGTERM.

    Every fault ends in `exit.json`; a traceback, where there is one, goes to stderr.
    """
    asked_to_stop = False

    def stop(signum: int, frame: FrameType | None) -> NoReturn:
        nonlocal asked_to_stop
        asked_to_stop = True
        raise Cancelled

    before = signal.signal(signal.SIGTERM, stop)
    write_process_record(directory)
    with EventWriter(directory) as events:
        state, reason, result = "done", None, None
        try:
            result = _done(directory, events)
        except (Cancelled, Exception) as error:  # noqa: BLE001 - a job's end is always told
            # Libraries turn an interruption into errors of their own: torch.save, for one.
            if asked_to_stop:
                state, reason = "cancelled", "stopped by SIGTERM"
            else:
                state, reason = "failed", _one_line(error)
                if not isinstance(error, WnkdError):
                    traceback.print_exc()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the last word is not interrupted
        record = {"state": state, "reason": reason, "result": result}
        events.write("end", **record)
        write_exit(directory, record)
    signal.signal(signal.SIGTERM, before)
    return EXIT_CODES[state]


def _done(directory: Path, events: EventWriter) -> dict[str, Any]:
    """The job's result, computed or found."""
    record = json.loads((directory / JOB).read_text(encoding="utf-8"))
    if record["kind"] not in STAGES:
        raise SpecError(f"unknown kind of job {record['kind']!r}; known: {', '.join(STAGES)}")
    run_with = record["run"]
    store = ArtifactStore(Path(run_with["artifacts"]))
    key = record["key"]
    with store.lock(key):
        if store.has(key):
            events.write("start", pid=os.getpid(), made=False)
            events.log(f"already made: artifact {key[:12]}")
            _repeat_metrics(store.path(key), events)
            return dict(store.meta(key)["result"])
        import torch
        from threadpoolctl import threadpool_limits

        threads = record["settings"].get("cpu_threads", 1)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        device = run_with["device"]
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        environment = {
            "device": torch.cuda.get_device_name()
            if device == "cuda"
            else f"CPU ({platform.machine()})",
            "torch": torch.__version__,
            "python": platform.python_version(),
        }
        events.write("start", pid=os.getpid(), made=True, **environment)
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


def _one_line(error: BaseException) -> str:
    text = str(error).strip().split("\n")[0]
    if isinstance(error, WnkdError):
        return text
    if type(error).__name__ == "OutOfMemoryError":
        return f"CUDA out of memory: {text}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def write_process_record(directory: Path) -> None:
    """Who does this job: pid and start time, so that a later supervisor can find it."""
    import psutil

    record = {"pid": os.getpid(), "started": psutil.Process().create_time()}
    temporary = directory / f"{PROCESS}.{os.getpid()}"
    temporary.write_text(json.dumps(record), encoding="utf-8")
    temporary.replace(directory / PROCESS)


def main(arguments: list[str]) -> int:
    """`python -m engine JOB_DIR`; 2 for bad usage."""
    if len(arguments) != 1 or not (Path(arguments[0]) / JOB).is_file():
        print("usage: python -m engine JOB_DIR, a directory that holds job.json", file=sys.stderr)
        return 2
    return run(Path(arguments[0]))
