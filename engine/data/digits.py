"""scikit-learn's digits: 1,797 grey images of 8×8 pixels, shipped with the library.

The embedded default: it needs no download. A fixed stratified fifth is held out for validation.
"""

import numpy as np

from engine.data.base import Dataset, split_of, stratified

NAME = "digits"
CLASSES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VAL_SHARE = 0.2
# Of the content that `load` makes; known beforehand because loading needs scikit-learn (2 s).
KEY = "b73f1d832cf835aadd3432c7485846a348114e55f84521da663a5705d48201bc"
TRAIN_PER_CLASS = (142, 146, 141, 147, 145, 146, 145, 143, 138, 145)
VAL_PER_CLASS = (36, 36, 36, 36, 36, 36, 36, 36, 36, 35)


def load() -> Dataset:
    """Images uint8 [N, 1, 8, 8]; the library's grey levels 0 to 16 become 0 to 255."""
    from sklearn.datasets import load_digits  # late: 2 s

    pixels, labels = load_digits(return_X_y=True)
    images = np.round(pixels.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    labels = labels.astype(np.int64)
    held_out = np.zeros(len(labels), dtype=bool)
    held_out[stratified(labels, round(len(labels) * VAL_SHARE))] = True
    return Dataset(
        NAME,
        CLASSES,
        split_of(images[~held_out], labels[~held_out]),
        split_of(images[held_out], labels[held_out]),
    )
