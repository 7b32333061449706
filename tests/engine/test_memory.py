"""Peak memory: this program's alone, with the children that live."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import memory
from engine.memory import gpu_memory, host_memory

MIB = 2**20
STATUS = "Name:\tpython\nVmHWM:\t    %d kB\nVmRSS:\t 1 kB\n"


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc with this process, of 8 KiB, and two threads."""
    monkeypatch.setattr(memory, "_PROC", tmp_path)
    monkeypatch.setattr(memory, "_ended", [])  # what other tests counted in
    (tmp_path / str(os.getpid())).mkdir()
    (tmp_path / str(os.getpid()) / "status").write_text(STATUS % 8)
    for thread in ("1", "2"):
        (tmp_path / "self" / "task" / thread).mkdir(parents=True)
        (tmp_path / "self" / "task" / thread / "children").write_text("")
    return tmp_path


def test_children_count_and_those_that_are_gone_do_not(proc: Path) -> None:
    (proc / "self/task/1/children").write_text("71 72 ")
    (proc / "self/task/2/children").write_text("73")
    for pid, size in ((71, 3), (73, 4)):
        (proc / str(pid)).mkdir()
        (proc / str(pid) / "status").write_text(STATUS % size)
    assert host_memory() == (8 + 3 + 4) * 1024


def test_where_proc_does_not_tell_the_system_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_PROC", tmp_path)
    assert host_memory() > 10 * MIB
    assert host_memory() % 1024 == 0 or sys.platform == "darwin"


@pytest.mark.skipif(not memory._peak(os.getpid()), reason="the kernel keeps no peak")
def test_what_was_held_counts_and_what_the_parent_held_does_not() -> None:
    small = "from engine.memory import host_memory; print(host_memory())"
    code = f"import subprocess, sys; x = b'x' * (300 << 20); {small}; del x; {small};"
    code += f" sys.stdout.flush(); subprocess.run([sys.executable, '-c', {small!r}])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    held, after, child = map(int, told.split())
    assert min(held, after) > 300 * MIB
    assert child < 100 * MIB


def test_without_a_gpu_there_is_no_figure_of_one() -> None:
    import torch

    assert torch.cuda.is_initialized() or gpu_memory() is None
