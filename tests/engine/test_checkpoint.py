"""Checkpoints: the newest whole one, whatever a kill, a disk or a person did to the files."""

import errno
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ending import DISK_FULL, failure
from engine.train.checkpoint import Checkpoints


def state(epoch: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(epoch)
    return {
        "module": {"w": torch.randn(40, generator=generator)},
        "task": {},
        "history": [{"val_top1": float(i)} for i in range(epoch)],
    }


def same(one: dict[str, Any] | None, other: dict[str, Any]) -> bool:
    return (
        one is not None
        and one["history"] == other["history"]
        and torch.equal(one["module"]["w"], other["module"]["w"])
    )


def checkpoints(folder: Path) -> tuple[Checkpoints, list[str]]:
    said: list[str] = []
    return Checkpoints(folder, said.append), said


def saved(folder: Path, *epochs: int) -> Path:
    """The newest file of a run that saved at these epochs."""
    run, _ = checkpoints(folder)
    for epoch in epochs:
        run.save(epoch, state(epoch), force=True)
    return folder / f"checkpoint-{epochs[-1]:05}.pt"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two") / "checkpoints"
    saved(folder, 11, 12)
    return folder


@pytest.fixture(scope="module")
def length(two: Path) -> int:
    return (two / "checkpoint-00012.pt").stat().st_size


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_to_the_newest_gives_the_state_before(
    two: Path, length: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, length - 1))
    bit = data.draw(st.none() | st.integers(0, 7))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "checkpoints"
        shutil.copytree(two, folder)
        path = folder / "checkpoint-00012.pt"
        content = bytearray(path.read_bytes())
        if bit is None:
            del content[place:]
        else:
            content[place] ^= 1 << bit
        path.write_bytes(content)
        run, said = checkpoints(folder)
        assert same(run.load(), state(11))
        assert said == ["checkpoint of epoch 12 is damaged: resumed from that of epoch 11"]
        assert same(run.load(), state(11))  # the damaged one is gone: nothing to tell any more
        assert len(said) == 1


def test_the_last_two_are_kept_and_the_newest_is_loaded(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2, 9, 10, 100000)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint-00010.pt", "checkpoint-100000.pt"]
    run, said = checkpoints(tmp_path)
    assert same(run.load(), state(100000))
    assert said == []


def test_a_damaged_one_does_not_count_as_kept(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2).write_bytes(b"")
    run, _ = checkpoints(tmp_path)
    run.load()
    run.save(3, state(3))
    saved_last = tmp_path / "checkpoint-00003.pt"
    saved_last.write_bytes(saved_last.read_bytes()[:-1])
    assert same(run.load(), state(1))


def test_where_all_are_damaged_it_begins_anew(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2)
    for path in tmp_path.iterdir():
        path.write_bytes(b"PK not a checkpoint")
    run, said = checkpoints(tmp_path)
    assert run.load() is None
    assert said == ["checkpoint of epoch 2 and 1 is damaged: begins anew"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_and_files_of_others_are_no_checkpoint(tmp_path: Path) -> None:
    assert checkpoints(tmp_path / "none")[0].load() is None
    for name in ("checkpoint.pt", "checkpoint-00009.pt.bak", "checkpoint-x.pt"):
        (tmp_path / name).write_text("other")
    assert checkpoints(tmp_path)[0].load() is None


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return Path.touch, (tmp_path / "ran",)  # type: ignore[return-value]

    run, said = checkpoints(tmp_path / "checkpoints")
    run.save(1, {"module": Evil()})
    assert run.load() is None
    assert said == ["checkpoint of epoch 1 is damaged: begins anew"]
    assert not (tmp_path / "ran").exists()


def test_saves_are_as_rare_as_keeps_them_cheap_and_a_pause_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([0.0, 1.0, 20.9, 20.9, 21.0, 21.1, 30.0])
    monkeypatch.setattr("engine.train.checkpoint.time.monotonic", lambda: next(now))
    run, _ = checkpoints(tmp_path)
    run.save(1, state(1))  # took 1 s: twenty are to follow
    run.save(2, state(2))
    run.save(3, state(3), force=True)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint-00001.pt", "checkpoint-00003.pt"]


class Writing:
    """A file whose writes go through `write`."""

    def __init__(self, file: Any, write: Callable[[Any, bytes], Any]) -> None:
        self._file, self._write = file, write

    def __enter__(self) -> "Writing":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: bytes) -> Any:
        return self._write(self._file, data)


