"""What differs between two trials, for people."""

from collections.abc import Sequence
from difflib import unified_diff
from typing import Any

from rich.text import Text

from wnkd_tui.cli.output import console, has_unicode
from wnkd_tui.cli.trial_views import drift, queued_with
from wnkd_tui.queue.differing import Differences, Line
from wnkd_tui.queue.provenance import Provenance
from wnkd_tui.report.chosen import Chosen
from wnkd_tui.report.grid import grid

TITLES = {
    "asked": "Asked for",
    "settings": "Numbers of the jobs",
    "jobs": "Jobs that one of them has",
    "dataset": "Content of the dataset",
    "code": "Code",
    "packages": "Packages",
    "machines": "Machines",
}
LONGEST = 48  # signs of a value


def show(found: Differences) -> None:
    """Prints a table for every group in which something differs, then the results of both."""
    out = console()
    for name, side in (("A", found.a), ("B", found.b)):
        out.print(Text(f"{name}  {_about(side)}"), soft_wrap=True)
        told = queued_with(side.capture) if side.capture else "an older wnkd, which kept no more"
        out.print(Text(f"   queued with {told}", style="dim"), soft_wrap=True)
        for line in drift(side):
            out.print(Text(f"   engine {line}", style="yellow"), soft_wrap=True)
    out.print()
    if found.equal:
        out.print(f"Nothing differs between trial {found.a.trial.id} and trial {found.b.trial.id}.")
        return
    for group, lines in found.groups.items():
        if lines:
            _table(TITLES[group], lines)
    if found.results:
        _table("Results: top-1 on the validation images, %", found.results)


def show_code(found: Differences) -> None:
    """Prints how the uncommitted changes differ, as a diff of the two diffs."""
    out = console()
    a, b = ((side.capture and side.capture.diff) or "" for side in (found.a, found.b))
    if a == b:
        out.print("Their uncommitted changes are the same, or there are none.")
    old, new = (f"changes of trial {side.trial.id}" for side in (found.a, found.b))
    for line in unified_diff(a.splitlines(), b.splitlines(), old, new, lineterm=""):
        out.print(Text(line), soft_wrap=True)


def _about(side: Provenance) -> str:
    """All that its results depend on."""
    seed = side.trial.spec.seed
    results = {job.row.kind: {seed: job.row.result} for job in side.done if job.row.result}
    return f"{Chosen(side.trial.id, side.trial.spec, results).about} · seed {seed}"


def _table(title: str, lines: Sequence[Line]) -> None:
    out = console()
    of_jobs = any(line.jobs for line in lines)
    heads = ["", "A", "B", *(["jobs"] if of_jobs else [])]
    table = grid(heads, [], unicode=has_unicode(out), compact=False)
    for line in lines:
        jobs = [", ".join(line.jobs)] if of_jobs else []
        table.add_row(*map(Text, (line.name, _shown(line.a), _shown(line.b), *jobs)))
    out.print(Text(title, style="bold"))
    out.print(table, "")


def _shown(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case {"val_top1": top1, "epoch": epoch}:
            return f"{top1:.2f} (epoch {epoch})"
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
