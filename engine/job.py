"""What a stage is given: its job as `job.json` says it, and a process that computes alike.

engine.work does a job; engine.running is the process that does it.
"""

import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.artifacts import ArtifactStore
from engine.canonical import content_key
from engine.data.registry import Source
from engine.errors import ArtifactError, DeviceError
from engine.events import EventWriter
from engine.files import resolve
from engine.together import Shared, company

JOB, HISTORY, CHECKPOINTS = "job.json", "history.json", "checkpoints"
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


@dataclass(frozen=True)
class Job:
    """What a stage works with: `out` becomes the artifact, `directory` serves a resume. `shared` is
    what it has in common with others of its `company` (engine.together)."""

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
    company: str | None = None
    shared: Shared = field(default_factory=Shared)

    def input(self, role: str) -> Path:
        """The directory of an input artifact. Raises ArtifactError where it is not whole."""
        if fault := self.store.fault(self.inputs[role]):
            raise ArtifactError(f"{fault}; retry the job that makes it")
        return self.store.path(self.inputs[role])

    def file(self, name: str) -> Path:
        """A file that a person gave. Raises ArtifactError where it is missing."""
        return resolve(self.files, name)


def compute_alike(threads: int) -> None:
    """From now on this process computes in so many threads, and the same at every run."""
    import torch
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # A debugger's aid that the line above turns on, a tenth of a small network's step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def environment_of(device: str) -> tuple[str, dict[str, Any]]:
    """The device to compute on, and what the artifact tells of where it was made.

    DeviceError where the job was given a GPU that cannot be used.
    """
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
        given = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        if device == "cpu" and given not in ("", "-1"):
            raise DeviceError(f"CUDA cannot use the GPU that this job was given ({given})")
    return device, {
        "device": torch.cuda.get_device_name()
        if device == "cuda"
        else f"CPU ({platform.machine()})",
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def job_of(
    record: dict[str, Any],
    directory: Path,
    store: ArtifactStore,
    out: Path,
    device: str,
    events: EventWriter,
    shared: Shared,
) -> Job:
    """What `job.json` says, as its stage is given it."""
    data = record["run"].get("data")
    return Job(
        kind=record["kind"],
        name=record["name"],
        key=record["key"],
        settings=record["settings"],
        inputs=record["inputs"],
        source=_source(data) if data else None,
        device=device,
        directory=directory,
        cache=Path(record["run"]["cache"]),
        files=Path(record["run"]["files"]),
        store=store,
        out=out,
        events=events,
        company=company(record["kind"], record["settings"]),
        shared=shared,
    )


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
