"""What every dataset becomes: two splits of uint8 images with labels, and its class names."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """`images` uint8 [N, channels, H, W], `labels` int64 [N], `ids` int64 [N].

    A sample's id is its place in the whole split; it stays when only a part is taken, so whatever
    is drawn by (seed, epoch, id) stays too.
    """

    images: Images
    labels: Labels
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: NDArray[np.int64]) -> "Split":
        return Split(self.images[index], self.labels[index], self.ids[index])


@dataclass(frozen=True)
class Dataset:
    """A dataset in memory. `classes[y]` is the name of label y, as the dataset spells it."""

    name: str
    classes: tuple[str, ...]
    train: Split
    val: Split

    def limited(self, count: int | None) -> "Dataset":
        """Only `count` training samples, as evenly over the classes as they allow.

        The draw is fixed (see `stratified`), so a smaller limit is a part of a larger one and all
        seeds see the same samples. Raises DataError where fewer samples than classes would stay.
        """
        if count is None or count >= len(self.train):
            return self
        if count < len(self.classes):
            raise DataError(
                f"limit-train {count}: {self.name} has {len(self.classes)} classes, "
                "at least one image each is needed"
            )
        return replace(self, train=self.train.take(stratified(self.train.labels, count)))


def split_of(images: Images, labels: Labels) -> Split:
    """A whole split: ids are 0…N-1."""
    return Split(images, labels, np.arange(len(labels), dtype=np.int64))


def stratified(labels: Labels, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Indices of `count` samples in ascending order, spread over the classes.

    Each class is put in a seeded order of its own and the classes are dealt round by round, so
    class counts differ by at most one until a class runs out, and limits nest.
    """
    rounds = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        order = np.random.default_rng([seed, int(label)]).permutation(len(members))
        rounds[members[order]] = np.arange(len(members))
    dealt = np.lexsort((labels, rounds))  # by round, then by class
    return np.sort(dealt[:count])


def content_key(classes: tuple[str, ...], train: Split, val: Split) -> str:
    """sha256 over class names, shapes, pixels and labels of both splits."""
    digest = hashlib.sha256("\n".join(classes).encode())
    for split in (train, val):
        digest.update(repr(split.images.shape).encode())
        digest.update(np.ascontiguousarray(split.images).data)
        digest.update(split.labels.astype("<i8").tobytes())
    return digest.hexdigest()
