"""scikit-learn's digits: 1,797 grey images of 8×8 pixels, shipped with the library.

The embedded default: it needs no download. A fixed stratified fifth is held out for validation.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from engine.data.base import Dataset, split_of, stratified
from engine.errors import DataError

NAME = "digits"
CLASSES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VAL_SHARE = 0.2
# Of the content that `load` makes, known without reading it.
KEY = "b73f1d832cf835aadd3432c7485846a348114e55f84521da663a5705d48201bc"
TRAIN_PER_CLASS = (142, 146, 141, 147, 145, 146, 145, 143, 138, 145)
VAL_PER_CLASS = (36, 36, 36, 36, 36, 36, 36, 36, 36, 35)


def load() -> Dataset:
    """Images uint8 [N, 1, 8, 8]; the library's grey levels 0 to 16 become 0 to 255.

    The library's file is read as it is: its own reader takes 2 s and 100 MB to import. Raises
    DataError where the file is not there.
    """
    library = find_spec("sklearn")
    if library is None or library.origin is None:
        raise DataError("scikit-learn, whose digits these are, is not installed")
    path = Path(library.origin).parent / "datasets" / "data" / "digits.csv.gz"
    try:
        table = np.loadtxt(path, delimiter=",")
    except OSError as error:
        raise DataError(f"{path}: not readable ({error}); install scikit-learn again") from None
    pixels, labels = table[:, :-1], table[:, -1].astype(np.int64)
    images = np.round(pixels.reshape(-1, 1, 8, 8) * (255 / 16)).astype(np.uint8)
    held_out = np.zeros(len(labels), dtype=bool)
    held_out[stratified(labels, round(len(labels) * VAL_SHARE))] = True
    return Dataset(
        NAME,
        CLASSES,
        split_of(images[~held_out], labels[~held_out]),
        split_of(images[held_out], labels[held_out]),
    )
