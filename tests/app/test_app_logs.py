"""A job's log, from its files."""

import json
from pathlib import Path

import pytest

from engine.events import EventWriter
from wnkd_tui.app.logs import in_words, job_directory, job_log
from wnkd_tui.home import Home

KEY = "a" * 64


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = job_directory(Home(tmp_path), KEY)
    path.mkdir(parents=True)
    return path


def test_a_job_that_has_not_begun_has_no_log(tmp_path: Path) -> None:
    assert job_log(Home(tmp_path), KEY, 10) == ()


def test_events_come_in_words_and_what_was_printed_below(tmp_path: Path, directory: Path) -> None:
    with EventWriter(directory) as events:
        events.write("start", device="cpu", pid=7)
        events.progress(1, 12, "epochs")
        events.metric(1, val_top1=93.2, train_top1=91.1, val_loss=0.41211, lr=0.1)
        events.write("end", state="failed", reason="out of memory", result=None)
    (directory / "output.log").write_text("Traceback\nMemoryError\n")
    lines = job_log(Home(tmp_path), KEY, 10)
    assert [line[9:] for line in lines[:3]] == [
        "started on cpu, pid 7",
        "epoch 1: 93.20 %, loss 0.412",
        "failed: out of memory",
    ]
    assert lines[3:] == ("Traceback", "MemoryError")


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path, directory: Path) -> None:
    with (directory / "events.jsonl").open("w") as file:
        for number in range(20_000):
            file.write(json.dumps({"t": 0, "type": "log", "text": f"line {number}"}) + "\n")
    lines = job_log(Home(tmp_path), KEY, 200)
    assert len(lines) == 200
    assert lines[-1].endswith("line 19999")


@pytest.mark.parametrize("event", [{"type": "progress", "done": 1}, {"type": "new kind"}, {}])
def test_what_other_parts_show_is_left_out(event: dict[str, object]) -> None:
    assert in_words(event) == ""
