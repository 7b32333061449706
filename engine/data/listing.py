"""A dataset of files before any pixel is read: which file is of which class and split."""

import hashlib
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.base import Dataset, Images, Labels, split_of
from engine.data.files import MEMORY_LIMIT, FileImages
from engine.errors import DataError

HELD_OUT_SEED = 0


@dataclass(frozen=True)
class Skipped:
    """A file that is left out (its name relative to the dataset's root) and why."""

    file: str
    why: str


@dataclass(frozen=True)
class Files:
    """A split: `names`, relative to the root with `/` between, and `labels` int64 [N]."""

    names: tuple[str, ...]
    labels: Labels

    @classmethod
    def of(cls, pairs: list[tuple[str, int]]) -> "Files":
        return cls(
            tuple(name for name, _ in pairs), np.array([y for _, y in pairs], dtype=np.int64)
        )

    def where(self, keep: NDArray[np.bool_]) -> "Files":
        """Those that `keep` bool [N] marks, in their order."""
        names = tuple(name for name, kept in zip(self.names, keep, strict=True) if kept)
        return Files(names, self.labels[keep])

    def without(self, names: Container[str]) -> "Files":
        return self.where(np.array([name not in names for name in self.names], dtype=bool))

    def per_class(self, classes: int) -> tuple[int, ...]:
        """How many files each class has."""
        return tuple(np.bincount(self.labels, minlength=classes).tolist())


@dataclass(frozen=True)
class Listing:
    """What a layout finds. `val` None: a part of train is to be held out.

    `skipped` are files that are left out for their names, before anything is read.
    """

    root: Path
    classes: tuple[str, ...]
    train: Files
    val: Files | None
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Settled:
    """A listing with both splits, and nothing in it that cannot be read."""

    root: Path
    classes: tuple[str, ...]
    train: Files
    val: Files


def settle(found: Listing, unreadable: Container[str]) -> Settled:
    """`found` without unreadable files, and with a tenth held out where it has no validation.

    Raises DataError where too little is left: fewer than two classes, a class without training
    images, nothing to validate on.
    """
    train = found.train.without(unreadable)
    if found.val is None:
        held = held_out(train)
        train, val = train.where(~held), train.where(held)
    else:
        val = found.val.without(unreadable)
    if len(found.classes) < 2:
        raise DataError(f"{found.root}: {len(found.classes)} class, at least two are needed")
    for name, count in zip(found.classes, train.per_class(len(found.classes)), strict=True):
        if not count:
            raise DataError(f"{found.root}: class {name} has no readable training image")
    if not val.names:
        raise DataError(f"{found.root}: no readable validation image")
    return Settled(found.root, found.classes, train, val)


def held_out(files: Files) -> NDArray[np.bool_]:
    """Which files are kept for validation: of each class a tenth, and one where it has two.

    A class's files are ordered by sha256 of seed and name and the first are taken: a file that
    comes or goes moves next to no other from one split to the other.
    """
    held = np.zeros(len(files.names), dtype=bool)
    for label in np.unique(files.labels):
        members = np.flatnonzero(files.labels == label)
        count = max((len(members) + 5) // 10, 1 if len(members) > 1 else 0)
        held[sorted(members, key=lambda i: _rank(files.names[i]))[:count]] = True
    return held


def _rank(name: str) -> bytes:
    return hashlib.sha256(f"{HELD_OUT_SEED} {name}".encode()).digest()


def pixels(settled: Settled, name: str, size: int) -> Dataset:
    """The dataset `name` of these files: in memory where that fits MEMORY_LIMIT."""
    sides = settled.train, settled.val
    images: list[Images] = [
        FileImages(settled.root, side.names, size, dataset=name) for side in sides
    ]
    if sum(int(np.prod(split.shape)) for split in images) <= MEMORY_LIMIT:
        images = [split[:] for split in images]
    train, val = (split_of(*pair) for pair in zip(images, (s.labels for s in sides), strict=True))
    return Dataset(name, settled.classes, train, val)
