"""Any folder of class folders: PATH/train and PATH/val, or the class folders in PATH itself."""

import unicodedata
from pathlib import Path

from engine.data.listing import Files, Listing, Skipped
from engine.data.walk import image_files, subfolders
from engine.errors import DataError
from engine.shown import as_shown, is_showable

NAME = "folder"
TRAIN = "train"
VAL = ("val", "valid", "validation", "test")  # the first that is there


def listing(path: Path) -> Listing:
    """Classes are the folders' names in order, in Unicode's composed form (NFC).

    A `train` or validation folder counts where it holds folders. Raises DataError for a path that
    is no folder, two folders of one name, and a validation class that train has not.
    """
    if not path.is_dir():
        raise DataError(f"{path}: no such folder")
    train = path / TRAIN
    if not subfolders(train):
        classes, files, skipped = _class_folders(path, path)
        return Listing(path, classes, files, None, tuple(skipped))
    classes, files, skipped = _class_folders(train, path)
    for name in VAL:
        if subfolders(path / name):
            val, more = _of_classes(path / name, path, classes)
            return Listing(path, classes, files, val, (*skipped, *more))
    return Listing(path, classes, files, None, tuple(skipped))


def _class_folders(folder: Path, root: Path) -> tuple[tuple[str, ...], Files, list[Skipped]]:
    names = [_class_name(entry) for entry in subfolders(folder)]
    if not names:
        raise DataError(f"{folder}: no class folders in it")
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{folder}: two class folders are called {name}")
    classes = tuple(sorted(names))
    files, skipped = _of_classes(folder, root, classes)
    return classes, files, skipped


def _of_classes(folder: Path, root: Path, classes: tuple[str, ...]) -> tuple[Files, list[Skipped]]:
    """The images of the class folders in `folder`, in order of class and name."""
    label = {name: y for y, name in enumerate(classes)}
    pairs: list[tuple[str, int]] = []
    skipped: list[Skipped] = []
    for entry in subfolders(folder):
        name = _class_name(entry)
        if name not in label:
            raise DataError(f"{entry}: a class that has no folder in {root / TRAIN}")
        images, others = image_files(entry, root)
        pairs += [(image, label[name]) for image in images]
        skipped += others
    return Files.of(sorted(pairs, key=lambda pair: (pair[1], pair[0]))), skipped


def _class_name(folder: Path) -> str:
    if not is_showable(folder.name):
        raise DataError(
            f"{as_shown(str(folder))}: a class folder's name cannot be shown; rename it"
        )
    return unicodedata.normalize("NFC", folder.name)
