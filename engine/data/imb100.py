"""CIFAR-100 made long-tailed (imbalance 100, Cao et al. 2019), from the same folder.

Class c keeps int(500·0.01^(c/99)) training images, 500 down to 5, 10,847 in all. Which ones is a
fixed draw. Validation is CIFAR-100's whole test split.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.data import cifar
from engine.data.base import Dataset, places, split_of

NAME = "cifar100-imb100"
LARGEST, IMBALANCE = 500, 100
SEED = 0
PER_CLASS = tuple(
    int(LARGEST * (1 / IMBALANCE) ** (c / (cifar.CLASS_COUNT - 1)))
    for c in range(cifar.CLASS_COUNT)
)


def load(path: Path) -> Dataset:
    """As `cifar.load`; a sample's id is its place among those that were drawn."""
    whole = cifar.load(path)
    labels = whole.train.labels
    drawn = np.flatnonzero(places(labels, SEED) < np.array(PER_CLASS)[labels])
    return replace(whole, name=NAME, train=split_of(whole.train.take(drawn).images, labels[drawn]))
