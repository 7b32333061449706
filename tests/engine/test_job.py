"""Jobs as real processes: ends that are always told, kills that change no bit."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.code import DIGEST
from engine.ending import RESERVE
from engine.events import SPEED, read_events
from engine.job import CHECKPOINTS
from engine.plan import JobSpec
from engine.process import ProcessId
from engine.running import run, write_process_record

Teacher = Callable[..., JobSpec]

EPOCHS = 12


def start(directory: Path) -> subprocess.Popen[bytes]:
    with (directory / "output.log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "engine", str(directory)], stdout=output, stderr=output
        )


def ended(directory: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((directory / "exit.json").read_text())
    return record


def fingerprint(artifact: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(artifact.iterdir())
    }


def metrics(directory: Path) -> dict[tuple[str, int], float]:
    """The job's numbers but for the speed, which no two runs share."""
    return {
        (name, event["step"]): value
        for event, _ in read_events(directory / "events.jsonl")
        if event["type"] == "metric"
        for name, value in event["values"].items()
        if name != SPEED
    }


def wait_for_epoch(directory: Path, epoch: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        path = directory / "events.jsonl"
        if path.exists() and any(
            event["type"] == "metric" and event["step"] >= epoch for event, _ in read_events(path)
        ):
            return
        time.sleep(0.01)
    pytest.fail(f"no epoch {epoch} within two minutes")


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, bench_at: Callable[[Path], Any], teacher: Teacher
) -> tuple[Any, Path]:
    bench = bench_at(tmp_path_factory.mktemp("undisturbed"))
    directory = bench.prepare(teacher())
    assert start(directory).wait(timeout=180) == 0
    return bench, directory


def test_a_done_job_leaves_its_artifact_its_curves_and_its_result(
    undisturbed: tuple[Any, Path], teacher: Teacher
) -> None:
    bench, directory = undisturbed
    record = ended(directory)
    assert record["state"] == "done"
    assert (record["cause"], record["reason"], record["memory"]) == (None, None, None)
    assert record["result"]["train_n"] == 200
    assert record["result"]["last"]["epoch"] == EPOCHS
    assert bench.store.meta(teacher().key)["result"] == record["result"]
    assert {step for name, step in metrics(directory) if name == "val_top1"} == set(
        range(1, EPOCHS + 1)
    )
    assert not (directory / CHECKPOINTS).exists()
    assert not (directory / RESERVE).exists()


def test_every_epoch_tells_its_learning_rate_and_its_speed(
    undisturbed: tuple[Any, Path], teacher: Teacher
) -> None:
    bench, directory = undisturbed
    told = [e["values"] for e, _ in read_events(directory / "events.jsonl") if "values" in e]
    assert len(told) == EPOCHS
    assert all(values["lr"] > 0 and values[SPEED] > 0 for values in told)
    history = json.loads((bench.store.path(teacher().key) / "history.json").read_text())
    assert [values["lr"] for values in history] == [values["lr"] for values in told]
    assert all(SPEED not in values for values in history)  # an artifact holds no time


def test_the_same_job_twice_is_the_same_to_the_bit(
    undisturbed: tuple[Any, Path],
    tmp_path: Path,
    bench_at: Callable[[Path], Any],
    teacher: Teacher,
) -> None:
    """In a process of its own, and in this one, which has done other work before."""
    bench, directory = undisturbed
    again, key = bench_at(tmp_path), teacher().key
    again.run([teacher()])
    assert fingerprint(again.store.path(key)) == fingerprint(bench.store.path(key))
    assert metrics(again.prepare(teacher())) == metrics(directory)


def test_a_killed_job_goes_on_to_the_same_bits(
    undisturbed: tuple[Any, Path],
    tmp_path: Path,
    bench_at: Callable[[Path], Any],
    teacher: Teacher,
) -> None:
    bench, whole = undisturbed
    again = bench_at(tmp_path)
    directory = again.prepare(teacher())
    process = start(directory)
    wait_for_epoch(directory, 2)
    process.kill()
    process.wait()
    assert not (directory / "exit.json").exists()
    again.run([teacher()])
    key = teacher().key
    assert fingerprint(again.store.path(key)) == fingerprint(bench.store.path(key))
    assert metrics(directory) == metrics(whole)
    log = [e.get("text", "") for e, _ in read_events(directory / "events.jsonl")]
    assert any("resumed after epoch" in line for line in log)


