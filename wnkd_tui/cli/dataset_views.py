"""Datasets for people, and how one is fetched."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from engine.data.cifar import NAME as CIFAR100
from engine.data.registry import DatasetInfo
from engine.errors import DataError
from wnkd_tui.store.rows import DatasetRow


def show_list(rows: Sequence[DatasetRow]) -> None:
    """Prints a line per dataset."""
    width = max(len(row.name) for row in rows)
    for row in rows:
        typer.echo(
            f"{row.name:<{width}}  {len(row.classes):>4} classes"
            f"  {sum(row.train_per_class):>8} train  {sum(row.val_per_class):>7} val"
            f"  {row.path or 'built in'}"
        )


def show_one(row: DatasetRow) -> None:
    """Prints a dataset's sizes and a line per class."""
    typer.echo(
        f"{row.name} ({row.path or 'built in'}): {sum(row.train_per_class)} training images,"
        f" {sum(row.val_per_class)} for validation, {len(row.classes)} classes"
    )
    width = max(len(name) for name in row.classes)
    for name, train, val in zip(row.classes, row.train_per_class, row.val_per_class, strict=True):
        typer.echo(f"  {name:<{width}}  {train:>6} train  {val:>6} val")


def as_row(info: DatasetInfo) -> DatasetRow:
    """A checked dataset as it would be registered."""
    return DatasetRow(
        name=info.name,
        kind=info.kind,
        path=info.path,
        key=info.key,
        classes=info.classes,
        train_per_class=info.train_per_class,
        val_per_class=info.val_per_class,
        added_at=None,
    )


def download(name: str, folder: Path) -> Path:
    """Fetches `name` into `folder`, in a process of its own (it needs torch); the folder.

    Raises DataError where that fails or `name` cannot be fetched.
    """
    if name != CIFAR100:
        raise DataError(f"{name} cannot be downloaded: give its folder")
    done = subprocess.run(
        [sys.executable, "-m", "engine.data.download", str(folder)], check=False, stdout=sys.stderr
    )
    if done.returncode:
        raise DataError(f"{name} could not be downloaded: fetch it yourself and give its folder")
    return folder
