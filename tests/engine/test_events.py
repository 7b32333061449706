"""events.jsonl: whole lines only, whatever a kill left behind."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from engine.events import EVENTS, PAUSE, EventWriter, read_events


def test_what_is_written_is_read_from_any_offset(tmp_path: Path) -> None:
    with EventWriter(tmp_path) as events:
        events.metric(1, val_top1=50.0)
        events.log("half way")
        events.progress(1, 2, "epochs")
    read = list(read_events(tmp_path / EVENTS))
    assert [event["type"] for event, _ in read] == ["metric", "log", "progress"]
    again = list(read_events(tmp_path / EVENTS, read[0][1]))
    assert again == read[1:]


def test_a_line_cut_by_a_kill_is_waited_for_then_closed_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / EVENTS
    with EventWriter(tmp_path) as events:
        events.log("first")
    with path.open("a") as file:
        file.write('{"t": 1, "type": "log", "te')
    assert len(list(read_events(path))) == 1
    with EventWriter(tmp_path) as events:
        events.log("second")
    assert [event["text"] for event, _ in read_events(path)] == ["first", "second"]


def test_a_line_that_a_full_disk_cut_harms_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        """Takes 9 bytes of a line, and no more until there is room again."""

        def __init__(self, file: Any) -> None:
            self.file, self.room = file, 9

        def write(self, data: bytes) -> int:
            if not self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            taken = self.file.write(data[: self.room])
            self.room -= taken
            return taken

        def close(self) -> None:
            self.file.close()

    with EventWriter(tmp_path) as events:
        events.log("first")
        full = Full(events._file)
        monkeypatch.setattr(events, "_file", full)
        for _ in range(2):
            with pytest.raises(OSError, match="No space left"):
                events.log("cut")
        full.room = 1000
        events.log("second")
        events.log("third")
    read = [event["text"] for event, _ in read_events(tmp_path / EVENTS)]
    assert read == ["first", "second", "third"]


def test_a_wish_to_pause_is_a_file(tmp_path: Path) -> None:
    with EventWriter(tmp_path) as events:
        assert not events.pause_wanted()
        (tmp_path / PAUSE).touch()
        assert events.pause_wanted()


def test_lines_that_are_no_events_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / EVENTS
    deep = b"[" * 100_000
    path.write_bytes(b'[1]\n{"t": 1}\n\xff\xfe\n' + deep + b'\n{"type": "log", "text": "ok"}\n')
    assert [event["text"] for event, _ in read_events(path)] == ["ok"]


def test_a_number_that_is_not_finite_goes_to_the_log(tmp_path: Path) -> None:
    with EventWriter(tmp_path) as events:
        events.metric(3, train_loss=float("nan"), lr=0.1)
    lines = [json.loads(line) for line in (tmp_path / EVENTS).read_text().splitlines()]
    assert lines[0]["text"] == "train_loss is not finite at step 3"
    assert lines[1]["values"] == {"lr": 0.1}


def test_the_rate_counts_this_attempt_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("engine.events.time.monotonic", lambda: now)
    with EventWriter(tmp_path) as events:
        now = 7.0
        events.progress(90, 100, "epochs")
        now = 17.0
        events.progress(95, 100, "epochs")
    rates = [event["rate"] for event, _ in read_events(tmp_path / EVENTS)]
    assert rates == [0.0, 0.5]
