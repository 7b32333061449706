"""ImageNet's layouts, its classes' names, and the long-tailed split of Liu et al."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from engine.data import imagenet_lt, registry, table, wnids
from engine.data.registry import DatasetInfo, Source
from engine.data.shots import shot_groups
from engine.errors import DataError

TENCH, GOLDFISH, SHARK = "n01440764", "n01443537", "n01484850"
THREE = (TENCH, GOLDFISH, SHARK)


def picture(path: Path, value: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (value, 0, 0)).save(path)


def write_train(root: Path) -> Path:
    for place, wnid in enumerate(THREE):
        for i in range(2):
            picture(root / "train" / wnid / f"{wnid}_{i}.JPEG", 100 * place)
    return root


def write_flat_val(root: Path) -> None:
    for i in (1, 2, 3):
        picture(root / "val" / f"ILSVRC2012_val_{i:08}.JPEG", 100 * (3 - i))


def check(path: Path, name: str = "imagenet", splits: Path | None = None) -> DatasetInfo:
    return registry.check(Source(name, name, path, splits=splits))


def labels_fit_pixels(path: Path) -> bool:
    """Whether validation has images 1 to 3 of classes 2, 1, 0, as `write_flat_val` draws them."""
    val = registry.load(Source("imagenet", "imagenet", path), 8).val
    return bool((abs(val.images[:, 0, 0, 0].astype(int) - 100 * val.labels) <= 2).all())


@pytest.mark.parametrize("below", ["", "ILSVRC/Data/CLS-LOC", "Data/CLS-LOC", "ILSVRC"])
def test_folders_per_class_in_each_layout(tmp_path: Path, below: str) -> None:
    root = write_train(tmp_path / below)
    for wnid in THREE:
        picture(root / "val" / wnid / "ILSVRC2012_val_00000001.JPEG")
    info = check(tmp_path)
    assert info.classes == ("tench", "goldfish", "great white shark")
    assert (info.train_per_class, info.val_per_class) == ((2, 2, 2), (1, 1, 1))
    assert check(root).key == info.key


def test_a_flat_val_with_kaggles_solution(tmp_path: Path) -> None:
    root = write_train(tmp_path / "ILSVRC" / "Data" / "CLS-LOC")
    write_flat_val(root)
    solution = tmp_path / "LOC_val_solution.csv"
    rows = [f"ILSVRC2012_val_{i:08},{THREE[3 - i]} 1 2 3 4 " for i in (3, 1, 2)]
    solution.write_text("\n".join(["ImageId,PredictionString", *rows]))
    assert check(tmp_path).val_per_class == (1, 1, 1)
    assert labels_fit_pixels(tmp_path)
    assert labels_fit_pixels(root)
    (root / "val" / "ILSVRC2012_val_00000002.JPEG").unlink()
    assert [skip.file for skip in check(tmp_path).skipped] == ["val/ILSVRC2012_val_00000002.JPEG"]
    for row, fault in {
        "../../x,n01440764 1 2 3 4": "line 2: '../../x' is not the name of a validation image",
        "ILSVRC2012_val_00000001,n99999999 1": "line 2: 'n99999999' has no folder",
    }.items():
        solution.write_text(f"ImageId,PredictionString\n{row}\n")
        with pytest.raises(DataError, match=fault):
            check(tmp_path)


def write_devkit(folder: Path, truth: str) -> None:
    """The devkit's ids are an order of its own, and count inner synsets after the 1,000."""
    (folder / "data").mkdir(parents=True)
    fields = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("num_children", "O")]
    synsets = np.array(
        [(1, SHARK, "", 0), (2, TENCH, "", 0), (3, GOLDFISH, "", 0), (4, "n00001740", "", 3)],
        dtype=fields,
    )
    savemat(folder / "data" / "meta.mat", {"synsets": synsets[:, None]})
    (folder / "data" / "ILSVRC2012_validation_ground_truth.txt").write_text(truth)


