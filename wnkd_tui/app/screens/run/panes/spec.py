"""What was asked for and every setting of a job, and how another trial differs."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from wnkd_tui.app.screens.run.panes.grid import grid
from wnkd_tui.app.screens.run.parts import Spec
from wnkd_tui.queue.differing import Line
from wnkd_tui.queue.provenance import SHOWN
from wnkd_tui.queue.settings import written

Inks = Mapping[str, str]
_GROUPS = {
    "asked": "Asked for",
    "settings": "Settings of the jobs",
    "jobs": "Jobs that one of them has",
    "dataset": "Content of the dataset",
    "code": "Code",
    "packages": "Packages",
    "machines": "Machines",
}


def spec(part: Spec, inks: Inks) -> RenderableType:
    """How it differs from another trial, then every setting of the job with its origin."""
    table = grid()
    for one in part.settings:
        said = Text(one.said, style="" if one.own else inks["faint"])
        value = "-" if one.value is None else written(one.value)
        table.add_row(Text(one.name, style=inks["faint"]), Text(value, "bold" * one.own), said)
    parts: list[RenderableType] = []
    if isinstance(part.difference, str):
        parts += [Text(part.difference, style=inks["state-failed"]), Text()]
    elif part.difference:
        a, b = (side.trial for side in (part.difference.a, part.difference.b))
        parts.append(Text(f"Trial {a.id} (A) and trial {b.id} (B): {b.name}", "bold"))
        if part.difference.equal:
            parts.append(Text("Nothing differs.\n"))
        for group, lines in part.difference.groups.items():
            parts += _differing(_GROUPS[group], lines, inks)
        parts += _differing("Results, top-1 %", part.difference.results, inks)
    asked = grid()
    for name, value in part.facts.items():
        asked.add_row(Text(name, style=inks["faint"]), value)
    asked.add_row(Text("y copies", style=inks["faint"]), part.command)
    parts += [Text("Asked for", "bold"), asked]
    head = Text(f"\nSettings of {part.job}, and where they come from", "bold")
    none = Text("it has none", inks["faint"])
    return Group(*parts, head, table if part.settings else none)


def _differing(title: str, lines: Sequence[Line], inks: Inks) -> list[RenderableType]:
    if not lines:
        return []
    table = grid()
    head = [Text(word, inks["faint"]) for word in (title, "A", "B", "")]
    table.add_row(*head)
    for line in lines:
        whose = Text(", ".join(line.jobs), inks["faint"])
        table.add_row(f"  {line.name}", _value(line.a), _value(line.b), whose)
    return [table, Text()]


def _value(value: Any) -> str:
    match value:
        case None:
            return "-"
        case {"val_top1": top1, "epoch": epoch}:
            return f"{top1:.2f} (epoch {epoch})"
        case str() if len(value) > 3 * SHOWN:
            return f"{value[: 3 * SHOWN]}…"
    return written(value)
