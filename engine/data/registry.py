"""Which kinds of dataset there are, and what is known of one without loading its pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.data import cifar, digits
from engine.data.base import Dataset, content_key
from engine.errors import DataError

# Kinds that are read from a folder on disk.
KINDS: dict[str, Callable[[Path], Dataset]] = {cifar.NAME: cifar.load}


@dataclass(frozen=True)
class DatasetInfo:
    """A checked dataset. `path` is None for one that is built in; `size` is (H, W, channels)."""

    name: str
    kind: str
    path: Path | None
    key: str
    classes: tuple[str, ...]
    train_per_class: tuple[int, ...]
    val_per_class: tuple[int, ...]
    size: tuple[int, int, int]


def builtin() -> list[DatasetInfo]:
    """Datasets that need no registration."""
    return [
        DatasetInfo(
            name=digits.NAME,
            kind=digits.NAME,
            path=None,
            key=digits.KEY,
            classes=digits.CLASSES,
            train_per_class=digits.TRAIN_PER_CLASS,
            val_per_class=digits.VAL_PER_CLASS,
            size=(8, 8, 1),
        )
    ]


def load(name: str, path: Path | None) -> Dataset:
    """The dataset `name`, from `path` where it is not built in. Raises DataError."""
    if name == digits.NAME:
        return digits.load()
    if name not in KINDS:
        raise DataError(f"unknown kind of dataset {name!r}; known: {', '.join(KINDS)}")
    if path is None:
        raise DataError(f"{name} is not built in: add its folder with wnkd dataset add {name} PATH")
    return KINDS[name](path)


def check(kind: str, path: Path | None) -> DatasetInfo:
    """Reads the whole dataset and tells what it holds. DataError says what is wrong."""
    data = load(kind, path)
    count = len(data.classes)
    channels, height, width = data.train.images.shape[1:]
    return DatasetInfo(
        name=data.name,
        kind=kind,
        path=path.resolve() if path else None,
        key=content_key(data.classes, data.train, data.val),
        classes=data.classes,
        train_per_class=tuple(np.bincount(data.train.labels, minlength=count).tolist()),
        val_per_class=tuple(np.bincount(data.val.labels, minlength=count).tolist()),
        size=(height, width, channels),
    )
