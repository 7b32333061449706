"""From a job's `events.jsonl` to what the database keeps of it."""

import sqlite3
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from engine.events import EVENTS, read_events
from wnkd_tui.store.work import News, Work, record

STRETCH = 20_000  # events in one transaction: others want to write too


def ingest(conn: sqlite3.Connection, me: str, work: Work, directory: Path) -> Work:
    """Takes in what the job has reported since; the work with its new offset."""
    while news := _news(directory / EVENTS, work.events_offset):
        if not record(conn, me, work, news):
            break
        work = replace(work, events_offset=news.offset)
    return work


def _news(path: Path, offset: int) -> News | None:
    """The next stretch of events, None where there is nothing new."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    if size == offset:
        return None
    if size < offset:  # not the file that was read: begin again
        offset = 0
    start = offset
    metrics: list[tuple[str, int, float]] = []
    progress: dict[str, Any] | None = None
    device: str | None = None
    for event, end in islice(read_events(path, start), STRETCH):
        offset = end
        match event:
            case {"type": "metric", "step": int(step), "values": dict(values)}:
                metrics += [
                    (name, step, value)
                    for name, value in values.items()
                    if isinstance(value, int | float)
                ]
            case {"type": "progress", "done": int(), "total": int()}:
                progress = event
            case {"type": "start", "device": str(device)}:
                pass
    return News(offset, metrics, progress, device) if offset != start else None
