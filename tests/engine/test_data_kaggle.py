"""Scene and UTKFace as Kaggle's archives unpack."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from engine.data import registry, scene, utkface
from engine.data.registry import DatasetInfo, Source
from engine.errors import DataError

Row = tuple[str, object]


def picture(path: Path, value: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (value, 0, 0)).save(path)


def check(name: str, path: Path, **options: bool) -> DatasetInfo:
    return registry.check(Source(name, name, path), **options)


def write_scene(root: Path, rows: Sequence[Row] | None = None) -> Path:
    """Three images of each class, or those of `rows`; the folder that Kaggle's archive has."""
    folder = root / scene.FOLDER
    folder.mkdir(parents=True)
    named: Sequence[Row] = rows or [(f"{i}.jpg", i % 6) for i in range(18)]
    for name, label in named:
        if str(name).endswith(".jpg") and "/" not in name:
            picture(folder / "train" / name, 40 * int(str(label)))
    lines = ["image_name,label", *(f"{name},{label}" for name, label in named)]
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    return root


def test_scene_from_its_folder_or_the_one_above(tmp_path: Path) -> None:
    info = check("scene", write_scene(tmp_path))
    assert info.classes == ("buildings", "forest", "glacier", "mountain", "sea", "street")
    assert (info.train_per_class, info.val_per_class) == ((2,) * 6, (1,) * 6)
    assert check("scene", tmp_path / scene.FOLDER).key == info.key
    data = registry.load(Source("scene", "scene", tmp_path, skipped=()), 8)
    assert abs(data.train.images[:, 0, 0, 0].astype(int) - 40 * data.train.labels).max() <= 2


def test_scenes_that_are_missing_are_counted(tmp_path: Path) -> None:
    train = write_scene(tmp_path) / scene.FOLDER / "train"
    (train / "7.jpg").unlink()
    (train / "8.jpg").write_bytes(b"")
    (train / "not listed.jpg").touch()
    info = check("scene", tmp_path)
    assert [(skip.file, skip.why) for skip in info.skipped] == [
        ("train/7.jpg", "missing"),
        ("train/8.jpg", "an empty file"),
    ]
    with pytest.raises(DataError, match=r"train/7\.jpg: missing"):
        check("scene", tmp_path, strict=True)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([("0.jpg", 0), ("../../../etc/passwd", 1)], "line 3: '../../../etc/passwd' is not the"),
        ([("/etc/passwd", 1)], "line 2: '/etc/passwd' is not the name of a file"),
        ([("..", 1)], "line 2: '..' is not the name"),
        ([("a\\b.jpg", 1)], "is not the name"),
        ([("", 1)], "line 2: '' is not the name"),
        ([("a\0b", 1)], "line 2: characters of no plain text"),
        ([("0.jpg", 6)], "line 2: label '6' is not 0 to 5"),
        ([("0.jpg", -1)], "label '-1'"),
        ([("0.jpg", 1), ("0.jpg", 2)], r"line 3: 0\.jpg has another label above"),
        ([("0.jpg", 1)], "class buildings has no readable training image"),
    ],
)
def test_a_scene_table_with_a_fault_is_refused(
    tmp_path: Path, rows: Sequence[Row], fault: str
) -> None:
    with pytest.raises(DataError, match=fault) as caught:
        check("scene", write_scene(tmp_path, rows))
    assert str(caught.value).isprintable()


def test_a_scene_folder_without_its_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither train\.csv nor a folder 'train-scene class"):
        check("scene", tmp_path)
    (tmp_path / "train.csv").write_text("name,label\n0.jpg,1\n")
    with pytest.raises(DataError, match=r"train\.csv line 1: no column image_name"):
        check("scene", tmp_path)


def write_faces(folder: Path) -> None:
    """Two faces of each race, and the names that the real set is known for."""
    for race in range(5):
        for i in range(2):
            picture(folder / f"{20 + i}_{i}_{race}_2017010917{race}{i}.jpg.chip.jpg", 50 * race)
    for name in ODD:
        picture(folder / name)


ODD = {
    "39_1_2017.jpg.chip.jpg": "4 fields are needed (age, gender, race, date), it has 3",
    "53__0_20170116184028385.jpg.chip.jpg": "gender '' is not a number",
    "24_0_5_20170116220224657.jpg.chip.jpg": "race 5 is not 0 to 4",
    "24_0_99999999999_2017.jpg.chip.jpg": "race 99999999999 is not 0 to 4",
    "old_0_1_20170116220224657.jpg.chip.jpg": "age 'old' is not a number",
}


def test_faces_by_race_without_those_whose_name_does_not_tell(tmp_path: Path) -> None:
    write_faces(tmp_path / "UTKFace")
    write_faces(tmp_path / "crop_part1")
    write_faces(tmp_path / "utkface_aligned_cropped" / "UTKFace")
    info = check("utkface", tmp_path)
    assert info.classes == ("White", "Black", "Asian", "Indian", "Others")
    assert (info.train_per_class, info.val_per_class) == ((1,) * 5, (1,) * 5)
    assert {skip.file: skip.why for skip in info.skipped} == ODD
    assert check("utkface", tmp_path / "UTKFace").key == info.key
    data = registry.load(Source("utkface", "utkface", tmp_path), 8)
    assert abs(data.train.images[:, 0, 0, 0].astype(int) - 50 * data.train.labels).max() <= 2


def test_faces_beside_a_copy_are_counted_once(tmp_path: Path) -> None:
    write_faces(tmp_path)
    write_faces(tmp_path / "crop_part1")
    info = check("utkface", tmp_path)
    assert sum(info.train_per_class + info.val_per_class) == 10
    assert len(info.skipped) == len(ODD)


def test_an_odd_end_of_a_name_does_not_matter(tmp_path: Path) -> None:
    write_faces(tmp_path)
    picture(tmp_path / "44_1_4_20170116235150272.pg.chip.jpg")
    picture(tmp_path / "24_0_1_20170116220224657 .jpg.chip.jpg")
    assert sum(check("utkface", tmp_path).train_per_class) == 5 + 2


def test_a_folder_without_faces(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        utkface.listing(tmp_path / "gone")
    picture(tmp_path / "portrait.jpg")
    with pytest.raises(DataError, match=r"no file called \[age\]_\[gender\]_\[race\]_\[date\]"):
        utkface.listing(tmp_path)
