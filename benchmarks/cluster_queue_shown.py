"""The tables of docs/scale.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from pages import text_sheet

from wnkd_tui.report.sheet import Sheet

Rows = Mapping[str, tuple[str, str]]  # words → a figure's name and its form
JOBS: Rows = {
    "scheduling, CPU ms a job": ("cpu_ms", ".2f"),
    "of it finding and claiming": ("starting_ms", ".2f"),
    "of it attending, events and ends": ("attending_ms", ".2f"),
    "claims a CPU second": ("claims_s", ",.0f"),
    "longest without a sign of life, CPU s": ("silent_s", ".1f"),
    "queueing, CPU ms a job": ("queueing_ms", ".2f"),
    "database, KiB a job queued": ("queued_kib", ".2f"),
    "database, KiB a job done": ("done_kib", ".2f"),
    "events.jsonl, KiB a job": ("events_kib", ".2f"),
    "memory beyond that at the start, MiB": ("mib", ",.0f"),
}
AT_A_TIME: Rows = {
    "a look at all of them, CPU ms": ("look_ms", ",.1f"),
    "a job's epoch into the database, CPU ms": ("epoch_ms", ".2f"),
    "one more found and claimed, CPU ms": ("start_ms", ".1f"),
    "one more handed to Slurm, CPU ms": ("submit_ms", ".2f"),
    "squeue's answer read, CPU ms": ("squeue_ms", ".1f"),
}
IN_LINE: Rows = {
    "the ready one found, CPU ms": ("search_ms", ",.1f"),
    "found and claimed, CPU ms": ("start_ms", ",.1f"),
    "Home read anew, CPU ms": ("home_ms", ",.1f"),
    "Queue read anew, CPU ms": ("queue_ms", ",.1f"),
}


def sheets(record: Mapping[str, Any]) -> dict[str, Sheet]:
    when = f"Measured {record['date']} on {record['machine']}, Python {record['python']}."
    epochs = f"200 jobs at a time, {record['epochs a job']} epochs of two numbers each"
    return {
        "scale jobs": _sheet("Jobs in the queue", epochs, record["jobs"], "jobs", JOBS, when),
        "scale slots": _sheet(
            *("Jobs at a time", "all run, on nodes that share a disk with this host"),
            *(record["at a time"], "slots", AT_A_TIME, when),
        ),
        "scale line": _sheet(
            *("Jobs that wait for others", "one is ready, the last but 39 in line"),
            *(record["in line"], "jobs", IN_LINE, when),
        ),
    }


def _sheet(
    label: str, caption: str, points: Sequence[Mapping[str, Any]], size: str, rows: Rows, when: str
) -> Sheet:
    heads = ["", *(f"{point[size]:,}" for point in points)]
    cells = [
        [words, *(format(point[figure], form) for point in points)]
        for words, (figure, form) in rows.items()
    ]
    return text_sheet(label, caption, heads, cells, [when])
