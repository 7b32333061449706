"""Jobs for people: the list and one job's page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import time

from rich.box import ASCII2, SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from engine.errors import SpecError
from wnkd_tui.charts import Series, line_drawing
from wnkd_tui.cli.output import console, has_unicode, look
from wnkd_tui.queue.wording import size
from wnkd_tui.store.rows import AttemptRow, JobRow

STATES = ("waiting", "running", "paused", "done", "failed", "cancelled", "lost")
STYLES = {
    "running": "bold cyan",
    "done": "green",
    "failed": "bold red",
    "lost": "bold red",
    "cancelled": "yellow",
    "waiting": "",
    "paused": "dim",
}
Curves = Mapping[str, Sequence[tuple[int, float]]]


def states(text: str) -> list[str]:
    """A comma list of states. Raises SpecError for an unknown one."""
    names = [part.strip() for part in text.split(",")]
    for name in names:
        if name not in STATES:
            raise SpecError(f"--state: unknown {name!r}; known: {', '.join(STATES)}")
    return names


def show_list(rows: Sequence[JobRow], counts: Mapping[str, int]) -> None:
    """Prints the jobs as a table and the whole queue's counts below."""
    out = console()
    table = Table(box=SIMPLE_HEAD if has_unicode(out) else ASCII2, show_edge=False, pad_edge=False)
    table.add_column("job", justify="right")
    for head in ("state", "what", "progress", "trials", "note"):
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(
            str(row.id),
            Text(row.state, style=STYLES[row.state]),
            row.name,
            progress(row),
            _shortened(row.trials),
            row.told or "",
        )
    out.print(table)
    out.print(", ".join(f"{counts[state]} {state}" for state in STATES if counts.get(state)))


def show_one(
    row: JobRow,
    place: int | None,
    curves: Curves,
    attempts: Sequence[AttemptRow],
    directory: Path,
) -> None:
    """Prints a job's facts, its result, its attempts and its accuracy over the epochs; `place` is
    that in line, of one that waits."""
    out = console()
    facts = {
        "job": str(row.id),
        "what": row.name,
        "state": row.state,
        "note": row.reason,
        "in line": f"place {place}" if place else None,
        "priority": str(row.priority) if row.priority else None,
        "progress": progress(row),
        "time": _elapsed(row),
        "where": row.where,
        "device": row.device,
        "memory": _memory(attempts[-1]) if attempts else None,
        "trials": ", ".join(map(str, row.trials)),
        "needs": ", ".join(f"job {id}" for id in row.inputs),
        "result": _flat(row.result) if row.result else None,
        "key": row.key,
        "files": str(directory),
    }
    for name, value in facts.items():
        if value:
            out.print(Text(f"{name:<9}{value}"), soft_wrap=True)
    if len(attempts) > 1:
        for one in attempts:
            out.print(Text(f"  attempt {one.number:<4}{_told(one)}"), soft_wrap=True)
    accuracies = [
        Series(name, [y for _, y in points], [float(x) for x, _ in points])
        for name, points in curves.items()
        if name in ("train_top1", "val_top1")
    ]
    if accuracies:
        chart = line_drawing(accuracies, look(out), title="accuracy over epochs", y_label="top-1 %")
        out.print(Text.from_ansi(chart.text))


def _told(attempt: AttemptRow) -> str:
    """`2026-11-23 03:12  lost after 41.2 s on server, GPU 0: killed by signal 9 (SIGKILL)`."""
    begun = datetime.fromtimestamp(attempt.started_at).strftime("%Y-%m-%d %H:%M")
    if attempt.ending is None:
        return f"{begun}  runs {attempt.where}"
    took = "" if attempt.seconds is None else f" after {attempt.seconds:.1f} s"
    why = f": {attempt.reason}" if attempt.reason else ""
    return f"{begun}  {attempt.ending}{took} {attempt.where}{why}"


def _memory(attempt: AttemptRow) -> str:
    """`9.0 GiB of the GPU, 431.0 MiB of the host`, as far as it is known."""
    taken = {"GPU": attempt.memory, "host": attempt.host_memory}
    return ", ".join(f"{size(one)} of the {of}" for of, one in taken.items() if one)


def progress(row: JobRow) -> str:
    """`40 % 12/30 epochs, 0.5/s`."""
    if not row.total:
        return "100 %" if row.state == "done" else ""
    rate = f", {row.rate:.3g}/s" if row.rate and row.state == "running" else ""
    return f"{row.progress:.0%} {row.done}/{row.total} {row.unit}{rate}".replace("%", " %", 1)


def _shortened(trials: Sequence[int]) -> str:
    shown = ", ".join(map(str, trials[:4]))
    return f"{shown} and {len(trials) - 4} more" if len(trials) > 4 else shown


def _elapsed(row: JobRow) -> str | None:
    if row.started_at is None:
        return None
    seconds = (row.finished_at or time()) - row.started_at
    return f"{seconds:.1f} s"


def _flat(result: Mapping[str, object]) -> str:
    """Every figure by its name; lists, such as a class's each, are for JSON."""
    parts = []
    for name, value in result.items():
        if isinstance(value, Mapping):
            plain = {key: one for key, one in value.items() if not isinstance(one, list)}
            inner = ", ".join(f"{key} {_number(one)}" for key, one in plain.items())
            parts += [f"{name} ({inner})"] if inner else []
        elif not isinstance(value, list):
            parts.append(f"{name} {_number(value)}")
    return ", ".join(parts)


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