def test_sigterm_is_a_cancel_and_a_failure_is_one_line(
    tmp_path: Path, bench_at: Callable[[Path], Any], teacher: Teacher
) -> None:
    bench = bench_at(tmp_path)
    slow = bench.prepare(teacher(seed=1))
    nothing = {"name": "nothing", "kind": "nothing", "path": None}
    failing = bench.prepare(teacher(dataset="nothing"), nothing)
    process = start(slow)
    wait_for_epoch(slow, 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 143
    assert (ended(slow)["state"], ended(slow)["cause"]) == ("cancelled", None)
    assert run(failing) == 1
    last = ended(failing)
    assert (last["state"], last["result"]) == ("failed", None)
    assert last["reason"].startswith("unknown kind of dataset 'nothing'; known: digits")
    assert "\n" not in last["reason"]
    assert list((tmp_path / "artifacts" / "tmp").iterdir()) == []


def test_an_artifact_that_is_there_is_not_made_again(
    undisturbed: tuple[Any, Path], teacher: Teacher
) -> None:
    bench, directory = undisturbed
    before = metrics(directory)
    (directory / "events.jsonl").unlink()
    (directory / "exit.json").unlink()
    assert run(directory) == 0
    started = next(e for e, _ in read_events(directory / "events.jsonl") if e["type"] == "start")
    assert (started["made"], started["engine"]) == (False, DIGEST)
    assert metrics(directory) == before
    assert ended(directory)["result"] == bench.store.meta(teacher().key)["result"]


def test_an_artifact_that_was_cut_short_is_made_again_to_the_same_bits(
    undisturbed: tuple[Any, Path],
    tmp_path: Path,
    bench_at: Callable[[Path], Any],
    teacher: Teacher,
) -> None:
    bench, _ = undisturbed
    again, key = bench_at(tmp_path), teacher().key
    shutil.copytree(bench.store.root, again.store.root)
    with (again.store.path(key) / "model.safetensors").open("r+b") as file:
        file.truncate(100)
    again.run([teacher()])
    assert fingerprint(again.store.path(key)) == fingerprint(bench.store.path(key))
    log = [e.get("text", "") for e, _ in read_events(again.prepare(teacher()) / "events.jsonl")]
    assert any("model.safetensors has 100 of" in line and "made again" in line for line in log)


@pytest.mark.parametrize(("queued_with", "told"), [("0123", True), (DIGEST, False), (None, False)])
def test_another_engine_than_the_one_it_was_queued_with_is_told(
    queued_with: str | None,
    told: bool,
    tmp_path: Path,
    bench_at: Callable[[Path], Any],
    teacher: Teacher,
) -> None:
    directory = bench_at(tmp_path).prepare(teacher(dataset="nothing"), {"name": "x", "kind": "x"})
    job = json.loads((directory / "job.json").read_text())
    job["run"]["engine"] = queued_with
    (directory / "job.json").write_text(json.dumps(job))
    assert run(directory) == 1
    events = [event for event, _ in read_events(directory / "events.jsonl")]
    assert events[0]["engine"] == DIGEST
    line = f"runs engine {DIGEST}, was queued with 0123"
    assert (line in [event.get("text") for event in events]) is told


def test_a_job_that_was_given_a_gpu_does_not_fall_back_to_the_cpu(
    tmp_path: Path,
    bench_at: Callable[[Path], Any],
    teacher: Teacher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    directory = bench_at(tmp_path).prepare(teacher())
    job = json.loads((directory / "job.json").read_text())
    (directory / "job.json").write_text(json.dumps(job | {"run": job["run"] | {"device": "auto"}}))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-0123")
    assert run(directory) == 1
    assert ended(directory)["reason"] == (
        "CUDA cannot use the GPU that this job was given (GPU-0123)"
    )


def test_who_does_a_job_is_on_record(tmp_path: Path) -> None:
    write_process_record(tmp_path)
    record = json.loads((tmp_path / "process.json").read_text())
    assert ProcessId.parse(record["process"]) == ProcessId.of(os.getpid())


def test_bad_usage_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine", str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m engine JOB_DIR")
