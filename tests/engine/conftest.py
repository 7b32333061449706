"""Runs planned jobs without a queue: each in its directory, inputs first."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from engine.artifacts import ArtifactStore
from engine.plan import JobSpec


class Bench:
    """A place for jobs: `jobs/`, `artifacts/` and `cache/` below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = ArtifactStore(root / "artifacts")

    def prepare(self, job: JobSpec, data_path: Path | None = None) -> Path:
        """A job's directory with its job.json."""
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
                "data": {"name": "digits", "path": str(data_path) if data_path else None},
                "device": "cpu",
            },
        }
        (directory / "job.json").write_text(json.dumps(record))
        return directory

    def run(self, jobs: Iterable[JobSpec]) -> dict[str, dict[str, Any]]:
        """Runs jobs in this process; results by key. A job that fails fails the test."""
        from engine.job import run

        results = {}
        for job in jobs:
            directory = self.prepare(job)
            code = run(directory)
            ended = json.loads((directory / "exit.json").read_text())
            assert code == 0, f"{job.name}: {ended['reason']}"
            results[job.key] = ended["result"]
        return results


@pytest.fixture(scope="session")
def bench_at() -> Callable[[Path], Bench]:
    return Bench
