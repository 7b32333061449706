"""Why a job ended: a full disk and a full GPU are named, and the last word is always said."""

import contextlib
import errno
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine.ending import (
    DISK_FULL,
    NO_LAST_WORD,
    OUT_OF_MEMORY,
    RESERVE,
    RESERVED,
    Ending,
    failure,
    keep_reserve,
    last_word,
)
from engine.errors import DataError, DiskFullError
from engine.events import EVENTS, EXIT, PAUSE, read_events
from engine.plan import JobSpec
from engine.running import run


def of(error: BaseException, tmp_path: Path) -> Ending:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - that is what is asked
        return failure(caught, [tmp_path])


def wrapped(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        wrapped(RuntimeError("unexpected pos 64 vs 0"), OSError(errno.ENOSPC, "No space left")),
        RuntimeError('I/O error: Os { code: 28, message: "No space left on device" }'),
        OSError("Not enough free space to write 4000000 bytes"),
        OSError("1000000 requested and 12288 written"),
        wrapped(DataError("cannot unpack"), OSError(errno.ENOSPC, "No space left on device")),
    ],
)
def test_a_full_disk_is_named_however_it_is_told(error: Exception, tmp_path: Path) -> None:
    ending = of(error, tmp_path)
    assert (ending.state, ending.cause, ending.result) == ("failed", DISK_FULL, None)
    assert ending.reason is not None
    assert ending.reason.startswith("disk full")
    assert ending.reason.endswith(f"MiB free at {tmp_path}")


def test_the_disk_of_the_file_is_named_and_a_forecast_is_told_as_it_is(tmp_path: Path) -> None:
    missing = tmp_path / "deep" / "er"
    error = OSError(errno.ENOSPC, "No space left on device", str(missing / "file"))
    assert str(of(error, Path("/nowhere")).reason).endswith(f"MiB free at {missing}")
    forecast = of(DiskFullError("logits.npy takes 9.0 GB more"), tmp_path)
    assert (forecast.cause, forecast.reason) == (
        DISK_FULL,
        "disk full: logits.npy takes 9.0 GB more",
    )


def test_other_faults_are_the_jobs_own(tmp_path: Path) -> None:
    for error, reason in (
        (OSError(errno.EIO, "Input/output error"), "OSError: [Errno 5] Input/output error"),
        (ValueError("two\nlines"), "ValueError: two"),
        (ValueError(), "ValueError"),
        (DataError("no such folder"), "no such folder"),
        (RuntimeError("x" * 5000), "RuntimeError: " + "x" * 1000),
    ):
        assert of(error, tmp_path) == Ending("failed", None, reason)


def test_a_gpu_without_memory_is_named_with_what_to_do(tmp_path: Path) -> None:
    said = (
        "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.11 GiB"
        " of which 5.56 MiB is free. Including non-PyTorch memory, this process has 1.00 GiB"
    )
    ending = of(torch.OutOfMemoryError(said), tmp_path)
    assert ending == Ending(
        "failed",
        OUT_OF_MEMORY,
        "CUDA out of memory: Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.11 GiB"
        " of which 5.56 MiB is free; take a smaller batch (--set …optimiser.batch) or a GPU with"
        " more free memory",
    )
    for other in ("CUDA error: out of memory\nCompile with", "CUBLAS_STATUS_ALLOC_FAILED when"):
        assert of(RuntimeError(other), tmp_path).cause == OUT_OF_MEMORY
    assert of(MemoryError(), tmp_path).cause is None


