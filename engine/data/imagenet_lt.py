"""ImageNet-LT: the long-tailed part of ImageNet that Liu et al. 2019 drew.

Their split files name the images of an ILSVRC folder, a line each: `train/n01440764/….JPEG 0`.
115,846 images train; the 20,000 of validation come out of ILSVRC's train as well, so the set's
results and imagenet's do not mix.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.data import table
from engine.data.imagenet import find_root, places
from engine.data.listing import Files, Listing
from engine.data.wnids import class_names
from engine.errors import DataError

NAME = "imagenet-lt"
TRAIN, VAL = "ImageNet_LT_train.txt", "ImageNet_LT_val.txt"
LINE = re.compile(r"((?:train|val)/(n\d{8})/[\w-]+\.JPEG) (\d{1,4})", re.ASCII)


def listing(path: Path, splits: Path | None) -> Listing:
    """The images that the split files in `splits` (None: beside the images) name, in their order.

    Raises DataError for a missing file, a line of another form, labels that are not 0…C-1 with one
    wnid each, and an image that is named twice.
    """
    root = find_root(path)
    beside = places(path, root)
    where = [splits] if splits else beside
    folder = next((at for at in where if (at / TRAIN).is_file() and (at / VAL).is_file()), None)
    if folder is None:
        raise DataError(
            f"{where[0]}: no {TRAIN} and {VAL} (Liu et al. 2019); give their folder with --splits"
        )
    return read_splits(root, folder, beside)


def read_splits(root: Path, folder: Path, beside: list[Path]) -> Listing:
    """The listing of the split files in `folder`; class names as `class_names` finds them."""
    wnid_of: dict[int, str] = {}
    seen: set[str] = set()
    sides: list[Files] = []
    for name in (TRAIN, VAL):
        pairs = []
        for line, image, wnid, label in _lines(folder / name):
            if wnid_of.setdefault(label, wnid) != wnid:
                raise DataError(f"{line}: label {label} is {wnid_of[label]} above, {wnid} here")
            if image in seen:
                raise DataError(f"{line}: {image} is named twice")
            seen.add(image)
            pairs.append((image, label))
        sides.append(Files.of(pairs))
    wnids = [wnid_of[label] for label in sorted(wnid_of)]
    if sorted(wnid_of) != list(range(len(wnids))) or len(set(wnids)) < len(wnids):
        raise DataError(f"{folder}: labels are not 0 to {len(wnids) - 1}, one wnid each")
    train, val = sides
    return Listing(root, class_names(wnids, beside), train, val)


def _lines(path: Path) -> Iterator[tuple[str, str, str, int]]:
    """(file and line for an error, image, wnid, label) of each line."""
    for number, line in enumerate(table.text(path, "ascii").splitlines(), start=1):
        found = LINE.fullmatch(line.strip())
        if not found:
            raise DataError(
                f"{path} line {number}: not of the form train/n01440764/n01440764_190.JPEG 0"
            )
        yield f"{path} line {number}", found[1], found[2], int(found[3])