def test_a_flat_val_with_the_devkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_flat_val(write_train(tmp_path))
    write_devkit(tmp_path / "ILSVRC2012_devkit_t12", "1\n3\n2\n")
    assert check(tmp_path).val_per_class == (1, 1, 1)
    assert labels_fit_pixels(tmp_path)
    truth = tmp_path / "ILSVRC2012_devkit_t12" / "data" / "ILSVRC2012_validation_ground_truth.txt"
    truth.write_text("1\n9\n")
    with pytest.raises(DataError, match="line 2: 'id 9' has no folder"):
        check(tmp_path)
    with monkeypatch.context() as small:
        small.setattr(table, "LARGEST", 3)
        with pytest.raises(DataError, match=r"txt: larger than 0 MiB"):
            check(tmp_path)
    truth.with_name("meta.mat").write_bytes(b"not a table")
    with pytest.raises(DataError, match=r"meta\.mat: not the devkit's table of synsets"):
        check(tmp_path)


def test_what_is_missing_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no train/ with folders called as n01440764"):
        check(tmp_path)
    write_train(tmp_path)
    with pytest.raises(DataError, match="train/ is there, val/ is missing"):
        check(tmp_path)
    write_flat_val(tmp_path)
    with pytest.raises(DataError, match=r"put LOC_val_solution\.csv \(Kaggle\) or ILSVRC2012_dev"):
        check(tmp_path)
    picture(tmp_path / "val" / "n02119789" / "1.JPEG")
    with pytest.raises(DataError, match=r"val/n02119789: a class that has no folder"):
        check(tmp_path)


# Crane (the bird, the machine), maillot (tights, the suit), Cardigan (the dog, the jacket),
# sunglass and sunglasses.
ALIKE = (
    *("n02012849", "n03126707", "n03710637", "n03710721"),
    *("n02113186", "n02963159", "n04355933", "n04356056"),
)


def test_names_are_wordnets_and_distinct() -> None:
    assert wnids.class_names(ALIKE, []) == (
        "crane",
        "lifting device crane",
        "maillot",
        "tank suit",
        "Cardigan Welsh corgi",
        "cardigan",
        "sunglass",
        "sunglasses",
    )
    assert wnids.class_names(ALIKE[::-1], []) == wnids.class_names(ALIKE, [])[::-1]
    assert wnids.class_names(ALIKE[1:2], []) == ("crane",)
    with pytest.raises(DataError, match="n00000001: no noun of WordNet"):
        wnids.class_names(["n00000001"], [])


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("LOC_synset_mapping.txt", f"{TENCH} Tinca tinca, tench\n{GOLDFISH} gold_fish\n"),
        ("words.txt", f"n00001740\tentity\n{TENCH}\tTinca tinca, tench\n{GOLDFISH}\tgold fish\n"),
        ("classes.txt", f"{TENCH}: Tinca tinca\nnot a line of it\n{GOLDFISH},gold fish\n"),
    ],
)
def test_a_file_beside_the_images_names_classes(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)
    found = wnids.class_names(THREE, [tmp_path / "elsewhere", tmp_path])
    assert found == ("Tinca tinca", "gold fish", "great white shark")


