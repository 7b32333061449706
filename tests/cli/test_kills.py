"""Real jobs under a real run-queue, both killed: the end is the undisturbed one, to the bit."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.process import ProcessId
from wnkd_tui.home import Home
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect

# More epochs than the demo's, so that a job is still at work when it is looked for.
LONG = "student.optimiser.epochs=20"
STUDENT = ("queue", "add", "--teachers", "none", "--recipe", "demo", "--set", LONG)


class Place:
    """A home and `wnkd` as processes in it."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "wnkd_tui.cli", *words],
            env={**os.environ, "WNKD_HOME": str(self.home.root)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.running.append(process)
        return process

    def run(self, *words: str) -> int:
        return self.start(*words).wait(timeout=180)

    def wait_for_step(self, step: int) -> None:
        """Until the database has the job's metrics of `step`."""
        conn = connect(self.home)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if any(
                at >= step for at, _ in queries.metrics(conn, 1, ["val_top1"]).get("val_top1", ())
            ):
                conn.close()
                return
            time.sleep(0.02)
        pytest.fail(f"no epoch {step} within two minutes")

    def wait_for_attempt(self, number: int) -> None:
        """Until the job's attempt `number` has told who does it."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            row = queries.job(connect(self.home), 1)
            if row.attempt == number and row.handle:
                return
            time.sleep(0.05)
        pytest.fail(f"no attempt {number} within two minutes")

    def pid(self) -> int:
        key = queries.job(connect(self.home), 1).key
        record = json.loads((self.home.job(key) / "process.json").read_text())
        process = ProcessId.parse(record["process"])
        assert process is not None
        return process.pid

    def outcome(self) -> tuple[str, dict[str, str], dict[str, list[tuple[int, float]]]]:
        """The job's state, its artifact's hashes, its metrics but for the speed."""
        conn = connect(self.home)
        job = queries.job(conn, 1)
        artifact = self.home.artifacts / job.key[:2] / job.key
        hashes = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in artifact.iterdir()
        }
        metrics = queries.metrics(conn, 1)
        metrics.pop("samples_per_s")
        return job.state, hashes, metrics


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    made = Place(tmp_path / "calm"), Place(tmp_path / "killed")
    yield made
    for place in made:
        for process in place.running:
            if process.poll() is None:
                process.kill()


def test_kills_of_job_and_run_queue_change_no_bit(places: tuple[Place, Place]) -> None:
    calm, killed = places
    assert calm.run(*STUDENT) == 0
    assert calm.run("run-queue", "--drain", "--slots", "1") == 0

    assert killed.run(*STUDENT) == 0
    (killed.home.root / "config.toml").write_text("[queue]\nbackoff = 0.1")
    first = killed.start("run-queue", "--drain", "--slots", "1")
    killed.wait_for_step(2)
    os.kill(killed.pid(), signal.SIGKILL)
    killed.wait_for_attempt(2)  # by itself
    lost = queries.attempts(connect(killed.home), 1)[0]
    assert (lost.ending, lost.reason) == (
        "lost",
        "lost: killed by signal 9 (SIGKILL); tries again by itself (1 of 5)",
    )

    killed.wait_for_step(5)
    worker = killed.pid()
    first.kill()
    first.wait()
    os.kill(worker, 0)  # lives on; raises where it does not
    assert killed.run("run-queue", "--drain", "--slots", "1") == 0

    runs = queries.attempts(connect(killed.home), 1)
    assert [run.ending for run in runs] == ["lost", "done"]
    assert killed.outcome() == calm.outcome()
