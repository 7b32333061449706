"""What the run page's tabs of text look like."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.canonical import content_key
from wnkd_tui.app.progress import bar, duration
from wnkd_tui.app.screens.run.parts import (
    Artifacts,
    Attribution,
    Environment,
    Folder,
    Spec,
)
from wnkd_tui.queue.differing import Line
from wnkd_tui.queue.provenance import SHOWN
from wnkd_tui.queue.settings import written
from wnkd_tui.report.fig3 import LARGE_DELTA
from wnkd_tui.report.nouns import Nouns
from wnkd_tui.store.rows import AttemptRow, CaptureRow

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
_DIFF_LINES = 400  # of uncommitted changes
_LEARNED = 3  # nouns of the learned bank, of each class
_SHOWN_WEIGHT = 0.005  # a noun below half a percent says nothing to a reader
_BAR = 40


def spec(part: Spec, inks: Inks) -> RenderableType:
    """How it differs from another trial, then every setting of the job with its origin."""
    table = _grid()
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
    asked = _grid()
    for name, value in part.facts.items():
        asked.add_row(Text(name, style=inks["faint"]), value)
    asked.add_row(Text("y copies", style=inks["faint"]), part.command)
    parts += [Text("Asked for", "bold"), asked]
    head = Text(f"\nSettings of {part.job}, and where they come from", "bold")
    none = Text("it has none", inks["faint"])
    return Group(*parts, head, table if part.settings else none)


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
    packages = _grid()
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


def artifacts(part: Artifacts, inks: Inks) -> RenderableType:
    whole = Text("✓ whole", inks["state-done"])
    if part.fault:
        ink = inks["state-failed" if part.artifact.there else "faint"]
        whole = Text(part.fault if part.artifact.there else "not made yet", ink)
    return Group(
        Text.assemble(("Artifact  ", "bold"), whole),
        Text.assemble(("key  ", inks["faint"]), part.key),
        _files(part.artifact, inks),
        Text("\nThe job's directory", "bold"),
        _files(part.job, inks),
    )


def attribution(part: Attribution, inks: Inks) -> RenderableType:
    parts: list[RenderableType] = [Text("What T_x looks at", "bold")]
    result = part.result
    if result and "image_share" in result:
        table = _grid()
        for name, ink in (("image", "student"), ("text", "teacher")):
            share = float(result[f"{name}_share"])
            table.add_row(name, bar(share, _BAR, inks[ink], inks["faint"]), f"{share:.3f}")
        parts += [table, _measured(result, inks)]
    else:
        parts.append(Text(part.waited, inks["faint"]))
    if part.fault:
        parts.append(Text(part.fault, inks["state-failed"]))
    if part.nouns.relaxed:
        parts += [
            Text("\nNouns that each class's images retrieve, with weights in percent", "bold"),
            _nouns(part.nouns.relaxed, part.nouns.learned, inks),
        ]
    return Group(*parts)


def _grid() -> Table:
    return Table.grid(padding=(0, 2))


def _differing(title: str, lines: Sequence[Line], inks: Inks) -> list[RenderableType]:
    if not lines:
        return []
    table = _grid()
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


def _attempts(attempts: Sequence[AttemptRow], inks: Inks) -> Table:
    table = _grid()
    heads = ("", "began", "took", "ended", "host", "slot", "device", "memory", "engine")
    table.add_row(*(Text(head, inks["faint"]) for head in heads))
    for one in attempts:
        took = duration(one.seconds) if one.seconds is not None else ""
        ending = one.ending or "runs"
        ink = inks.get(f"state-{'running' if one.ending is None else one.ending}", "")
        memory = f"{one.memory / 2**20:,.0f} MiB" if one.memory else ""
        table.add_row(
            str(one.number),
            f"{datetime.fromtimestamp(one.started_at):%m-%d %H:%M:%S}",
            took,
            Text(f"{ending}{f': {one.reason}' if one.reason else ''}", ink),
            one.host,
            one.slot or "",
            one.device or "",
            memory,
            (one.engine or "")[:SHOWN],
        )
    return table


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
    table = _grid()
    for name, value in facts.items():
        table.add_row(Text(name, inks["faint"]), value)
    return table


def _diff_line(line: str, inks: Inks) -> Text:
    if line.startswith("diff "):
        return Text(line, "bold")
    ink = {"+": "state-done", "-": "state-failed", "@": "teacher"}.get(line[:1])
    return Text(line, inks[ink] if ink else "")


def _files(folder: Folder, inks: Inks) -> RenderableType:
    table = _grid()
    for name, size in folder.files:
        table.add_row(name, Text(_bytes(size), justify="right"))
    total = sum(size for _, size in folder.files)
    said = f"{len(folder.files)} files, {_bytes(total)}" if folder.there else "not there"
    path = Text.assemble(("path ", inks["faint"]), str(folder.path))
    return Group(path, table, Text(said, inks["faint"]))


def _bytes(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"


def _measured(result: Mapping[str, Any], inks: Inks) -> Text:
    delta = result.get("delta_share")
    void = ", too large: the shares are void" if delta is not None and delta > LARGE_DELTA else ""
    said = [
        f"convergence delta {delta:.2g} of all attribution{void}" if delta is not None else "",
        f"{result['samples']:,} samples" if "samples" in result else "",
        f"{result['steps']} steps" if "steps" in result else "",
    ]
    return Text(", ".join(word for word in said if word), inks["faint"])


def _nouns(relaxed: Nouns, learned: Nouns, inks: Inks) -> Table:
    table = _grid()
    heads = ["", "as Algorithm 1 makes the bank", *(["as T_x learned it"] if learned else [])]
    table.add_row(*(Text(head, inks["faint"]) for head in heads))
    for name, pairs in relaxed.items():
        row = [Text(name, inks["teacher"]), _weighted(pairs, inks)]
        if learned:
            row.append(_weighted(learned.get(name, ())[:_LEARNED], inks))
        table.add_row(*row)
    return table


def _weighted(pairs: Sequence[tuple[str, float]], inks: Inks) -> Text:
    shown = [(noun, weight) for noun, weight in pairs if weight >= _SHOWN_WEIGHT] or pairs[:1]
    return Text(", ").join(
        Text.assemble(noun.replace("_", " "), (f" {100 * weight:.0f}", inks["faint"]))
        for noun, weight in shown
    )
