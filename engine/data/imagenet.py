"""ImageNet-1k in the ILSVRC layout: `train/<wnid>/*.JPEG` and `val/`, in folders or flat.

A flat `val/` needs its labels: Kaggle's `LOC_val_solution.csv`, or the devkit's ground truth.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.data import table
from engine.data.listing import Files, Listing, Skipped
from engine.data.walk import image_files, subfolders
from engine.data.wnids import class_names, is_wnid
from engine.errors import DataError

NAME = "imagenet"
CLS_LOC = ("ILSVRC", "Data", "CLS-LOC")  # where Kaggle's archive has train and val
TRAIN, VAL = "train", "val"
SOLUTION, COLUMNS = "LOC_val_solution.csv", ("ImageId", "PredictionString")
DEVKIT = "ILSVRC2012_devkit_t12"
TRUTH, META = "data/ILSVRC2012_validation_ground_truth.txt", "data/meta.mat"
IMAGE_ID = re.compile(r"ILSVRC2012_val_\d{8}", re.ASCII)


def listing(path: Path) -> Listing:
    """All classes that `train/` has folders of, in order of their wnids.

    Raises DataError for a missing folder or label file, a class of val/ that train/ has not, and
    for labels that cannot be read.
    """
    root = find_root(path)
    wnids = [folder.name for folder in _wnid_folders(root / TRAIN)]
    label = {wnid: y for y, wnid in enumerate(wnids)}
    train, skipped = _of_folders(root, TRAIN, label)
    beside = places(path, root)
    if _wnid_folders(root / VAL):
        val, more = _of_folders(root, VAL, label)
        skipped += more
    else:
        val = Files.of(sorted(_flat(root, beside, label)))
    return Listing(root, class_names(wnids, beside), train, val, tuple(skipped))


def find_root(path: Path) -> Path:
    """The folder with `train/<wnid>`, at or below `path`. Raises DataError."""
    path = path.absolute()
    for depth in range(len(CLS_LOC) + 1):
        for parts in (CLS_LOC[:depth], CLS_LOC[len(CLS_LOC) - depth :]):
            if _wnid_folders(path.joinpath(*parts) / TRAIN):
                return path.joinpath(*parts)
    raise DataError(f"{path}: no {TRAIN}/ with folders called as n01440764, here or below")


def places(path: Path, root: Path) -> list[Path]:
    """Where files beside the images may lie: the root, the given folder, the top of Kaggle's."""
    top = root.parents[2] if root.parts[-3:] == CLS_LOC else root
    return list(dict.fromkeys((root, path.absolute(), top)))


def _wnid_folders(folder: Path) -> list[Path]:
    return [entry for entry in subfolders(folder) if is_wnid(entry.name)]


def _of_folders(root: Path, side: str, label: dict[str, int]) -> tuple[Files, list[Skipped]]:
    pairs: list[tuple[str, int]] = []
    skipped: list[Skipped] = []
    for folder in _wnid_folders(root / side):
        if folder.name not in label:
            raise DataError(f"{folder}: a class that has no folder in {root / TRAIN}")
        images, others = image_files(folder, root)
        pairs += [(image, label[folder.name]) for image in images]
        skipped += others
    return Files.of(pairs), skipped


def _flat(root: Path, beside: list[Path], label: dict[str, int]) -> Iterator[tuple[str, int]]:
    """(name, label) of each image of a flat val/."""
    if not (root / VAL).is_dir():
        raise DataError(f"{root}: {TRAIN}/ is there, {VAL}/ is missing")
    for at in beside:
        if (at / SOLUTION).is_file():
            found, where = _of_solution(at / SOLUTION), at / SOLUTION
            break
        if (at / DEVKIT / TRUTH).is_file():
            found, where = _of_devkit(at / DEVKIT), at / DEVKIT / TRUTH
            break
    else:
        raise DataError(
            f"{root / VAL}: has no folder per class; put {SOLUTION} (Kaggle) or {DEVKIT} beside it"
        )
    for line, image, wnid in found:
        if not IMAGE_ID.fullmatch(image):
            raise DataError(f"{where} line {line}: {image!r} is not the name of a validation image")
        if wnid not in label:
            raise DataError(f"{where} line {line}: {wnid!r} has no folder in {root / TRAIN}")
        yield f"{VAL}/{image}.JPEG", label[wnid]


def _of_solution(path: Path) -> Iterator[tuple[int, str, str]]:
    """(line, image, wnid); a prediction string is `wnid x y x y wnid …`, of one wnid."""
    for line, image, boxes in table.rows(path, COLUMNS):
        yield line, image, boxes.partition(" ")[0]


def _of_devkit(folder: Path) -> Iterator[tuple[int, str, str]]:
    """(line, image, wnid): line i of the ground truth is the ILSVRC id of image i."""
    wnid_of = _ilsvrc_ids(folder / META)
    for i, ilsvrc_id in enumerate(table.text(folder / TRUTH, "ascii").split(), start=1):
        yield i, f"ILSVRC2012_val_{i:08d}", wnid_of.get(ilsvrc_id, f"id {ilsvrc_id}")


def _ilsvrc_ids(meta: Path) -> dict[str, str]:
    from scipy.io import loadmat  # late: half a second, for one layout

    try:
        synsets = loadmat(meta, squeeze_me=True, variable_names=["synsets"])["synsets"]
        pairs = zip(synsets["ILSVRC2012_ID"].tolist(), synsets["WNID"].tolist(), strict=True)
        return {str(int(ilsvrc_id)): str(wnid) for ilsvrc_id, wnid in pairs}
    except Exception as error:  # noqa: BLE001 - a damaged file can raise anything
        why = " ".join(str(error).split())
        raise DataError(f"{meta}: not the devkit's table of synsets ({why})") from None