def test_names_given_twice_are_made_distinct(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(f"{TENCH} fish\n{GOLDFISH} Fish\n{SHARK} fish, shark\n")
    assert wnids.class_names(THREE, [tmp_path]) == ("fish", "cyprinid Fish", "shark")


def write_splits(folder: Path, train: str, val: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "ImageNet_LT_train.txt").write_text(train)
    (folder / "ImageNet_LT_val.txt").write_text(val)
    return folder


def line(wnid: str, number: int, label: int) -> str:
    return f"train/{wnid}/{wnid}_{number}.JPEG {label}\n"


def test_imagenet_lt_reads_its_split_files(tmp_path: Path) -> None:
    root = write_train(tmp_path / "ILSVRC")
    train = line(SHARK, 0, 2) + line(TENCH, 1, 0) + line(GOLDFISH, 0, 1) + line(TENCH, 7, 0)
    val = line(TENCH, 0, 0) + line(SHARK, 1, 2)
    splits = write_splits(tmp_path / "splits", train, val)
    info = check(tmp_path, "imagenet-lt", splits)
    assert (info.classes, info.splits) == (("tench", "goldfish", "great white shark"), splits)
    assert (info.train_per_class, info.val_per_class) == ((1, 1, 1), (1, 0, 1))
    assert [skip.file for skip in info.skipped] == [f"train/{TENCH}/{TENCH}_7.JPEG"]
    write_splits(root, train, val)
    assert check(root, "imagenet-lt").key == info.key
    data = registry.load(Source("imagenet-lt", "imagenet-lt", root), 8)
    assert data.train.labels.tolist() == [2, 0, 1]
    assert data.train.images[:, 0, 0, 0].tolist() == [200, 0, 100]


@pytest.mark.parametrize(
    ("train", "val", "fault"),
    [
        ("train/../../etc/passwd 0\n", "", "train.txt line 1: not of the form train/n01440764"),
        (line(TENCH, 1, 0) + "\n", "", "train.txt line 2: not of the form"),
        (line(TENCH, 1, 0) + line(SHARK, 1, 0), "", "line 2: label 0 is n01440764 above, n01484"),
        (line(TENCH, 1, 0) + line(TENCH, 1, 0), "", "line 2: train/.*_1.JPEG is named twice"),
        (line(TENCH, 1, 0), line(TENCH, 1, 0), "val.txt line 1: train/.*_1.JPEG is named twice"),
        (line(TENCH, 1, 0) + line(SHARK, 1, 2), "", "labels are not 0 to 1, one wnid each"),
        (line(TENCH, 1, 0) + line(TENCH, 2, 1), "", "labels are not 0 to 1, one wnid each"),
        ("é 1\n", "", "train.txt: not readable"),
    ],
)
def test_split_files_with_a_fault_are_refused(
    tmp_path: Path, train: str, val: str, fault: str
) -> None:
    with pytest.raises(DataError, match=fault) as caught:
        check(write_train(tmp_path), "imagenet-lt", write_splits(tmp_path / "splits", train, val))
    assert str(caught.value).isprintable()


def test_missing_split_files_are_asked_for(tmp_path: Path) -> None:
    root = write_train(tmp_path)
    with pytest.raises(DataError, match=r"no ImageNet_LT_train\.txt and .*with --splits"):
        check(root, "imagenet-lt")


def class_sizes() -> np.ndarray:
    """1,000 sizes as the published set's: 1280 down to 5, 115,846 in all, groups 385/479/136."""
    many = np.linspace(1280, 101, 385).astype(int)
    medium = np.linspace(100, 20, 479).astype(int)
    few = np.linspace(19, 5, 136).astype(int)
    surplus = many.sum() + medium.sum() + few.sum() - 115_846
    takeable = many[1:] - 101  # the largest keeps its 1280
    share = np.floor(takeable * surplus / takeable.sum()).astype(int)
    many[1:] -= share
    for i in range(1, surplus - share.sum() + 1):
        many[i] -= 1
    return np.concatenate([many, medium, few])


def test_split_files_of_the_published_size(tmp_path: Path) -> None:
    sizes = np.random.default_rng(0).permutation(class_sizes())
    assert (sizes.sum(), sizes.max(), sizes.min()) == (115_846, 1280, 5)
    names = [f"n{90_000_000 + y}" for y in range(1000)]
    train, val = (
        "".join(line(names[y], i, y) for y in range(1000) for i in range(start(y), stop(y)))
        for start, stop in ((lambda y: 0, lambda y: sizes[y]), (lambda y: 5000, lambda y: 5020))
    )
    splits = write_splits(tmp_path, train, val)
    (tmp_path / "words.txt").write_text("".join(f"{name} class {name}\n" for name in names))
    found = imagenet_lt.read_splits(tmp_path, splits, [tmp_path])
    assert found.val is not None
    assert (len(found.train.names), len(found.val.names)) == (115_846, 20_000)
    assert found.train.per_class(1000) == tuple(sizes.tolist())
    groups = shot_groups(found.train.per_class(1000))
    assert [len(groups[name]) for name in ("many", "medium", "few")] == [385, 479, 136]