def watch_writes(patch: pytest.MonkeyPatch, write: Callable[[Any, bytes], Any]) -> None:
    """Files that are opened to be written from now on write through `write`."""
    real = Path.open

    def opened(self: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        file = real(self, mode, *args, **options)
        return Writing(file, write) if mode == "wb" else file

    patch.setattr(Path, "open", opened)


class Killed(BaseException):
    pass


class Doom:
    """Lets `steps` calls through, then kills: none of the calls does anything any more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
        self.left = steps
        watch_writes(monkeypatch, self._dying(lambda file, data: file.write(data)))
        for owner, name in (
            (os, "fsync"),
            (Path, "open"),
            (Path, "replace"),
            (Path, "unlink"),
        ):
            monkeypatch.setattr(owner, name, self._dying(getattr(owner, name)))

    def _dying(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            if self.left <= 0:
                raise Killed
            self.left -= 1
            return call(*args, **options)

        return step


def moments() -> Iterator[int]:
    """Every step of a save is one of the first hundred."""
    yield from range(100)


def test_a_kill_at_any_step_of_a_save_leaves_a_whole_state(tmp_path: Path) -> None:
    ends = set()
    for steps in moments():
        folder = tmp_path / str(steps)
        saved(folder, 1, 2)
        run, said = checkpoints(folder)
        with pytest.MonkeyPatch.context() as patch:
            Doom(patch, steps)
            try:
                run.save(3, state(3))
                ended = "saved"
            except Killed:
                ended = "killed"
        found = run.load()
        assert found is not None
        epoch = len(found["history"])
        assert epoch in (2, 3)
        assert same(found, state(epoch))
        assert said == []
        assert not list(folder.glob("*.new"))
        ends.add((ended, epoch))
        if ended == "saved":
            break
    assert ends == {("killed", 2), ("killed", 3), ("saved", 3)}


# A signal may come while the interpreter runs what swallows exceptions, such as gc's hooks.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_amid_a_save_is_an_exception_like_any_other(tmp_path: Path) -> None:
    """Once it came out of a call that torch's writer made, and now and then out of one where
    nothing may come out: the process was aborted."""

    def stop(*_: object) -> None:
        raise Killed

    run, _ = checkpoints(tmp_path)
    before = signal.signal(signal.SIGALRM, stop)
    ends = []
    try:
        for moment in range(1, 301):
            try:
                signal.setitimer(signal.ITIMER_REAL, moment * 1e-5)
                run.save(moment, state(3), force=True)
                signal.setitimer(signal.ITIMER_REAL, 0)
                ends.append("saved")
            except Killed:
                ends.append("stopped")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert "stopped" in ends
    found = run.load()
    assert found is None or same(found, state(3))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_amid_a_save_is_named_and_harms_nothing(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, 1, 2)
    run, _ = checkpoints(tmp_path)

    def full(file: Any, data: bytes) -> Any:
        if len(data) > 100:
            raise OSError(number, os.strerror(number))
        return file.write(data)

    with monkeypatch.context() as patch:
        watch_writes(patch, full)
        with pytest.raises(OSError, match=os.strerror(number)) as caught:
            run.save(3, state(3))
    assert failure(caught.value, [tmp_path]).cause == DISK_FULL
    assert not list(tmp_path.glob("*.new"))
    assert same(run.load(), state(2))
