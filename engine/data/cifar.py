"""CIFAR-100 from the official pickles (Krizhevsky 2009): `cifar-100-python/{train,test,meta}`.

The files come from elsewhere, so they are read by an unpickler that knows NumPy arrays and nothing
else, and everything in them is checked.
"""

import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engine.data.base import Dataset, Split, split_of
from engine.errors import DataError
from engine.shown import is_showable

NAME = "cifar100"
FOLDER = "cifar-100-python"
COUNTS = {"train": 50_000, "test": 10_000}
CLASS_COUNT = 100
PIXELS = 3 * 32 * 32
# The largest official file has 155 MB; anything far above is not CIFAR-100.
MAX_BYTES = 1_000_000_000
ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),  # how protocol 2 spells bytes
}


def load(path: Path) -> Dataset:
    """CIFAR-100 from `path`, the folder itself or one that holds it; images [N, 3, 32, 32].

    Raises DataError in one line for a missing, truncated, hostile or otherwise wrong file.
    """
    folder = path if path.name == FOLDER else path / FOLDER
    if not folder.is_dir():
        raise DataError(f"no {FOLDER} folder at {path}")
    return Dataset(NAME, _class_names(folder), _split(folder, "train"), _split(folder, "test"))


def _class_names(folder: Path) -> tuple[str, ...]:
    names = _read(folder / "meta").get(b"fine_label_names")
    if not isinstance(names, list) or not all(isinstance(name, bytes) for name in names):
        raise DataError(f"{folder / 'meta'}: fine_label_names is not a list of names")
    if len(set(names)) != CLASS_COUNT:
        raise DataError(f"{folder / 'meta'}: {len(set(names))} class names, not {CLASS_COUNT}")
    classes = tuple(name.decode("utf-8", errors="replace") for name in names)
    for name in classes:
        if not is_showable(name):
            raise DataError(f"{folder / 'meta'}: a class is called {name!r}, which cannot be shown")
    return classes


def _split(folder: Path, name: str) -> Split:
    path = folder / name
    content = _read(path)
    data, labels = content.get(b"data"), content.get(b"fine_labels")
    expected = (COUNTS[name], PIXELS)
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape != expected:
        shape = getattr(data, "shape", type(data).__name__)
        raise DataError(f"{path}: data is not uint8 {expected} but {shape}")
    if not isinstance(labels, list) or len(labels) != COUNTS[name]:
        raise DataError(f"{path}: fine_labels is not a list of {COUNTS[name]} labels")
    if not all(type(label) is int and 0 <= label < CLASS_COUNT for label in labels):
        raise DataError(f"{path}: a fine label is not a whole number from 0 to {CLASS_COUNT - 1}")
    return split_of(data.reshape(-1, 3, 32, 32), np.array(labels, dtype=np.int64))


def _read(path: Path) -> dict[bytes, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path}: larger than CIFAR-100 can be")
        with path.open("rb") as file:
            content = _ArrayUnpickler(file, encoding="bytes").load()
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: missing; CIFAR-100 has train, test and meta") from None
    # A damaged pickle can raise anything, MemoryError as well: for a length that it never had.
    except Exception as error:  # noqa: BLE001
        why = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: not a readable pickle ({why})") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds a {type(content).__name__}, not CIFAR-100's table")
    return content


class _ArrayUnpickler(pickle.Unpickler):
    """Makes NumPy arrays and plain values; refuses every other global, so nothing is called."""

    def __init__(self, file: BinaryIO, *, encoding: str) -> None:
        super().__init__(file, encoding=encoding)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no dataset needs")
        return super().find_class(module, name)
