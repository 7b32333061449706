"""Datasets for people, and how one is fetched."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.cells import cell_len, set_cell_size

from engine.data import cifar, imb100
from engine.data.listing import Skipped
from engine.data.shots import shot_groups
from engine.errors import DataError
from wnkd_tui.cli.output import console, has_unicode
from wnkd_tui.store.datasets import DatasetRow

NAMED_FILES = 3  # skipped files that are told by name; JSON has all
NAME_WIDTH, BAR_WIDTH = 32, 24  # characters
EIGHTHS = " ▏▎▍▌▋▊▉"


def show_list(rows: Sequence[DatasetRow]) -> None:
    """Prints a line per dataset."""
    names = max(len(row.name) for row in rows)
    kinds = max(len(row.kind) for row in rows)
    for row in rows:
        left = f"  {len(row.skipped)} skipped" if row.skipped else ""
        typer.echo(
            f"{row.name:<{names}}  {row.kind:<{kinds}}  {len(row.classes):>4} classes"
            f"  {sum(row.train_per_class):>8} train  {sum(row.val_per_class):>7} val"
            f"  {row.path or 'built in'}{left}"
        )


def show_one(row: DatasetRow) -> None:
    """Prints what a dataset is, and a line per class with a bar of its training images."""
    facts = {
        "path": row.path or "built in",
        "size": _size(row.size) if row.size else None,
        "prompts": row.prompts,
        "splits": row.splits,
        "shots": _shots(row),
        "skipped": skipped_text(row.skipped) if row.skipped else None,
    }
    typer.echo(
        f"{row.name}: {sum(row.train_per_class)} training images,"
        f" {sum(row.val_per_class)} for validation, {len(row.classes)} classes"
    )
    for name, value in facts.items():
        if value:
            typer.echo(f"  {name:<8} {value}")
    unicode, most = has_unicode(console()), max(row.train_per_class)
    width = min(NAME_WIDTH, max(map(cell_len, row.classes)))
    for name, train, val in zip(row.classes, row.train_per_class, row.val_per_class, strict=True):
        bar = _bar(train / most, unicode=unicode)
        typer.echo(f"  {_fitted(name, width)}  {bar}  {train:>7} train  {val:>6} val")


def skipped_text(skipped: Sequence[Skipped]) -> str:
    """`5 files: a.jpg (not an image), b.jpg (damaged), c.jpg (missing) and 2 more`."""
    named = ", ".join(f"{one.file} ({one.why})" for one in skipped[:NAMED_FILES])
    more = len(skipped) - NAMED_FILES
    count = f"{len(skipped)} file{'s' * (len(skipped) > 1)}"
    return f"{count}: {named}{f' and {more} more' if more > 0 else ''}"


def download(name: str, folder: Path) -> Path:
    """Fetches `name` into `folder`, in a process of its own (it needs torch); the folder.

    Raises DataError where that fails or `name` cannot be fetched.
    """
    if name not in (cifar.NAME, imb100.NAME):
        raise DataError(f"{name} cannot be downloaded: give its folder")
    done = subprocess.run(
        [sys.executable, "-m", "engine.data.download", str(folder)], check=False, stdout=sys.stderr
    )
    if done.returncode:
        raise DataError(f"{name} could not be downloaded: fetch it yourself and give its folder")
    return folder


def _size(size: tuple[int, int, int]) -> str:
    height, width, channels = size
    return f"{width}×{height} pixels, {'grey' if channels == 1 else 'colour'}"


def _shots(row: DatasetRow) -> str | None:
    """`35 many, 35 medium, 30 few`, of a set whose classes are not all of one group."""
    groups = {name: ids for name, ids in shot_groups(row.train_per_class).items() if ids}
    told = ", ".join(f"{len(ids)} {name}" for name, ids in groups.items())
    return f"{told} (classes by their training images)" if len(groups) > 1 else None


def _bar(share: float, *, unicode: bool) -> str:
    """As long as the share of BAR_WIDTH; no class that has an image goes without."""
    eighths = max(1, round(share * BAR_WIDTH * 8))
    if not unicode:
        return f"{'#' * max(1, eighths // 8):<{BAR_WIDTH}}"
    whole, rest = divmod(eighths, 8)
    return f"{'█' * whole}{EIGHTHS[rest] if rest else ''}".ljust(BAR_WIDTH)


def _fitted(name: str, width: int) -> str:
    if cell_len(name) > width:
        return set_cell_size(name, width - 1) + "…"
    return set_cell_size(name, width)
