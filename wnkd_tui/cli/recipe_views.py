"""Recipes for people."""

from collections.abc import Sequence
from itertools import groupby

from rich.table import Table
from rich.text import Text

from engine.settings import Recipe
from wnkd_tui.cli.output import console
from wnkd_tui.queue.settings import Setting, written
from wnkd_tui.report.captions import encoder_label


def show(
    name: str,
    dataset: str | None,
    recipe: Recipe,
    settings: Sequence[Setting],
    datasets: Sequence[str],
) -> None:
    """Prints a recipe's settings, table by table; what the dataset has otherwise is marked."""
    out = console()
    out.print(Text(f"{name}{f' for {dataset}' if dataset else ''}: {recipe.summary}"))
    out.print(Text(f"encoder {encoder_label(recipe.encoder)}"))
    out.print()
    table = Table.grid(padding=(0, 2, 0, 0))
    for place, (_, group) in enumerate(groupby(settings, key=_part)):
        if place:
            table.add_row()
        for one in group:
            table.add_row(
                Text(one.name),
                Text(written(one.value), "bold" if one.differs else ""),
                Text(_note(one, dataset), "dim"),
            )
    out.print(table)
    others = [other for other in datasets if other != dataset]
    if others:
        out.print()
        out.print(Text(f"other values for {', '.join(others)}: --dataset NAME"))


def _part(one: Setting) -> str:
    return one.name.partition(".")[0] if "." in one.name else ""


def _note(one: Setting, dataset: str | None) -> str:
    """`steps | cosine | onecycle; without digits onecycle`."""
    parts = [" | ".join(one.choices)] if one.choices else []
    if one.differs:
        parts.append(f"without {dataset} {'absent' if one.base is None else written(one.base)}")
    return "; ".join(parts)
