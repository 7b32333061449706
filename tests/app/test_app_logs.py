"""A job's log, from its files."""

import json
from pathlib import Path

import pytest

from engine.events import EventWriter
from wnkd_tui.app.logs import (
    LogPart,
    Place,
    find,
    in_words,
    job_directory,
    job_log,
    lines_before,
    lines_from,
    log_part,
)
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


@pytest.fixture
def long(directory: Path) -> Path:
    """3,000 events that say something among as many that do not, then 2,000 printed lines."""
    with (directory / "events.jsonl").open("w") as file:
        for number in range(3000):
            file.write(json.dumps({"t": 0, "type": "log", "text": f"line {number}"}) + "\n")
            file.write(json.dumps({"t": 0, "type": "progress", "done": number}) + "\n")
    printed = [f"said {number}" for number in range(2000)]
    printed[7] = "x" * 200_000  # longer than a block
    printed[8] = "0 %\r50 %\r100 %"
    (directory / "output.log").write_text("\n".join(printed) + "\nno end")
    return directory


def test_a_log_reads_the_same_forwards_and_back(long: Path) -> None:
    forwards = list(lines_from(long, Place()))
    back = list(lines_before(long, Place(1, 10**9)))
    assert forwards == back[::-1]
    assert len(forwards) == 3000 + 2001
    assert [line.text for line in forwards[3000 + 6 : 3000 + 9]] == ["said 6", "x" * 2000, "100 %"]
    assert forwards[-1].text == "no end"
    for place in (1, 2999, 3000, 3001, 3008, 3010, 4999):
        start = forwards[place].place
        assert next(lines_from(long, start)) == forwards[place]
        assert next(lines_before(long, start)) == forwards[place - 1]


def test_a_part_of_a_log_is_around_a_place(tmp_path: Path, long: Path) -> None:
    home = Home(tmp_path)
    end = log_part(home, KEY, None, 100)
    assert (end.first, end.last) == (False, True)
    assert [line.text for line in end.lines[-2:]] == ["said 1999", "no end"]
    assert len(end.lines) == 100
    middle = log_part(home, KEY, Place(1, 0), 100)
    assert (middle.first, middle.last) == (False, False)
    assert [line.text[9:] for line in middle.lines[98:100]] == ["line 2998", "line 2999"]
    assert middle.lines[100].text == "said 0"
    begin = log_part(home, KEY, Place(), 100)
    assert (begin.first, begin.last, len(begin.lines)) == (True, False, 100)
    assert begin.share(Place()) == 0.0
    assert 0.5 < end.share(end.lines[-1].place) < 1.0
    assert log_part(home, "b" * 64, None, 100) == LogPart()


def test_a_word_is_found_in_either_direction(long: Path) -> None:
    end = Place(1, 10**9)
    first = find(long, "LINE 1234", Place(), forward=True)
    assert first
    assert first.file == 0
    assert find(long, "line 1234", end, forward=False) == first
    said = find(long, "said 1", Place(), forward=True)
    assert said == Place(1, len("said 0\n"))
    again = find(long, "said 1", said, forward=True, skip=said)
    assert again
    assert again > said
    assert find(long, "said 1", again, forward=False) == said
    assert find(long, "progress", Place(), forward=True) is None
    assert find(long, "said 1999", Place(), forward=True, stop=lambda: True) is None
