"""A folder of class folders: what is found, skipped, held out, refused; and its key."""

import os
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.data import examine, listing, registry
from engine.data.files import FileImages
from engine.data.listing import Files, held_out
from engine.data.registry import DatasetInfo, Source
from engine.errors import DataError


def picture(path: Path, value: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6), (value % 256, value // 256, 7)).save(path)


def pets(root: Path, **counts: int) -> Path:
    for place, (name, count) in enumerate((counts or {"cat": 12, "dog": 5}).items()):
        for i in range(count):
            picture(root / name / f"{i:03}.png", 100 * place + i)
    return root


def check(path: Path, **options: object) -> DatasetInfo:
    return registry.check(Source("pets", "folder", path), **options)  # type: ignore[arg-type]


def skipped(info: DatasetInfo) -> dict[str, str]:
    return {skip.file: skip.why for skip in info.skipped}


def test_train_and_val_folders(tmp_path: Path) -> None:
    pets(tmp_path / "train", dog=3, cat=4)
    pets(tmp_path / "valid", cat=2)
    pets(tmp_path / "test", cat=1, dog=1)
    info = check(tmp_path)
    assert (info.name, info.kind, info.path) == ("pets", "folder", tmp_path)
    assert (info.classes, info.size, info.skipped) == (("cat", "dog"), (6, 8, 3), ())
    assert (info.train_per_class, info.val_per_class) == ((4, 3), (2, 0))
    data = registry.load(Source("pets", "folder", tmp_path, skipped=()), 4)
    assert data.train.images.shape == (7, 3, 4, 4)
    # cat's are 100…103 (the second folder written), dog's 0…2: red is the place.
    assert data.train.images[:, 0, 0, 0].tolist() == [100, 101, 102, 103, 0, 1, 2]
    assert data.train.labels.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert data.train.ids.tolist() == list(range(7))


def test_class_folders_at_the_top_lose_a_tenth(tmp_path: Path) -> None:
    info = check(pets(tmp_path, cat=24, dog=5, eel=2, fox=1))
    assert info.train_per_class == (22, 4, 1, 1)
    assert info.val_per_class == (2, 1, 1, 0)


def test_train_without_validation_loses_a_tenth_too(tmp_path: Path) -> None:
    pets(tmp_path / "train")
    (tmp_path / "test").mkdir()  # unlabelled: no class folders
    picture(tmp_path / "test" / "1.png")
    info = check(tmp_path)
    assert (info.train_per_class, info.val_per_class) == ((11, 4), (1, 1))


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    assert check(pets(tmp_path, train=3, plane=3)).classes == ("plane", "train")


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 59))
def test_the_tenth_hardly_moves_when_a_file_goes(labels: list[int], gone: int) -> None:
    names = tuple(f"{y}/{i}.jpg" for i, y in enumerate(labels))
    files = Files(names, np.array(labels, dtype=np.int64))
    held = held_out(files)
    for label in range(4):
        count, of_class = labels.count(label), held[files.labels == label].sum()
        assert of_class == (max(1, int(count / 10 + 0.5)) if count > 1 else 0)
    fewer = files.without({names[gone % len(names)]})
    before = {name for name, kept in zip(names, held, strict=True) if kept}
    after = {name for name, kept in zip(fewer.names, held_out(fewer), strict=True) if kept}
    assert len(before ^ after) <= 2


def test_what_cannot_be_used_is_skipped_and_counted(tmp_path: Path) -> None:
    pets(tmp_path)
    cat = tmp_path / "cat"
    (cat / "text.jpg").write_text("not an image at all")
    (cat / "empty.png").touch()
    whole = (cat / "000.png").read_bytes()
    Image.effect_noise((64, 64), 50).save(cat / "cut.jpg")
    (cat / "cut.jpg").write_bytes((cat / "cut.jpg").read_bytes()[:-99])
    (cat / "notes.txt").write_text("hm")
    (cat / "nowhere.jpg").symlink_to("gone.jpg")
    (cat / "loop").symlink_to(".")
    (cat / "line\nbreak.png").write_bytes(whole)
    os.mkfifo(cat / "pipe.jpg")
    (cat / ".DS_Store").touch()
    picture(cat / ".thumbnails" / "1.png")
    picture(tmp_path / "__MACOSX" / "1.png")
    picture(cat / "more" / "of them" / "1.PNG")
    picture(tmp_path / "stray.png")
    info = check(tmp_path)
    assert sum(info.train_per_class) + sum(info.val_per_class) == 12 + 5 + 1
    found = skipped(info)
    assert found.pop("cat/cut.jpg").startswith("damaged")
    assert found == {
        "cat/empty.png": "an empty file",
        "cat/line\\nbreak.png": "a name that cannot be shown",
        "cat/loop": "a link to a folder",
        "cat/notes.txt": "not an image by its name",
        "cat/nowhere.jpg": "missing",
        "cat/pipe.jpg": "not a file",
        "cat/text.jpg": "not an image",
    }
    assert list(found) == sorted(found)
    source = Source("pets", "folder", tmp_path, skipped=tuple(skip.file for skip in info.skipped))
    known, anew = (registry.load(s, 8) for s in (source, Source("pets", "folder", tmp_path)))
    assert (known.train.images == anew.train.images).all()
    assert known.skipped == anew.skipped == source.skipped


