"""From a job's `events.jsonl` to what the database keeps of it."""

import math
import sqlite3
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from engine.events import EVENTS, read_events
from wnkd_tui.store.work import News, Work, record

STRETCH = 20_000  # events in one transaction: others want to write too
LARGEST = 2**63 - 1  # that the database has a place for


def ingest(conn: sqlite3.Connection, me: str, work: Work, directory: Path) -> Work:
    """Takes in what the job has reported since; the work with its new offset and progress."""
    while found := news(directory / EVENTS, work.events_offset):
        if not record(conn, me, work, found):
            break
        done = found.progress["done"] if found.progress else work.done
        work = replace(work, events_offset=found.offset, done=done)
    return work


@dataclass
class _Stretch:
    """Collects what is told; what makes no sense is passed over."""

    metrics: list[tuple[str, int, float]] = field(default_factory=list)
    progress: dict[str, Any] | None = None
    device: str | None = None
    engine: str | None = None

    def add(self, event: dict[str, Any]) -> None:
        match event:
            case {"type": "metric", "step": step, "values": dict(values)} if _is_count(step):
                for name, value in values.items():
                    number = _number(value)
                    if number is not None and _is_text(name):
                        self.metrics.append((name, step, number))
            case {"type": "progress", "done": done, "total": total} if _is_count(
                done
            ) and _is_count(total):
                unit = event.get("unit")
                self.progress = {
                    "done": done,
                    "total": total,
                    "unit": unit if _is_text(unit) else None,
                    "rate": _number(event.get("rate")),
                }
            case {"type": "start"}:
                device, engine = event.get("device"), event.get("engine")
                self.device = device if _is_text(device) else self.device
                self.engine = engine if _is_text(engine) else self.engine


def news(path: Path, offset: int) -> News | None:
    """The next stretch of events, None where there is nothing new."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    if size == offset:
        return None
    start = offset if size > offset else 0  # a shorter file is not the one that was read
    end, stretch = start, _Stretch()
    for event, behind in islice(read_events(path, start), STRETCH):
        end = behind
        stretch.add(event)
    if end == offset:
        return None
    return News(end, stretch.metrics, stretch.progress, stretch.device, stretch.engine)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _is_text(value: object) -> bool:
    """Text that a database can hold: JSON's may have halves of characters."""
    return isinstance(value, str) and value.isprintable()


def _number(value: object) -> float | None:
    """A finite number, else None."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
