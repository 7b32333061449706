"""Real jobs killed at random moments, amid epochs and amid saves: the end has the same bits."""

import hashlib
import json
import os
import random
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.events import EVENTS, EXIT, SPEED, read_events
from engine.plan import JobSpec

HERE = Path(__file__).parent
EPOCHS = 8
PRELOAD = ("engine.stages.teacher", "torch._inductor")  # all it imports


class Server:
    """A warm server: its forks are what a queue's jobs are, without the wait for imports."""

    def __init__(self) -> None:
        words = ["--target", "killed_job:run", "--preload", *PRELOAD]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine.warm", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(HERE)},
        )
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        assert self._reply(120) == {"ready": True}

    def job(
        self, directory: Path, *, kill_after: float | None = None, kill_at: int = 0
    ) -> tuple[int, float]:
        """Does a job to its end, or to its kill; how it ended, and the seconds that it took.

        A kill comes after some seconds, or at a write of a checkpoint (see killed_job).
        """
        started = time.monotonic()
        request = json.dumps({"jobs": [str(directory)], "env": {"KILL_AT": str(kill_at)}})
        assert self._process.stdin is not None
        self._process.stdin.write(request.encode() + b"\n")
        self._process.stdin.flush()
        pid = self._reply(60)["pid"]
        reply = self._reply(120 if kill_after is None else kill_after)
        if not reply:
            os.kill(pid, signal.SIGKILL)
            reply = self._reply(60)
        assert reply["exit"] == pid
        return reply["code"], time.monotonic() - started

    def close(self) -> None:
        self._selector.close()
        self._process.communicate()

    def _reply(self, seconds: float) -> dict[str, Any]:
        """The next reply, {} where none comes in time."""
        assert self._process.stdout is not None
        if not self._selector.select(seconds):
            return {}
        return dict(json.loads(self._process.stdout.readline()))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="module")
def calm(
    server: Server,
    tmp_path_factory: pytest.TempPathFactory,
    bench_at: Callable[[Path], Any],
    teacher: Callable[..., JobSpec],
) -> tuple[dict[str, str], float]:
    """What an undisturbed run leaves, and the seconds that it takes."""
    bench = bench_at(tmp_path_factory.mktemp("calm"))
    spec = teacher(epochs=EPOCHS)
    code, seconds = server.job(bench.prepare(spec))
    assert code == 0
    return outcome(bench, spec), seconds


def outcome(bench: Any, spec: JobSpec) -> dict[str, str]:
    """Hashes of the artifact's files, and the curves but for the speed."""
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in bench.store.path(spec.key).iterdir()
    }
    for event, _ in read_events(bench.prepare(spec) / EVENTS):
        if event["type"] == "metric":
            for name, value in event["values"].items():
                told = found.setdefault(f"{name} {event['step']}", value)
                assert name == SPEED or told == value
    return {name: value for name, value in found.items() if SPEED not in name}


def test_kills_at_random_moments_change_no_bit(
    server: Server,
    calm: tuple[dict[str, str], float],
    tmp_path: Path,
    bench_at: Callable[[Path], Any],
    teacher: Callable[..., JobSpec],
) -> None:
    whole, seconds = calm
    bench, spec, moments = bench_at(tmp_path), teacher(epochs=EPOCHS), random.Random(4)
    directory = bench.prepare(spec)
    for _ in range(5):
        code, _ = server.job(directory, kill_after=moments.uniform(0, 0.6 * seconds))
        assert code in (0, -signal.SIGKILL)
    assert server.job(directory)[0] == 0
    assert outcome(bench, spec) == whole
    assert json.loads((directory / EXIT).read_text())["state"] == "done"
    assert not list((tmp_path / "artifacts" / "tmp").iterdir())


def test_kills_amid_saves_change_no_bit(
    server: Server,
    calm: tuple[dict[str, str], float],
    tmp_path: Path,
    bench_at: Callable[[Path], Any],
    teacher: Callable[..., JobSpec],
) -> None:
    whole, _ = calm
    bench, spec, moments = bench_at(tmp_path), teacher(epochs=EPOCHS), random.Random(5)
    directory = bench.prepare(spec)
    for _ in range(4):
        at = moments.randrange(1, 7)  # a save takes two writes
        assert server.job(directory, kill_at=at)[0] == -signal.SIGKILL
        assert list((directory / "checkpoints").glob("*.new"))
        assert not (directory / EXIT).exists()
    assert server.job(directory)[0] == 0
    assert outcome(bench, spec) == whole
    log = [e["text"] for e, _ in read_events(directory / EVENTS) if e["type"] == "log"]
    assert any(line.startswith("resumed after epoch") for line in log)
    assert not any("damaged" in line for line in log)
