"""What a job reports: one JSON object a line, appended to `events.jsonl` in its directory.

Types of event, each with `t` (UTC seconds since 1970):
  start     pid, made (whether it computes), engine (engine.code.DIGEST), device, versions
  progress  done, total, unit, rate (units per second)
  metric    step (epoch), values {name: number}
  log       text (one line for people)
  end       what exit.json holds: state, cause, reason, result, memory, host_memory, together

A reader takes whole lines only; a line cut short by a kill or a full disk is closed by the next one
and skipped by readers. A metric that is reported again after a resume carries the same numbers, and
never the speed, which is of one run alone.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from engine.durable import replacing

EVENTS = "events.jsonl"
EXIT = "exit.json"
PAUSE = "pause"  # an empty file by which a job is asked to pause
LEAVE = "leave"  # the same, by a cluster whose time limit is near
CANCEL = "cancel"  # one by which a job that shares its process with others is asked to end
SPEED = "samples_per_s"  # the one metric that no two runs share: how fast an epoch went


class EventWriter:
    """Appends events. Every line is written at once, so that a reader is never a second behind."""

    def __init__(self, directory: Path) -> None:
        path = directory / EVENTS
        self._wishes = (directory / PAUSE, directory / LEAVE)
        self._file = path.open("ab", buffering=0)
        self._whole = not self._file.tell() or _ends_a_line(path)
        self._started = time.monotonic()
        self._done_at_start: int | None = None
        self._unit = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, kind: str, **fields: Any) -> None:
        """Raises ValueError for a number that JSON does not have (NaN, infinity), and OSError where
        the line could not be written whole; the next line then begins on a new one."""
        text = json.dumps({"t": round(time.time(), 3), "type": kind, **fields}, allow_nan=False)
        line = text.encode() + b"\n"
        left = line if self._whole else b"\n" + line
        self._whole = False
        while left:
            left = left[self._file.write(left) :]
        self._whole = True

    def log(self, text: str) -> None:
        self.write("log", text=text)

    def metric(self, step: int, **values: float) -> None:
        """Numbers of one step; one that is not finite is told in the log instead."""
        finite = {k: v for k, v in values.items() if v == v and abs(v) != float("inf")}
        for name in values.keys() - finite.keys():
            self.log(f"{name} is not finite at step {step}")
        if finite:
            self.write("metric", step=step, values=finite)

    def progress(self, done: int, total: int, unit: str) -> None:
        """`rate` counts what this attempt did of this unit, so that a resumed job does not look
        fast, nor one that has just begun with something else."""
        if self._done_at_start is None or unit != self._unit or done < self._done_at_start:
            self._started, self._done_at_start, self._unit = time.monotonic(), done, unit
        elapsed = time.monotonic() - self._started
        rate = (done - self._done_at_start) / elapsed if elapsed > 0 else 0.0
        self.write("progress", done=done, total=total, unit=unit, rate=round(rate, 4))

    def pause_wanted(self) -> bool:
        """Whether the job was asked to pause as soon as it can go on later without a loss."""
        return any(wish.exists() for wish in self._wishes)


def read_events(path: Path, offset: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """Whole events from byte `offset` on, each with the offset behind it; no damaged lines."""
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict) and isinstance(event.get("type"), str):
                yield event, offset


def write_exit(directory: Path, record: dict[str, Any]) -> None:
    """The last word on how a job ended: `exit.json`, written whole or not at all."""
    with replacing(directory / EXIT) as file:
        file.write(json.dumps(record, allow_nan=False).encode())


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
