"""Which kinds of dataset there are, and what is known of one without loading its pixels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.data import (
    cifar,
    digits,
    folder,
    imagenet,
    imagenet_lt,
    imb100,
    scene,
    utkface,
)
from engine.data import prompts as own_prompts
from engine.data.base import Dataset, Prompts, content_key
from engine.data.examine import Report, examine, files_key
from engine.data.listing import Listing, pixels, settle
from engine.data.listing import Skipped as Skipped
from engine.errors import DataError


@dataclass(frozen=True)
class Source:
    """Where a dataset is on this host: outside of all keys.

    `prompts`: a CSV class,prompt. `splits`: the folder of imagenet-lt's split files. `skipped`:
    relative names of the files that were left out when it was added; None: find out now.
    """

    name: str
    kind: str
    path: Path | None = None
    prompts: Path | None = None
    splits: Path | None = None
    skipped: tuple[str, ...] | None = None


@dataclass(frozen=True)
class DatasetInfo:
    """A checked dataset. `path` is None for one that is built in; `size` is (H, W, channels), of
    images in files the median height and width."""

    name: str
    kind: str
    path: Path | None
    key: str
    classes: tuple[str, ...]
    train_per_class: tuple[int, ...]
    val_per_class: tuple[int, ...]
    size: tuple[int, int, int]
    skipped: tuple[Skipped, ...] = ()
    prompts: Path | None = None
    splits: Path | None = None


# A kind is read either as a whole, or as a listing of image files.
KINDS: dict[str, Callable[[Source], Dataset | Listing]] = {
    digits.NAME: lambda source: digits.load(),
    cifar.NAME: lambda source: cifar.load(_path(source)),
    imb100.NAME: lambda source: imb100.load(_path(source)),
    imagenet.NAME: lambda source: imagenet.listing(_path(source)),
    imagenet_lt.NAME: lambda source: imagenet_lt.listing(_path(source), source.splits),
    scene.NAME: lambda source: scene.listing(_path(source)),
    utkface.NAME: lambda source: utkface.listing(_path(source)),
    folder.NAME: lambda source: folder.listing(_path(source)),
}


def kind_of(name: str) -> str:
    """A known name is its own kind; any other is that of a folder of class folders."""
    return name if name in KINDS else folder.NAME


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


def load(source: Source, size: int) -> Dataset:
    """The dataset. Image files are decoded to size×size, those of `source.skipped` left out; a kind
    that comes as arrays keeps its size. Raises DataError."""
    found = _found(source)
    if isinstance(found, Listing):
        skipped = source.skipped
        if skipped is None:
            skipped = tuple(skip.file for skip in examine(found).skipped)
        data = replace(pixels(settle(found, set(skipped)), source.name, size), skipped=skipped)
    else:
        data = replace(found, name=source.name)
    return replace(data, prompts=_prompts(source, data.classes))


def check(source: Source, *, strict: bool = False, report: Report | None = None) -> DatasetInfo:
    """Reads the whole dataset, whatever `source.skipped` says, and tells what it holds.

    What cannot be read is skipped, or with `strict` refused. `report(done, total)` counts files.
    DataError says what is wrong.
    """
    found = _found(source)
    prompts = _prompts(source, found.classes)
    count = len(found.classes)
    skipped: tuple[Skipped, ...] = ()
    if isinstance(found, Listing):
        examined = examine(found, strict=strict, report=report)
        skipped = examined.skipped
        settled = settle(found, {skip.file for skip in skipped})
        size = examined.size()
        key = files_key(settled, examined.facts, prompts)
        labels = settled.train.labels, settled.val.labels
    else:
        channels, height, width = found.train.images.shape[1:]
        size = height, width, channels
        key = content_key(found.classes, found.train, found.val, prompts)
        labels = found.train.labels, found.val.labels
    train, val = (tuple(np.bincount(side, minlength=count).tolist()) for side in labels)
    return DatasetInfo(
        name=source.name,
        kind=source.kind,
        path=_resolved(source.path),
        key=key,
        classes=found.classes,
        train_per_class=train,
        val_per_class=val,
        size=size,
        skipped=skipped,
        prompts=_resolved(source.prompts),
        splits=_resolved(source.splits),
    )


def _found(source: Source) -> Dataset | Listing:
    if source.kind not in KINDS:
        raise DataError(f"unknown kind of dataset {source.kind!r}; known: {', '.join(KINDS)}")
    try:
        return KINDS[source.kind](source)
    except OSError as error:
        raise DataError(f"{error.filename or source.path}: not readable ({error})") from None


def _path(source: Source) -> Path:
    if source.path is None:
        raise DataError(
            f"{source.name} is not built in: add its folder with"
            f" wnkd dataset add {source.name} PATH"
        )
    return source.path


def _prompts(source: Source, classes: tuple[str, ...]) -> Prompts:
    return own_prompts.read(source.prompts, classes) if source.prompts else {}


def _resolved(path: Path | None) -> Path | None:
    return path.resolve() if path else None
