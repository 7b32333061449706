"""Ranks that end in every way: the job ends as it should, says who, and leaves none behind."""

import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine import leading, memory, rank
from engine.ending import DISK_FULL, Ending, ToldError, failure
from engine.errors import DeviceError, Paused
from engine.job import Job
from engine.rank import ELSEWHERE, HERE, LOST, VISIBLE, Rank

DONE = {"state": "done", "result": {"val_n": 3}, "memory": 7, "host_memory": 50}
LONELY = {"state": "failed", "cause": LOST, "reason": "another process of this job is lost"}
FULL = {"state": "failed", "cause": DISK_FULL, "reason": "disk full: 0 MiB free"}


@pytest.fixture
def job(desk: Any, monkeypatch: pytest.MonkeyPatch) -> Job:
    fake = str(Path(__file__).with_name("fake_rank.py"))
    monkeypatch.setattr(leading, "COMMAND", (sys.executable, "-S", fake))
    monkeypatch.setattr(leading, "NOTICE", 0.3)
    monkeypatch.setattr(memory, "_ended", [])
    made: Job = desk.job("teacher", {})
    return made


def made(job: Job, *ends: object) -> dict[str, Any]:
    """What comes of ranks that end so; none of them is left."""
    (job.directory / "ends").write_text(json.dumps(ends))
    work = leading.made(job, len(ends))
    try:
        return run(work)
    finally:
        assert not any(map(psutil.pid_exists, pids(job)))


def run(work: Generator[Any, None, dict[str, Any]]) -> dict[str, Any]:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return dict(end.value)


def pids(job: Job) -> list[int]:
    return [int(path.read_text()) for path in (job.directory / "ranks").glob("*/pid")]


def test_the_result_is_that_of_the_first(job: Job) -> None:
    other = DONE | {"result": {"val_n": 4}, "memory": 9, "host_memory": 60}
    assert made(job, DONE, other) == {"val_n": 3}
    assert memory.gpu_memory() == 9  # the most of one GPU
    assert memory.host_memory() >= 110  # of all processes


def test_who_failed_is_named_and_not_who_lost_it(job: Job) -> None:
    with pytest.raises(ToldError) as error:
        made(job, LONELY, FULL)
    told = failure(error.value, [])
    assert told == Ending("failed", DISK_FULL, "rank 1 of 2: disk full: 0 MiB free")


def test_a_failure_of_the_first_is_the_job_s(job: Job) -> None:
    with pytest.raises(ToldError, match=r"^disk full: 0 MiB free$"):
        made(job, FULL, FULL)


def test_where_all_have_lost_each_other_that_is_told(job: Job) -> None:
    with pytest.raises(ToldError, match=r"^another process of this job is lost$") as error:
        made(job, LONELY, LONELY)
    assert error.value.ending.cause is None


def test_one_that_says_nothing_is_named_and_the_others_are_not_waited_for(job: Job) -> None:
    with pytest.raises(ToldError, match=r"^rank 1 of 2: ended with code 3 and said nothing$"):
        made(job, None, 3)


def test_a_job_ends_by_the_signal_that_killed_one(
    job: Job, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(leading, "raise_signal", killed.append)
    with pytest.raises(ToldError):  # which it does not live to raise
        made(job, None, -9)
    assert killed == [9]
    assert desk.said("teacher") == ["rank 1 of 2 was killed by signal 9 (SIGKILL)"]


@pytest.fixture
def elsewhere(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranks 2 and 3 are on another host, as far as anybody here knows."""
    fake = str(Path(__file__).with_name("fake_srun.py"))
    monkeypatch.setenv(HERE, "2")
    monkeypatch.setenv(ELSEWHERE, shlex.join([sys.executable, "-S", fake, "2", "2"]))
    monkeypatch.setattr(leading, "NOTICE", 30.0)  # all of them end by themselves


@pytest.mark.usefixtures("elsewhere")
def test_ranks_of_other_hosts_are_started_and_meet_at_this_one(job: Job) -> None:
    assert made(job, DONE, DONE, DONE, DONE) == {"val_n": 3}
    assert memory.host_memory() >= 200
    told = [path.read_text() for path in (job.directory / "ranks").glob("*/meets")]
    assert told == [f"{socket.gethostname()} 4"] * 4


@pytest.mark.usefixtures("elsewhere")
def test_who_failed_elsewhere_is_named_and_not_who_was_ended_for_it(job: Job) -> None:
    with pytest.raises(ToldError) as error:
        made(job, LONELY, LONELY, None, FULL)
    assert failure(error.value, []).reason == "rank 3 of 4: disk full: 0 MiB free"


@pytest.mark.usefixtures("elsewhere")
def test_where_one_was_killed_elsewhere_all_that_it_may_be_are_named(
    job: Job, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(leading, "raise_signal", killed.append)
    with pytest.raises(ToldError):
        made(job, LONELY, LONELY, None, -9)  # the other one gets a SIGTERM for it
    assert killed == [9]
    assert desk.said("teacher") == ["rank 2 or 3 of 4 was killed by signal 9 (SIGKILL)"]


def test_a_pause_is_a_pause(job: Job) -> None:
    word = {"state": "paused", "reason": "paused after epoch 1 of 2"}
    with pytest.raises(Paused, match="after epoch 1"):
        made(job, word, word)


def test_a_job_that_is_left_takes_its_ranks_along(job: Job) -> None:
    (job.directory / "ends").write_text("[null, null]")
    work = leading.made(job, 2)
    deadline = time.monotonic() + 30
    while len(pids(job)) < 2:
        next(work)
        assert time.monotonic() < deadline
    work.close()
    assert not any(map(psutil.pid_exists, pids(job)))


def test_how_many_share_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    def ranks_of(kind: str, **run_with: int) -> int:
        return leading.ranks_of({"kind": kind, "run": run_with})

    assert (ranks_of("student"), ranks_of("teacher", ranks=3)) == (1, 3)
    assert ranks_of("T_x", ranks=3) == 1
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert (ranks_of("student", ranks=2), ranks_of("embed")) == (4, 1)


@pytest.mark.parametrize(
    ("given", "local", "own"),
    [("GPU-a,GPU-b", 1, "GPU-b"), ("3,1", 0, "3"), ("", 1, ""), ("-1", 0, "-1")],
)
def test_a_rank_sees_one_gpu(
    given: str, local: int, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VISIBLE, given)
    rank.take_gpu(Rank(local, 2, local))
    assert os.environ[VISIBLE] == own


def test_a_rank_without_a_gpu_of_its_own_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "GPU-a")
    with pytest.raises(DeviceError, match="rank 1 of 2 has no GPU: the job was given only GPU-a"):
        rank.take_gpu(Rank(1, 2, 1))


def test_a_rank_is_what_torchrun_says() -> None:
    there = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}
    assert Rank.of(there) == Rank(5, 8, 1)
    assert Rank(5, 8, 1).environment == there
    assert Rank.of({"RANK": "5"}) is None
