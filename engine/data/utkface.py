"""UTKFace's aligned faces by race, as Kaggle's jangedoo/utkface-new unpacks.

A file is called `[age]_[gender]_[race]_[date].jpg.chip.jpg`. The same faces lie in `crop_part1`
too, and once more in `utkface_aligned_cropped`: only one `UTKFace` folder is read.
"""

from pathlib import Path

from engine.data.listing import Files, Listing, Skipped
from engine.data.walk import image_files
from engine.errors import DataError

NAME = "utkface"
CLASSES = ("White", "Black", "Asian", "Indian", "Others")
FOLDERS = ("UTKFace", "utkface_aligned_cropped/UTKFace")
FIELDS = ("age", "gender", "race", "date")


def listing(path: Path) -> Listing:
    """From `path`, the folder of the files or one that holds it; a tenth is to be held out.

    A name with a field missing, or with a race that is none of the five, is skipped. Raises
    DataError where no file is called as they are.
    """
    root = next((path / name for name in FOLDERS if (path / name).is_dir()), path)
    if not root.is_dir():
        raise DataError(f"{path}: no such folder")
    names, others = image_files(root, root)
    skipped = [other for other in others if "/" not in other.file]
    pairs = []
    for name in names:
        if "/" in name:  # of another copy
            continue
        race = _race(name)
        if isinstance(race, int):
            pairs.append((name, race))
        else:
            skipped.append(Skipped(name, race))
    if not pairs:
        raise DataError(f"{root}: no file called {'_'.join(f'[{f}]' for f in FIELDS)}.jpg.chip.jpg")
    return Listing(root, CLASSES, Files.of(pairs), None, tuple(skipped))


def _race(name: str) -> int | str:
    """The label that a file's name tells, or why it tells none."""
    found = name.split("_")
    if len(found) < len(FIELDS):
        return f"{len(FIELDS)} fields are needed ({', '.join(FIELDS)}), it has {len(found)}"
    for field, value in zip(FIELDS[:3], found, strict=False):
        if not (value.isascii() and value.isdigit()):
            return f"{field} {value!r} is not a number"
    race = int(found[2]) if len(found[2]) < 3 else len(CLASSES)
    return race if race < len(CLASSES) else f"race {found[2]} is not 0 to {len(CLASSES) - 1}"
