"""A dataset and its classes in words: what it holds, how even it is, what stands for a class."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from engine.data.shots import shot_groups
from engine.encoders.prompts import prompts as templates
from wnkd_tui.queue.wording import count
from wnkd_tui.report.nouns import Retrieved
from wnkd_tui.store.datasets import DatasetRow

Inks = Mapping[str, str]
Prompts = Mapping[str, Sequence[str]]  # a person's own, by class
READING = "…"  # stands for what is being read
_REASONS = 3  # skipped files that are named
_NOUNS = 8  # of a class, the heaviest
_LIGHTEST = 0.005  # of a noun's weight; less would stand there as 0.00


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


def about(row: DatasetRow, inks: Inks) -> Table:
    """The facts, a line each, cut where it is too long."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for name, value in facts(row).items():
        table.add_row(Text(name, style=inks["faint"]), value)
    return table


def groups(row: DatasetRow) -> dict[int, str]:
    """Each class's shot group, of a set whose classes are not all of one."""
    found = {name: ids for name, ids in shot_groups(row.train_per_class).items() if ids}
    return {label: name for name, ids in found.items() for label in ids} if len(found) > 1 else {}


def class_words(
    name: str, prompts: Prompts | str | None, nouns: Retrieved | str | None, inks: Inks
) -> Text:
    """A class's gt text, and the nouns that its images retrieve. `prompts` are a person's own, or
    why they cannot be read; None: there are none of their own, the templates are used."""
    faint = inks["faint"]
    text = Text.assemble((name, "bold"), "\n", ("gt prompt  ", faint))
    if isinstance(prompts, str):
        text.append(prompts, faint if prompts == READING else inks["state-failed"])
    else:
        own = list((prompts or {}).get(name, ()))
        first, *others = own or templates(name)
        text.append(first)
        whose = "of your own" if own else "of the paper's templates"
        text.append(f"  and {len(others)} more {whose}" if others else f"  {whose}", faint)
    text.append("\nWordNet    ", faint)
    if isinstance(nouns, str):
        return text.append(nouns, faint if nouns == READING else inks["state-failed"])
    if nouns is None:
        return text.append("no nouns yet: queue a trial with wn text (g, space, q)", faint)
    for words, of_class in (("", nouns.relaxed), ("\nlearned    ", nouns.learned)):
        if name in of_class:
            heaviest = of_class[name][:_NOUNS]
            shown = (f"{noun} {weight:.2f}" for noun, weight in heaviest if weight >= _LIGHTEST)
            text.append(words, faint).append(", ".join(shown))
    if not nouns.relaxed and not nouns.learned:
        text.append("the noun bank's artifact is gone: queue its trial again", faint)
    return text


def _size(size: tuple[int, int, int]) -> str:
    height, width, channels = size
    return f"{width}×{height} pixels, {'grey' if channels == 1 else 'colour'}"


def _shots(row: DatasetRow) -> str:
    """`35 many, 35 medium, 30 few`, of a set whose classes are not all of one group."""
    told = ", ".join(
        f"{len(ids)} {name}" for name, ids in shot_groups(row.train_per_class).items() if ids
    )
    return f"{told} (classes by their training images)" if groups(row) else ""


def _skipped(row: DatasetRow) -> str:
    """`2 files: a.jpg (cannot be read), b.jpg (no image)`, the first few of many."""
    if not row.skipped:
        return ""
    named = ", ".join(f"{one.file} ({one.why})" for one in row.skipped[:_REASONS])
    more = ", …" if len(row.skipped) > _REASONS else ""
    return f"{count(len(row.skipped), 'file')}: {named}{more}"
