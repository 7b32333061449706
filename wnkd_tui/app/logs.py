"""What a job said: its events in words, and below them what it printed.

A log may be megabytes long: parts of it are read around a place, by a few blocks of its files.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from engine.events import EVENTS, read_events
from wnkd_tui.home import Home
from wnkd_tui.queue.jobdir import OUTPUT

_TAIL = 64 * 1024  # bytes read from a file's end; more never fits on a screen
_BLOCK = 64 * 1024  # bytes read at a time on the way back
_LONGEST = 2000  # characters of a line that are shown
_FILES = (EVENTS, OUTPUT)
_SILENT = b'"type": "progress"'  # most of the events, which say nothing here


@dataclass(frozen=True, order=True)
class Place:
    """The line that begins at byte `offset` of a file: 0 for events, 1 for what was printed."""

    file: int = 0
    offset: int = 0


@dataclass(frozen=True)
class LogLine:
    place: Place
    text: str


@dataclass(frozen=True)
class LogPart:
    """Lines that follow one another. `first` and `last`: whether nothing is before or behind them;
    `sizes` of the files in bytes."""

    lines: tuple[LogLine, ...] = ()
    first: bool = True
    last: bool = True
    sizes: tuple[int, int] = (0, 0)

    def share(self, place: Place) -> float:
        """How much of the log is before `place`, 0 to 1."""
        before = place.offset + (self.sizes[0] if place.file else 0)
        return before / sum(self.sizes) if any(self.sizes) else 0.0


def job_directory(home: Home, key: str) -> Path:
    return home.jobs / key[:16]


def job_log(home: Home, key: str, lines: int) -> tuple[str, ...]:
    """At most the last `lines` lines; none where the job has not begun."""
    directory = job_directory(home, key)
    told = [*_events(directory / EVENTS), *_printed(directory / OUTPUT)]
    return tuple(told[-lines:])


def log_part(home: Home, key: str, around: Place | None, lines: int) -> LogPart:
    """At most `lines` lines before `around` and as many from it on; None is the end of the log."""
    directory = job_directory(home, key)
    sizes = tuple(_size(directory / name) for name in _FILES)
    middle = Place(1, sizes[1]) if around is None else around
    before = list(islice(lines_before(directory, middle), lines + 1))
    after = list(islice(lines_from(directory, middle), lines + 1))
    shown = (*reversed(before[:lines]), *after[:lines])
    return LogPart(shown, len(before) <= lines, len(after) <= lines, (sizes[0], sizes[1]))


def find(
    directory: Path,
    wanted: str,
    start: Place,
    *,
    forward: bool,
    skip: Place | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Place | None:
    """The next line from `start` on (or before it) that holds `wanted` in any case of letters, but
    for the one at `skip`; None where there is none, or `stop()` became true."""
    wanted = wanted.lower()
    lines = lines_from(directory, start) if forward else lines_before(directory, start)
    for number, line in enumerate(lines):
        if line.place != skip and wanted in line.text.lower():
            return line.place
        if number % 1000 == 999 and stop():
            return None
    return None


def lines_from(directory: Path, start: Place) -> Iterator[LogLine]:
    """The line at `start` and those behind it."""
    for number in range(start.file, len(_FILES)):
        path = directory / _FILES[number]
        if not path.exists():
            continue
        with path.open("rb") as file:
            offset = start.offset if number == start.file else 0
            file.seek(offset)
            for raw in file:
                text = _shown(number, raw)
                if text is not None:
                    yield LogLine(Place(number, offset), text)
                offset += len(raw)


def lines_before(directory: Path, end: Place) -> Iterator[LogLine]:
    """The lines before `end`, the last one first."""
    for number in range(end.file, -1, -1):
        path = directory / _FILES[number]
        if not path.exists():
            continue
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            behind = min(end.offset, size) if number == end.file else size
            for offset, raw in _backwards(file, behind):
                text = _shown(number, raw)
                if text is not None:
                    yield LogLine(Place(number, offset), text)


def in_words(event: Mapping[str, Any]) -> str:
    """An event as a line for people; empty for one that other parts of the screen show."""
    match event:
        case {"type": "log", "text": text}:
            return str(text)
        case {"type": "start"}:
            where = f" on {event['device']}" if "device" in event else ""
            return f"started{where}, pid {event.get('pid', '?')}"
        case {"type": "metric", "step": step, "values": dict(values)}:
            return f"epoch {step}: {_figures(values)}"
        case {"type": "end", "state": state}:
            return f"{state}: {event['reason']}" if event.get("reason") else str(state)
    return ""


def _figures(values: Mapping[str, float]) -> str:
    """`93.20 %, loss 0.412`: validation in a line that fits half of a small terminal."""
    shapes = {"val_top1": "{:.2f} %", "val_loss": "loss {:#.3g}"}
    return ", ".join(shape.format(values[name]) for name, shape in shapes.items() if name in values)


def _backwards(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes]]:
    """Lines of a file that begin before `end`, the last one first, each with its offset."""
    rest, start, block = b"", end, _BLOCK
    while start > 0:
        size = min(block, start)
        start -= size
        file.seek(start)
        rest = file.read(size) + rest
        cut = 0 if start == 0 else rest.find(b"\n") + 1
        if start and not cut:
            block *= 2  # a line that is longer than the block
            continue
        whole, rest, block = rest[cut:], rest[:cut], _BLOCK
        offset = start + cut + len(whole)
        for raw in reversed(_lines(whole)):
            offset -= len(raw)
            yield offset, raw


def _lines(block: bytes) -> list[bytes]:
    """Split at line feeds alone."""
    parts = block.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _shown(file: int, raw: bytes) -> str | None:
    """A line as it is shown; None for an event that says nothing."""
    if file:  # of what was written over again, such as a bar of progress, the last
        return raw.rstrip(b"\r\n").rpartition(b"\r")[2].decode(errors="replace")[:_LONGEST]
    if _SILENT in raw[:100] or not raw.endswith(b"\n"):
        return None
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return _told(event)[:_LONGEST] or None if isinstance(event, dict) else None


def _told(event: Mapping[str, Any]) -> str:
    words = in_words(event)
    if not words:
        return ""
    at = event.get("t", 0)
    time = datetime.fromtimestamp(at if isinstance(at, int | float) else 0)
    return f"{time:%H:%M:%S} {words}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _events(path: Path) -> Iterator[str]:
    try:
        # A line cut in two is skipped.
        for event, _ in read_events(path, max(0, _size(path) - _TAIL)):
            if told := _told(event):
                yield told
    except FileNotFoundError:
        return


def _printed(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            return file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
