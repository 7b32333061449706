"""Runs planned jobs without a queue: each in its directory, inputs first."""

import json
import os
import shutil
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from engine.artifacts import ArtifactStore
from engine.data import digits
from engine.plan import DatasetRef, JobSpec, plan
from engine.spec import MultimodalSpec, Teachers, TrialSpec


class Bench:
    """A place for jobs: `jobs/`, `artifacts/` and `cache/` below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = ArtifactStore(root / "artifacts")

    def prepare(self, job: JobSpec, data: dict[str, Any] | None = None) -> Path:
        """A job's directory with its job.json; `data` says where the dataset is."""
        directory = self.root / "jobs" / job.key[:16]
        directory.mkdir(parents=True, exist_ok=True)
        record = {
            "schema": 1,
            "kind": job.kind,
            "name": job.name,
            "key": job.key,
            "settings": dict(job.settings),
            "inputs": dict(job.inputs),
            "run": {
                "artifacts": str(self.store.root),
                "cache": str(self.root / "cache"),
                "files": str(self.root / "files"),
                "data": data or {"name": "digits", "kind": "digits", "path": None},
                "device": "cpu",
            },
        }
        (directory / "job.json").write_text(json.dumps(record))
        return directory

    def take(self, artifacts: Iterable[Path]) -> None:
        """What another bench made, by hard links."""
        for folder in artifacts:
            shutil.copytree(folder, self.store.path(folder.name), copy_function=os.link)

    def run(
        self, jobs: Iterable[JobSpec], data: dict[str, Any] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Runs jobs in this process; results by key. A job that fails fails the test."""
        from engine.running import run

        results = {}
        for job in jobs:
            directory = self.prepare(job, data)
            code = run(directory)
            ended = json.loads((directory / "exit.json").read_text())
            assert code == 0, f"{job.name}: {ended['reason']}"
            results[job.key] = ended["result"]
        return results


@pytest.fixture(scope="session")
def bench_at() -> Callable[[Path], Bench]:
    return Bench


@pytest.fixture(scope="session")
def wordnet(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """By kind, the artifacts of the demo's jobs `wordnet` and `nouns`, which every trial with T_x
    shares: made once for all of pytest-xdist's workers, since they take a quarter of a minute."""
    base = tmp_path_factory.getbasetemp()
    bench = Bench((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "wordnet")
    spec = TrialSpec("digits", "demo", Teachers.TX, MultimodalSpec("wordnet-graph", wn=100))
    of = plan(spec, DatasetRef(digits.NAME, digits.KEY, digits.TRAIN_PER_CLASS))
    jobs = [job for job in of.jobs if job.kind in ("wordnet", "nouns")]
    with FileLock(bench.root.with_suffix(".lock")):
        bench.run(jobs)
    return {job.kind: bench.store.path(job.key) for job in jobs}


@pytest.fixture(scope="session")
def teacher() -> Callable[..., JobSpec]:
    """T_1s on 200 digits, in about a second; its settings may be given others."""

    def spec(epochs: int = 12, **changes: object) -> JobSpec:
        optimiser = {
            "epochs": epochs,
            "batch": 32,
            "lr": 0.1,
            "momentum": 0.9,
            "nesterov": True,
            "weight_decay": 1e-4,
            "schedule": "onecycle",
            "steps": [],
            "warmup_epochs": 1,
        }
        settings: dict[str, Any] = {
            "member": "T_1s",
            "dataset": "digits",
            "dataset_key": "d",
            "limit_train": 200,
            "arch": "resnet8",
            "weights": "none",
            "image_size": 8,
            "optimiser": optimiser,
            "augment": {"crop": "shift", "pad": 1, "rotation": 10.0},
            "seed": 0,
            "cpu_threads": 1,
            "precision": "fp32",
        }
        return JobSpec("teacher", "T_1s", {**settings, **changes})

    return spec


class Desk:
    """A place for one stage at a time, whose inputs are made by hand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = ArtifactStore(root / "artifacts")
        self.inputs: dict[str, str] = {}

    def artifact(self, role: str, **settings: object) -> Path:
        """The folder of an input artifact that a job with these settings left."""
        self.inputs[role] = role.ljust(64, "0")
        folder = self.store.path(self.inputs[role])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "meta.json").write_text(json.dumps({"settings": settings}))
        return folder

    def embedded(
        self, *, classes: int = 3, train: int = 40, val: int = 15, dim: int = 8, seed: int = 0
    ) -> None:
        """An embed artifact: images lie around their classes' texts; ids are not places."""
        import torch
        import torch.nn.functional as F

        from engine.stages import tables

        generator = torch.Generator().manual_seed(seed)
        texts = F.normalize(torch.randn(classes, dim, generator=generator), dim=1)
        table = {"class_texts": texts}
        for split, count in (("train", train), ("val", val)):
            labels = torch.arange(count) % classes
            noise = 0.3 * torch.randn(count, dim, generator=generator)
            table[f"{split}_images"] = F.normalize(texts[labels] + noise, dim=1)
            table[f"{split}_labels"] = labels
            table[f"{split}_ids"] = torch.arange(count) * 3 + 1
        folder = self.artifact("embed")
        tables.save(table, folder / tables.EMBEDDINGS)
        (folder / tables.CLASSES).write_text(json.dumps([f"class {i}" for i in range(classes)]))

    def views(self, train: Any, val: Any = None) -> None:
        """A views artifact: `train` float16 [epochs, N, D]; `val` [M, D], as embedded if None."""
        import numpy as np

        from engine.stages import tables

        folder = self.artifact("views")
        np.save(folder / tables.VIEWS, train)
        if val is None:
            embedded = self.store.path(self.inputs["embed"]) / tables.EMBEDDINGS
            val = tables.load(embedded, "cpu")["val_images"]
        tables.save({"val": val}, folder / tables.VAL_VIEWS)

    def job(self, kind: str, settings: dict[str, Any], source: Any = None) -> Any:
        """What the stage is given; its `out` is emptied, its `directory` is not, but for the
        checkpoints of a stage that ran to its end."""
        from engine.events import EventWriter
        from engine.job import CHECKPOINTS, Job

        out, directory, files = (self.root / name for name in ("out", kind, "files"))
        if out.is_dir() and any(out.iterdir()):
            shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)
        shutil.rmtree(out, ignore_errors=True)
        for folder in (out, directory, files):
            folder.mkdir(exist_ok=True)
        return Job(
            kind=kind,
            name=kind,
            key="0" * 64,
            settings=settings,
            inputs=self.inputs,
            source=source,
            device="cpu",
            directory=directory,
            cache=self.root / "cache",
            files=files,
            store=self.store,
            out=out,
            events=EventWriter(directory),
        )

    @staticmethod
    def result(work: Generator[object, None, dict[str, Any]]) -> dict[str, Any]:
        """What a stage that trains gives at last."""
        while True:
            try:
                next(work)
            except StopIteration as end:
                return end.value

    def said(self, kind: str) -> list[str]:
        """What the job logged."""
        lines = (self.root / kind / "events.jsonl").read_text().splitlines()
        return [event["text"] for event in map(json.loads, lines) if event["type"] == "log"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def tiny() -> Any:
    """A WordNet graph of two synsets, {animal} and {dog, Dog, hot dog}: one lemma twice in one."""
    from numpy import array

    from engine.wordnet.graph import WordNetGraph

    return WordNetGraph(
        offsets=array([10, 20]),
        hypernym_start=array([0, 0, 1]),
        hypernym=array([0]),
        member_start=array([0, 1, 4]),
        member=array([0, 1, 1, 2]),
        sense_start=array([0, 1, 2, 3]),
        sense=array([0, 1, 1]),
        sense_count=array([5, 3, 0]),
        names=("animal", "dog", "hot dog"),
        exceptions={"mice": ("mouse",)},
    )
