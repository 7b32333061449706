"""The last lines that a job said: its events in words, and below them what it printed."""

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.events import EVENTS, read_events
from wnkd_tui.home import Home

_TAIL = 64 * 1024  # bytes read from a file's end; more never fits on a screen


def job_directory(home: Home, key: str) -> Path:
    return home.jobs / key[:16]


def job_log(home: Home, key: str, lines: int) -> tuple[str, ...]:
    """At most `lines` lines; none where the job has not begun."""
    directory = job_directory(home, key)
    told = [*_events(directory / EVENTS), *_printed(directory / "output.log")]
    return tuple(told[-lines:])


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
    shapes = {"val_top1": "{:.2f} %", "val_loss": "loss {:.3g}"}
    return ", ".join(shape.format(values[name]) for name, shape in shapes.items() if name in values)


def _events(path: Path) -> Iterator[str]:
    try:
        size = path.stat().st_size
        for event, _ in read_events(path, max(0, size - _TAIL)):  # a line cut in two is skipped
            if words := in_words(event):
                yield f"{datetime.fromtimestamp(event.get('t', 0)):%H:%M:%S} {words}"
    except FileNotFoundError:
        return


def _printed(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            return file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
