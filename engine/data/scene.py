"""Scene classification, as Kaggle's nitishabharathi/scene-classification unpacks.

`train-scene classification/train.csv` (image_name,label) and `train/*.jpg`: 17,034 labelled images
of 150×150 pixels. The images of `test.csv` have no labels and are not used.
"""

from pathlib import Path

from engine.data import table
from engine.data.listing import Files, Listing
from engine.errors import DataError

NAME = "scene"
CLASSES = ("buildings", "forest", "glacier", "mountain", "sea", "street")
FOLDER, TABLE, IMAGES = "train-scene classification", "train.csv", "train"
COLUMNS = ("image_name", "label")


def listing(path: Path) -> Listing:
    """From `path`, that folder or one that holds it; a tenth is to be held out.

    Raises DataError, with the line's number, for a label that is none of the six, a name that is
    not that of a file beside the others, and an image that is listed twice.
    """
    root = next((at for at in (path, path / FOLDER) if (at / TABLE).is_file()), None)
    if root is None:
        raise DataError(f"{path}: neither {TABLE} nor a folder {FOLDER!r} with it")
    labels: dict[str, int] = {}
    for line, name, label in table.rows(root / TABLE, COLUMNS):
        at = f"{root / TABLE} line {line}"
        if not table.is_file_name(name):
            raise DataError(f"{at}: {name!r} is not the name of a file in {IMAGES}/")
        if label not in {str(y) for y in range(len(CLASSES))}:
            raise DataError(f"{at}: label {label!r} is not 0 to {len(CLASSES) - 1}")
        if labels.setdefault(f"{IMAGES}/{name}", int(label)) != int(label):
            raise DataError(f"{at}: {name} has another label above")
    return Listing(root, CLASSES, Files.of(sorted(labels.items())), None)
