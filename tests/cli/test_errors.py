"""How errors end: one line, the right exit code, a traceback only where it is asked for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wnkd_tui.store import queries

ROOT = Path(__file__).parents[2]
WNKD = (sys.executable, "-c", "from wnkd_tui.cli import main; main()")


@pytest.fixture
def broken(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("a wheel\ncame off")

    monkeypatch.setattr(queries, "jobs", fail)


def test_an_unexpected_error_is_one_line_and_1(wnkd, broken):
    result = wnkd("queue", "list")
    assert result.exit_code == 1
    assert result.stderr == (
        "wnkd: RuntimeError: a wheel came off (run again with --debug for the traceback)\n"
    )


@pytest.mark.parametrize("words", [("--debug", "queue", "list"), ("queue", "list", "--debug")])
def test_debug_shows_the_traceback_wherever_it_stands(wnkd, broken, words):
    result = wnkd(*words)
    assert result.exit_code == 1
    assert isinstance(result.exception, RuntimeError)


def test_debug_shows_where_a_refusal_comes_from():
    done = subprocess.run(
        [*WNKD, "queue", "add", "--wn", "120", "--debug"], cwd=ROOT, capture_output=True, text=True
    )
    assert "Traceback" in done.stderr
    assert "SpecError" in done.stderr


def test_ctrl_c_is_130(wnkd, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(queries, "jobs", interrupted)
    assert wnkd("queue", "list").exit_code == 130


def test_a_reader_that_goes_away_is_no_error(wnkd, home):
    wnkd("queue", "add", "--sweep", "0,20,50,80,100", "--seeds", "5")
    listing = subprocess.Popen(
        [*WNKD, "queue", "list", "--json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    listing.stdout.read(10)
    listing.stdout.close()
    assert listing.stderr.read() == b""
    listing.stderr.close()
    listing.wait(30)


def test_a_full_disk_behind_stdout_is_one_line(home):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*WNKD, "recipe", "list"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert done.stderr == "wnkd: No space left on device\n"


def test_closed_streams_are_no_error(monkeypatch, capsys):
    from wnkd_tui.cli import main

    monkeypatch.setattr(sys, "argv", ["wnkd", "recipe", "show", "nosuch"])
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


def test_a_terminal_without_unicode_gets_ascii(wnkd, finish, home):
    wnkd("queue", "add", "--wn", "0,100")
    finish()
    done = subprocess.run(
        [*WNKD, "report", "fig3"],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"100wn" in done.stdout


def test_a_real_process_ends_with_2_on_bad_input(home):
    done = subprocess.run(
        [*WNKD, "queue", "add", "--wn", "120"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "wnkd: wn must be 0 to 100 percent, got 120\n"


def test_sigint_ends_an_idle_run_queue_with_130(home):
    running = subprocess.Popen(
        [*WNKD, "run-queue", "--slots", "1"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while "nothing to do" not in running.stderr.readline():
        assert time.monotonic() < deadline
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 130
    running.stderr.close()