def test_the_last_word_gives_the_reserve_free_and_is_said_twice(tmp_path: Path) -> None:
    keep_reserve(tmp_path)
    assert (tmp_path / RESERVE).stat().st_size == RESERVED
    assert last_word(tmp_path, Ending("paused", reason="paused after epoch 1 of 2"))
    assert not (tmp_path / RESERVE).exists()
    word = json.loads((tmp_path / EXIT).read_text())
    assert word == {
        "state": "paused",
        "cause": None,
        "reason": "paused after epoch 1 of 2",
        "result": None,
        "memory": None,
        "host_memory": None,
        "together": 1,
    }
    [(event, _)] = read_events(tmp_path / EVENTS)
    assert event.items() >= (word | {"type": "end"}).items()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int | None], Path]]:
    """A disk of 16 MiB; called with some KiB, it has so many free, with None as many as it can."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    try:
        subprocess.run(["mount", *options], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a file system can be mounted by root alone")

    def leave(free: int | None) -> Path:
        ballast = disk / "ballast"
        ballast.unlink(missing_ok=True)
        if free is not None:
            with contextlib.suppress(OSError):
                ballast.write_bytes(bytes(16 * 2**20))
            held = ballast.stat().st_size
            os.truncate(ballast, max(0, held - free * 1024))
        return disk

    yield leave
    subprocess.run(["umount", str(disk)], check=True)


def torch_save(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        torch.save({"w": torch.zeros(10**6)}, file)


@pytest.mark.parametrize(
    "write",
    [
        torch_save,
        lambda path: save_file({"w": torch.zeros(10**6)}, path),
        lambda path: np.save(path, np.zeros(10**6)),
        lambda path: np.zeros(10**6).tofile(path),
        lambda path: path.write_text("x" * 10**6),
    ],
    ids=["torch", "safetensors", "numpy save", "numpy", "text"],
)
def test_what_libraries_make_of_a_full_disk_is_seen(
    write: Callable[[Path], object], small_disk: Callable[[int | None], Path]
) -> None:
    disk = small_disk(100)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each library has its own
        write(disk / "file")
    assert failure(caught.value, [disk]).cause == DISK_FULL


def test_a_job_outlives_a_full_disk_and_ends_with_the_same_bits(
    small_disk: Callable[[int | None], Path],
    tmp_path: Path,
    bench_at: Callable[[Path], Any],
    teacher: Callable[..., JobSpec],
) -> None:
    spec = teacher(epochs=3)
    calm = bench_at(tmp_path / "calm")
    calm.run([spec])
    bench = bench_at(small_disk(None) / "home")
    directory = bench.prepare(spec)
    codes = []
    for room in (0, 100, 300, 900):
        shutil.rmtree(directory / "checkpoints", ignore_errors=True)
        small_disk(room)
        (directory / EXIT).unlink(missing_ok=True)
        codes.append(run(directory))
        if codes[-1] == NO_LAST_WORD:
            assert not (directory / EXIT).exists()
            continue
        word = json.loads((directory / EXIT).read_text())
        assert (word["state"], word["cause"]) == ("failed", DISK_FULL)
        assert "MiB free at" in word["reason"]
        assert not bench.store.has(spec.key)
        assert not list((directory / "checkpoints").glob("*.new"))
    assert codes == [NO_LAST_WORD, 1, 1, 1]
    small_disk(None)
    assert run(directory) == 0
    mine, other = bench.store.path(spec.key), calm.store.path(spec.key)
    for file in other.iterdir():
        assert (mine / file.name).read_bytes() == file.read_bytes()
    steps = [e["step"] for e, _ in read_events(directory / EVENTS) if e["type"] == "metric"]
    assert set(steps) == {1, 2, 3}


def test_a_pause_between_epochs_costs_no_bit(
    tmp_path: Path, bench_at: Callable[[Path], Any], teacher: Callable[..., JobSpec]
) -> None:
    spec = teacher(epochs=3)
    calm, paused = bench_at(tmp_path / "calm"), bench_at(tmp_path / "paused")
    calm.run([spec])
    directory = paused.prepare(spec)
    (directory / PAUSE).touch()
    for epoch in (1, 2, 3):
        assert run(directory) == 75
        word = json.loads((directory / EXIT).read_text())
        assert word["state"] == "paused"
        assert word["reason"] == f"paused after epoch {epoch} of 3"
        assert (word["cause"], word["result"]) == (None, None)
        assert not paused.store.has(spec.key)
    (directory / PAUSE).unlink()
    assert run(directory) == 0
    mine, other = paused.store.path(spec.key), calm.store.path(spec.key)
    for file in other.iterdir():
        assert (mine / file.name).read_bytes() == file.read_bytes()
