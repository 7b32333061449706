"""A dataset in words: what it holds, how even it is, what was left out of it."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.data.shots import shot_groups
from wnkd_tui.app.progress import bar
from wnkd_tui.queue.wording import count
from wnkd_tui.store.rows import DatasetRow

Inks = Mapping[str, str]
_REASONS = 3  # skipped files that are named


def facts(row: DatasetRow) -> dict[str, str]:
    """In the order in which people ask; without what there is nothing to say of."""
    most, least = max(row.train_per_class), min(row.train_per_class)
    told = {
        "kind": row.kind,
        "images": _size(row.size) if row.size else "",
        "balance": f"imbalance {most / max(1, least):.1f}: {least:,} to {most:,} images a class"
        if least < most
        else f"{most:,} images a class",
        "shots": _shots(row),
        "skipped": _skipped(row),
        "prompts": str(row.prompts or ""),
        "splits": str(row.splits or ""),
    }
    return {name: value for name, value in told.items() if value}


def about(row: DatasetRow, width: int, inks: Inks) -> RenderableType:
    """The facts, then a line per class."""
    table = Table.grid(padding=(0, 2))
    for name, value in facts(row).items():
        table.add_row(Text(name, style=inks["faint"]), value)
    return Group(table, Text(), class_bars(row, width, inks["teacher"], inks["faint"]))


def class_bars(row: DatasetRow, width: int, ink: str, faint: str) -> Text:
    """A line per class: its name, a bar of its training images, and both counts."""
    names = min(24, max(len(name) for name in row.classes))
    most = max(row.train_per_class)
    room = max(8, width - names - 24)
    lines = []
    for name, train, val in zip(row.classes, row.train_per_class, row.val_per_class, strict=True):
        label = Text(name)
        label.truncate(names, overflow="ellipsis", pad=True)
        counts = f"  {train:>7,} ", (f"+ {val:>6,} val", faint)
        lines.append(Text.assemble(label, "  ", bar(train / most, room, ink, faint), *counts))
    return Text("\n").join(lines)


def _size(size: tuple[int, int, int]) -> str:
    height, width, channels = size
    return f"{width}×{height} pixels, {'grey' if channels == 1 else 'colour'}"


def _shots(row: DatasetRow) -> str:
    """`35 many, 35 medium, 30 few`, of a set whose classes are not all of one group."""
    groups = {name: ids for name, ids in shot_groups(row.train_per_class).items() if ids}
    told = ", ".join(f"{len(ids)} {name}" for name, ids in groups.items())
    return f"{told} (classes by their training images)" if len(groups) > 1 else ""


def _skipped(row: DatasetRow) -> str:
    """`2 files: a.jpg (cannot be read), b.jpg (no image)`, the first few of many."""
    if not row.skipped:
        return ""
    named = ", ".join(f"{one.file} ({one.why})" for one in row.skipped[:_REASONS])
    more = ", …" if len(row.skipped) > _REASONS else ""
    return f"{count(len(row.skipped), 'file')}: {named}{more}"
