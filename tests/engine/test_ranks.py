"""Several processes that share a job's training: as one process, and never a hang."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from torch import Tensor

from engine import leading
from engine.errors import SpecError
from engine.events import EVENTS, PAUSE, read_events
from engine.plan import JobSpec
from engine.running import EXIT_CODES, run
from engine.train import image, ranks
from engine.train.batch import Batch

HERE = Path(__file__).parent
WORLD = 3
LOSSES = ("train_loss", "val_loss")
Both = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """What this process makes of the trainings alone, and what it makes of them beside others."""
    meeting = tmp_path_factory.mktemp("ranks") / "meeting"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE)
        import ranks_at_work

        patch.setattr(image, "EVAL_BATCH", image.EVAL_BATCH)
        patch.setattr(ranks, "PATIENCE", timedelta(seconds=90))
        work = [sys.executable, HERE / "ranks_at_work.py", meeting]
        others = [subprocess.Popen([*work, str(n), str(WORLD)]) for n in range(1, WORLD)]
        try:
            alone = ranks_at_work.all_of_them()  # while the others are still importing
            with ranks.joined(ranks.meeting(meeting, 0, WORLD), 0, WORLD, "cpu"):
                with pytest.raises(SpecError, match="a batch of 1 samples cannot be shared out"):
                    ranks.shares([Batch(torch.tensor([4]), 0, 0, 1)])
                shared = ranks_at_work.all_of_them()
            assert [other.wait(60) for other in others] == [0] * len(others)
        finally:
            for other in others:
                other.kill()
                other.wait()
        yield alone, shared


@pytest.mark.parametrize("kind", ["ema", "lfme", "expert"])
def test_several_ranks_are_one_process_but_for_rounding(both: Both, kind: str) -> None:
    """In float64, where rounding is far below what any mistake would be."""
    alone, shared = (found[kind] for found in both)
    for one, other in zip(alone["history"], shared["history"], strict=True):
        assert one.keys() == other.keys()
        assert list(other.values()) == pytest.approx(list(one.values()), rel=1e-6)
    torch.testing.assert_close(shared["logits"], alone["logits"], rtol=1e-5, atol=1e-6)
    assert torch.equal(shared["best_hits"], alone["best_hits"])
    for part in ("module", "task"):
        assert_same(shared[part], alone[part])


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-7, atol=1e-9, msg=name)


def test_what_the_first_rank_says_is_what_all_have(both: Both) -> None:
    alone, shared = both
    assert alone["agreed"]["tensor"].tolist() == shared["agreed"]["tensor"].tolist() == [0, 1, 2]
    assert shared["agreed"]["from"] == "me"


def test_sums_are_those_of_all_ranks(both: Both) -> None:
    alone, shared = both
    one = {name: float(value) for name, value in alone["totals"].items()}
    assert one == {"a": 1.5, "b": 2}
    assert {name: float(value) for name, value in shared["totals"].items()} == {
        name: WORLD * value for name, value in one.items()
    }


def test_a_job_goes_on_with_two_ranks_and_without_them(
    tmp_path: Path,
    bench_at: Callable[[Path], Any],
    teacher: Callable[..., JobSpec],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One process, then two of which one is killed, then one again: the curve is that of one
    undisturbed process but for rounding in float32, which a high learning rate would blow up."""
    spec = teacher(epochs=6)
    spec.settings["optimiser"]["lr"] = 0.01
    alone, bench = bench_at(tmp_path / "alone"), bench_at(tmp_path / "ranks")
    alone.run([spec])
    directory = bench.prepare(spec)
    (directory / PAUSE).touch()
    assert run(directory) == EXIT_CODES["paused"]
    (directory / PAUSE).unlink()

    job = json.loads((directory / "job.json").read_text())
    job["run"]["ranks"] = 2
    (directory / "job.json").write_text(json.dumps(job))
    killed_by: list[int] = []
    monkeypatch.setattr(leading, "raise_signal", killed_by.append)
    kill_second_rank_at(directory, epoch=3)
    assert run(directory) == EXIT_CODES["failed"]  # a real one dies of the signal
    assert killed_by == [9]

    bench.run([spec])
    said = [e["text"] for e, _ in read_events(directory / EVENTS) if e["type"] == "log"]
    assert "rank 1 of 2 was killed by signal 9 (SIGKILL)" in said
    first, second = (line for line in said if line.startswith("resumed after epoch"))
    assert first == "resumed after epoch 1" < second
    expected, found = (
        json.loads((place.store.path(spec.key) / "history.json").read_text())
        for place in (alone, bench)
    )
    for one, other in zip(expected, found, strict=True):
        assert other == pytest.approx(one, rel=1e-4, abs=1)  # a sample more or less is right
        assert [other[n] for n in LOSSES] == pytest.approx([one[n] for n in LOSSES], rel=1e-4)


def kill_second_rank_at(directory: Path, epoch: int) -> None:
    """In a thread, as soon as the job has told of that epoch."""

    def watch() -> None:
        while not any(e.get("step") == epoch for e, _ in read_events(directory / EVENTS)):
            time.sleep(0.01)
        for process in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):  # a zombie of another test
                if process.environ().get("RANK") == "1":
                    process.kill()

    threading.Thread(target=watch, daemon=True).start()
