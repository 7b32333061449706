"""What every dataset becomes: two splits of uint8 images with labels, and its class names."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.canonical import canonical_json
from engine.data.files import FileImages
from engine.errors import DataError

Images = NDArray[np.uint8] | FileImages
Labels = NDArray[np.int64]
Prompts = Mapping[str, tuple[str, ...]]

# A set whose largest class has more than this many times its smallest's images is long-tailed.
BALANCED = 2


@dataclass(frozen=True)
class Split:
    """`images` uint8 [N, channels, H, W] or FileImages, `labels` int64 [N], `ids` int64 [N].

    A sample's id is its place in the whole split; it stays when only a part is taken, so whatever
    is drawn by (seed, epoch, id) stays too.
    """

    images: Images
    labels: Labels
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: NDArray[np.int64]) -> "Split":
        """The samples at `index` int64 [B], with the ids that they have."""
        images = self.images
        taken = images.take(index) if isinstance(images, FileImages) else images[index]
        return Split(taken, self.labels[index], self.ids[index])


@dataclass(frozen=True)
class Dataset:
    """A dataset. `classes[y]` is the name of label y, as the dataset spells it.

    `prompts`: a class's own prompts, for classes that have some. `skipped`: relative names of the
    files that were left out.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    val: Split
    prompts: Prompts = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    def limited(self, count: int | None) -> "Dataset":
        """Only `count` training samples: as evenly over the classes as they allow (`stratified`);
        of a long-tailed set in proportion to its classes (`proportional`), so that it stays one.

        The draw is fixed, so a smaller limit is a part of a larger one and all seeds see the same
        samples. Raises DataError where fewer samples than classes would stay.
        """
        if count is None or count >= len(self.train):
            return self
        if count < len(self.classes):
            raise DataError(
                f"limit-train {count}: {self.name} has {len(self.classes)} classes, "
                "at least one image each is needed"
            )
        sizes = np.bincount(self.train.labels)
        sizes = sizes[sizes > 0]
        draw = proportional if sizes.max() > BALANCED * sizes.min() else stratified
        return replace(self, train=self.train.take(draw(self.train.labels, count)))


def split_of(images: Images, labels: Labels) -> Split:
    """A whole split: ids are 0…N-1."""
    return Split(images, labels, np.arange(len(labels), dtype=np.int64))


def places(labels: Labels, seed: int = 0) -> NDArray[np.int64]:
    """Each sample's place, from 0, in a seeded order of its own class; int64 [N]."""
    out = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        order = np.random.default_rng([seed, int(label)]).permutation(len(members))
        out[members[order]] = np.arange(len(members))
    return out


def stratified(labels: Labels, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Indices of `count` samples in ascending order, spread over the classes.

    Each class is put in a seeded order of its own and the classes are dealt round by round, so
    class counts differ by at most one until a class runs out, and limits nest.
    """
    dealt = np.lexsort((labels, places(labels, seed)))  # by round, then by class
    return np.sort(dealt[:count])


def proportional(labels: Labels, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Indices of `count` samples in ascending order, shared out in proportion to class sizes.

    Each class has one first. Then the next sample is always of the class that comes off worst
    (largest size / (2·drawn + 1): Webster's divisor method, which never takes a seat back when
    there are more), so limits nest. Within a class the order is `stratified`'s.
    """
    place = places(labels, seed)
    turn = np.where(place == 0, 0.0, (place + 0.5) / np.bincount(labels)[labels])
    return np.sort(np.lexsort((labels, turn))[:count])


def content_key(
    classes: tuple[str, ...], train: Split, val: Split, prompts: Prompts | None = None
) -> str:
    """sha256 over class names, shapes, pixels and labels of both splits, and prompts if any."""
    digest = hashlib.sha256("\n".join(classes).encode())
    for split in (train, val):
        digest.update(repr(split.images.shape).encode())
        digest.update(np.ascontiguousarray(split.images[:]).data)
        digest.update(split.labels.astype("<i8").tobytes())
    if prompts:
        digest.update(canonical_json(prompts).encode())
    return digest.hexdigest()