def test_strict_refuses_the_first_that_is_skipped(tmp_path: Path) -> None:
    pets(tmp_path)
    assert check(tmp_path, strict=True).skipped == ()
    (tmp_path / "cat" / "text.jpg").write_text("not an image at all")
    (tmp_path / "dog" / "none.jpg").touch()
    with pytest.raises(DataError, match=r"cat/text\.jpg: not an image$"):
        check(tmp_path, strict=True)
    (tmp_path / "dog" / "notes.txt").touch()
    with pytest.raises(DataError, match=r"dog/notes\.txt: not an image by its name$"):
        check(tmp_path, strict=True)


def test_links_to_class_folders_are_followed_but_none_back(tmp_path: Path) -> None:
    pets(tmp_path / "elsewhere", cat=3, dog=3)
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    (chosen / "cat").symlink_to(tmp_path / "elsewhere" / "cat")
    (chosen / "dog").symlink_to(tmp_path / "elsewhere" / "dog")
    (chosen / "all").symlink_to(".")
    (chosen / "up").symlink_to("..")
    (chosen / "self").symlink_to("self")
    assert check(chosen).classes == ("cat", "dog")


def test_names_in_any_script(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "éléphant")
    info = check(pets(tmp_path, **{decomposed: 3, "猫": 2, "great white shark": 2}))
    assert info.classes == ("great white shark", "éléphant", "猫")


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda p: None, "no class folders"),
        (lambda p: pets(p, cat=4), "1 class, at least two"),
        (lambda p: (pets(p), (p / "eel").mkdir()), "class eel has no readable training image"),
        (
            lambda p: (pets(p), (p / "eel").mkdir(), (p / "eel" / "1.jpg").write_text("no")),
            "class eel has no readable training image",
        ),
        (lambda p: (pets(p / "train"), pets(p / "val", eel=1)), "val/eel: a class that has no"),
        (lambda p: pets(p, cat=1, dog=1), "no readable validation image"),
        (lambda p: (pets(p), (p / "a\x1b[31mb").mkdir()), r"a\\x1b\[31mb: .*cannot be shown"),
        (lambda p: (pets(p), (p / os.fsdecode(b"\xff")).mkdir()), "cannot be shown; rename"),
        (
            lambda p: pets(p, **{unicodedata.normalize(form, "é"): 2 for form in ("NFC", "NFD")}),
            "two class folders are called é",
        ),
        (lambda p: shutil.rmtree(p), "no such folder"),
    ],
)
def test_a_folder_with_a_fault_is_refused_in_one_line(
    tmp_path: Path, make: object, fault: str
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    make(folder)  # type: ignore[operator]
    with pytest.raises(DataError, match=fault) as caught:
        check(folder)
    assert str(caught.value).isprintable()


def test_every_file_is_reported(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    check(pets(tmp_path), report=lambda done, total: told.append((done, total)))
    assert told[-1] == (17, 17)
    assert told == sorted(told)


def test_the_key_is_of_the_content_alone(tmp_path: Path) -> None:
    here = pets(tmp_path / "a")
    key = check(here).key
    there = tmp_path / "b" / "c"
    shutil.copytree(here, there)
    assert check(there).key == key
    # A file that is skipped is no part of it; a changed pixel, name, label or prompt is.
    (there / "cat" / "more.jpg").write_text("no image")
    assert check(there).key == key
    picture(there / "cat" / "000.png", 999)
    changed = check(there).key
    shutil.copy(here / "cat" / "000.png", there / "cat")
    assert check(there).key == key
    (there / "cat" / "000.png").rename(there / "cat" / "000a.png")
    renamed = check(there).key
    (there / "cat").rename(there / "wombat")
    prompts = tmp_path / "prompts.csv"
    prompts.write_text("class,prompt\ncat,a cat\n")
    prompted = registry.check(Source("pets", "folder", here, prompts=prompts))
    assert len({key, changed, renamed, check(there).key, prompted.key}) == 5
    assert prompted.prompts == prompts


def test_the_key_of_a_large_set_holds_lengths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pets(tmp_path)
    whole = check(tmp_path).key
    monkeypatch.setattr(examine, "KEY_BYTES", 1)
    lengths = check(tmp_path).key
    assert lengths != whole
    first = tmp_path / "cat" / "000.png"
    length = first.stat().st_size
    for value in range(1, 200):  # another image of the same length
        picture(first, value)
        if first.stat().st_size == length:
            break
    assert check(tmp_path).key == lengths
    first.write_bytes(first.read_bytes() + b"\0")
    assert check(tmp_path).key != lengths


def test_a_set_that_does_not_fit_the_memory_stays_in_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source("pets", "folder", pets(tmp_path))
    small = registry.load(source, 8)
    monkeypatch.setattr(listing, "MEMORY_LIMIT", 17 * 3 * 8 * 8 - 1)
    large = registry.load(source, 8)
    assert isinstance(small.train.images, np.ndarray)
    assert isinstance(large.train.images, FileImages)
    assert (large.train.images[:] == small.train.images).all()
    part, same = large.limited(6), small.limited(6)
    assert isinstance(part.train.images, FileImages)
    assert (part.train.images[:] == same.train.images).all()
    assert (part.train.ids == same.train.ids).all()
    assert (part.val.images[:] == small.val.images).all()
