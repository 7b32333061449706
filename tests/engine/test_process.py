"""Processes told from strangers that got the same pid."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from engine import process
from engine.process import ProcessId, boot, is_zombie, uptime


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


@pytest.fixture
def no_boot(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[None]:
    """A system that names no boot."""
    boot.cache_clear()
    monkeypatch.setattr(process, "_PROC", tmp_path)
    yield
    boot.cache_clear()


def test_a_process_is_known_by_its_text(child: "subprocess.Popen[bytes]") -> None:
    one = ProcessId.of(child.pid)
    assert ProcessId.parse(str(one)) == one
    assert one.runs()
    assert not replace(one, started=one.started - 1).exists()  # a stranger had the pid before


def test_one_that_waits_to_be_reaped_is_there_and_does_not_run() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    one = ProcessId.of(pid)
    assert (one.exists(), one.runs(), is_zombie(pid)) == (True, False, True)
    os.waitpid(pid, 0)
    assert (one.exists(), one.runs(), is_zombie(pid)) == (False, False, True)
    assert ProcessId.of(pid).started == 0.0


def test_after_another_boot_nothing_of_before_runs() -> None:
    me = ProcessId.of(os.getpid())
    assert me.runs()
    before = replace(me, boot="another/1")
    assert (before.here, before.exists(), before.runs()) == (False, False, False)


@pytest.mark.parametrize("text", ["", "12", "12:", "x:1.0:b", "12:soon:b", "12:1.0.0"])
def test_other_text_is_no_process(text: str) -> None:
    assert ProcessId.parse(text) is None


def test_a_handle_of_an_older_wnkd_is_still_read(child: "subprocess.Popen[bytes]") -> None:
    started = psutil.Process(child.pid).create_time()
    old = ProcessId.parse(f"{child.pid}:{started!r}")
    assert old == ProcessId(child.pid, started, "")
    assert old is not None
    assert old.runs()
    assert not replace(old, started=started - 10).runs()


@pytest.mark.usefixtures("no_boot")
def test_where_the_system_names_no_boot_starts_are_utc(child: "subprocess.Popen[bytes]") -> None:
    one = ProcessId.of(child.pid)
    assert one.boot == ""
    assert one.started == pytest.approx(psutil.Process(child.pid).create_time(), abs=0.1)
    assert one.runs()
    assert not is_zombie(child.pid)
    assert ProcessId.parse(str(one)) == one


def test_uptime_goes_on_and_is_later_than_every_start() -> None:
    assert ProcessId.of(os.getpid()).started <= uptime() <= uptime()
