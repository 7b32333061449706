"""The attempts of a job, and what its trial was queued with."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.canonical import content_key
from wnkd_tui.app.progress import duration
from wnkd_tui.app.screens.run.panes.grid import grid
from wnkd_tui.app.screens.run.parts import Environment
from wnkd_tui.queue.provenance import SHOWN
from wnkd_tui.store.rows import AttemptRow, CaptureRow

Inks = Mapping[str, str]
_WHOLE = ("began", "took", "memory")  # columns whose words stay on a line
_DIFF_LINES = 400  # of uncommitted changes


def environment(part: Environment, job: int, inks: Inks) -> RenderableType:
    """The job's attempts, then what the trial was queued with, and what differed from it."""
    found = part.of.capture
    parts: list[RenderableType] = [Text("Attempts of this job", "bold")]
    attempts = part.attempts.get(job, ())
    parts.append(_attempts(attempts, inks) if attempts else Text("none yet", inks["faint"]))
    for engines, jobs in part.of.drift.items():
        whose = ", ".join(f"{one.role} (job {one.row.id})" for one in jobs)
        other = " and ".join(engine[:SHOWN] for engine in engines)
        parts.append(Text(f"done with engine {other}: {whose}", inks["state-paused"]))
    parts.append(Text("\nQueued with", "bold"))
    if found is None:
        return Group(*parts, Text("an older wnkd, which kept no more", inks["faint"]))
    parts.append(_capture(found, part.of.dataset_key, inks))
    packages = grid()
    names = list(found.packages.items())
    half = (len(names) + 1) // 2
    for place in range(half):
        row: list[RenderableType] = []
        for name, version in names[place::half]:
            row += [Text(name, inks["faint"]), version]
        packages.add_row(*row)
    parts += [Text("\nPackages", "bold"), packages]
    if found.diff:
        lines = found.diff.splitlines()
        parts.append(Text("\nUncommitted changes", "bold"))
        parts += [_diff_line(line, inks) for line in lines[:_DIFF_LINES]]
        if len(lines) > _DIFF_LINES:
            parts.append(Text(f"… {len(lines) - _DIFF_LINES:,} lines more", inks["faint"]))
    return Group(*parts)


def _attempts(attempts: Sequence[AttemptRow], inks: Inks) -> Table:
    table = grid()
    heads = ("", "began", "took", "ended", "where", "device", "memory", "engine")
    for head in heads:
        table.add_column(no_wrap=head in _WHOLE)
    table.add_row(*(Text(head, inks["faint"]) for head in heads))
    for one in attempts:
        took = duration(one.seconds) if one.seconds is not None else ""
        ending = one.ending or "runs"
        ink = inks.get(f"state-{'running' if one.ending is None else one.ending}", "")
        table.add_row(
            str(one.number),
            f"{datetime.fromtimestamp(one.started_at):%m-%d %H:%M:%S}",
            took,
            Text(f"{ending}{f': {one.reason}' if one.reason else ''}", ink),
            one.where,
            one.device or "",
            _memory(one),
            (one.engine or "")[:SHOWN],
        )
    return table


def _memory(attempt: AttemptRow) -> str:
    """`GPU 9,216 MiB`, `host 431 MiB`, a line each, as far as it is known."""
    taken = {"GPU": attempt.memory, "host": attempt.host_memory}
    return "\n".join(f"{of} {size / 2**20:,.0f} MiB" for of, size in taken.items() if size)


def _capture(found: CaptureRow, dataset_key: str | None, inks: Inks) -> Table:
    changes = f" with changes {content_key(found.diff)[:SHOWN]}" if found.diff else ""
    facts = {
        "wnkd": found.wnkd,
        "commit": f"{found.revision}{changes}" if found.revision else "not known",
        "engine": found.engine,
        "Python": found.python,
        "platform": found.platform,
        "dataset": dataset_key or "not known",
        "taken": f"{datetime.fromtimestamp(found.taken_at):%Y-%m-%d %H:%M:%S}",
    }
    table = grid()
    for name, value in facts.items():
        table.add_row(Text(name, inks["faint"]), value)
    return table


def _diff_line(line: str, inks: Inks) -> Text:
    if line.startswith("diff "):
        return Text(line, "bold")
    ink = {"+": "state-done", "-": "state-failed", "@": "teacher"}.get(line[:1])
    return Text(line, inks[ink] if ink else "")
