"""Cancel leaves nothing of a job, whatever it does meanwhile, and frees its slot."""

import json
import os
import signal
import sys
import time
import uuid
from pathlib import Path

import pytest

from engine.process import ProcessId
from wnkd_tui.queue.executors.base import Alive
from wnkd_tui.queue.executors.launchers import WARM, PlainLauncher, WarmLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.gpus import look
from wnkd_tui.queue.slots import find_slots
from wnkd_tui.store import commands, queries

HERE = Path(__file__).parent
LOADER = [*WARM, "--target", "fake_loader:run", "--preload", "engine.events"]
MARK = "WNKD_TEST_MARK"
LIMIT = 10.0  # seconds after the cancel in which all of it has to be gone
GRACE = 0.5
PROCESSES = {"workers": 6, "checkpoint": 1, "threads": 1, "cuda": 1}


@pytest.fixture
def path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE.parents[1]), str(HERE)]))


@pytest.fixture
def mark():
    """What all processes of a test inherit; those that a failed test leaves are ended."""
    mark = uuid.uuid4().hex
    yield mark
    for pid in marked(mark):
        os.kill(pid, signal.SIGKILL)


def executor_of(kind, tmp_path):
    if kind == "plain":
        return LocalExecutor(PlainLauncher([sys.executable, str(HERE / "fake_loader.py")]))
    return LocalExecutor(WarmLauncher(tmp_path / "warm.log", LOADER))


def marked(mark):
    """Pids of all processes that inherited `mark`, wherever they are; only Linux tells."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def cancelled(executor, tmp_path, doing, mark):
    """Runs a job until all of it is there, cancels it, and tells who it was."""
    directory = tmp_path / doing
    directory.mkdir()
    (directory / "job.json").write_text(json.dumps({"settings": {"doing": doing}}))
    while not executor.ready():
        executor.wait(20)
    handle = executor.submit(directory, {MARK: mark})
    noted = directory / "processes.txt"
    deadline = time.monotonic() + 60
    while not noted.exists() or len(noted.read_text().split()) < PROCESSES[doing]:
        assert executor.poll(handle) == Alive(), (directory / "output.log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)

    began = time.monotonic()
    executor.cancel(handle, GRACE)
    while executor.poll(handle) == Alive():
        assert time.monotonic() - began < LIMIT
        executor.cancel(handle, GRACE)  # as the supervisor does at every look
        executor.wait(0.05)

    assert time.monotonic() - began < LIMIT
    assert marked(mark) == []
    return [ProcessId.parse(handle), *map(ProcessId.parse, noted.read_text().split())]


@pytest.mark.parametrize("kind", ["plain", "warm"])
@pytest.mark.parametrize("doing", ["workers", "checkpoint", "threads"])
def test_nothing_is_left_of_a_cancelled_job(path, tmp_path, kind, doing, mark):
    executor = executor_of(kind, tmp_path)

    processes = cancelled(executor, tmp_path, doing, mark)

    assert [one for one in processes if one.runs()] == []
    executor.close()


def test_the_next_job_starts_on_the_slot_that_a_cancel_frees(work, home):
    hard = work.job("hard", doing="workers")
    n, m = work.add(hard, work.job("next", doing="nothing"))
    noted = home.job(hard.key) / "processes.txt"

    def cancel():
        there = noted.exists() and len(noted.read_text().split()) == PROCESSES["workers"]
        if there and work.row(n).state == "running" and not work.row(n).wanted:
            commands.cancel(work.conn, [n])

    supervisor = work.supervisor_on(
        WarmLauncher(home.root / "warm.log", LOADER), find_slots(1, gpus=[]), grace=GRACE
    )
    assert work.run(supervisor, cancel) == 0

    assert work.states() == {"hard": "cancelled", "next": "done"}
    (ended,), (begun,) = queries.attempts(work.conn, n), queries.attempts(work.conn, m)
    assert begun.slot == ended.slot
    assert begun.started_at >= ended.ended_at
    assert ended.ending == "cancelled"
    assert not any(ProcessId.parse(one).runs() for one in noted.read_text().split())


@pytest.mark.gpu
@pytest.mark.skipif(not look().gpus, reason="no GPU")
def test_nothing_is_left_of_a_job_cancelled_on_a_gpu(path, tmp_path, mark):
    import torch

    before = torch.cuda.mem_get_info()[0]

    processes = cancelled(executor_of("plain", tmp_path), tmp_path, "cuda", mark)

    assert not any(one.runs() for one in processes)
    assert torch.cuda.mem_get_info()[0] > before - (64 << 20)  # and its memory is free again
