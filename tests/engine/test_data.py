"""Datasets that come as arrays: what they hold, what they refuse, and limits that nest."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data import cifar, digits, registry
from engine.data.base import Dataset, content_key, proportional, split_of, stratified
from engine.data.registry import Source
from engine.data.shots import shot_groups
from engine.errors import DataError


def write_cifar(folder: Path, change: Callable[[str, dict[bytes, object]], object]) -> Path:
    """A CIFAR-100 folder in the official layout; `change` edits a file's table before it lands."""
    target = folder / cifar.FOLDER
    target.mkdir(parents=True)
    tables: dict[str, dict[bytes, object]] = {
        "meta": {b"fine_label_names": [f"class_{c}".encode() for c in range(100)]}
    }
    for name, count in cifar.COUNTS.items():
        tables[name] = {
            b"data": np.zeros((count, 3072), np.uint8),
            b"fine_labels": [i % 100 for i in range(count)],
        }
    for name, table in tables.items():
        (target / name).write_bytes(pickle.dumps(change(name, table), protocol=2))
    return folder


def unchanged(name: str, table: dict[bytes, object]) -> object:
    return table


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Training images whose first two pixels tell their place: class c has i = c, c + 100, …"""
    data = np.zeros((50_000, 3072), np.uint8)
    data[:, 0], data[:, 1] = np.divmod(np.arange(50_000), 250)
    return write_cifar(tmp_path_factory.mktemp("cifar"), in_train(data=data))


def test_cifar100_in_the_official_layout(official: Path) -> None:
    info = registry.check(Source("cifar100", "cifar100", official))
    assert info.size == (32, 32, 3)
    assert info.classes[3] == "class_3"
    assert info.train_per_class == (500,) * 100
    assert info.val_per_class == (100,) * 100
    assert registry.check(Source("cifar100", "cifar100", official / cifar.FOLDER)).key == info.key


def test_imb100_is_drawn_from_the_same_folder(official: Path) -> None:
    source = Source("cifar100-imb100", "cifar100-imb100", official)
    info, data = registry.check(source), registry.load(source, 32)
    assert (info.train_per_class[0], info.train_per_class[-1]) == (500, 5)
    # 500 · 0.01^(50/99) = 48.86
    assert info.train_per_class[50] == 48
    assert sum(info.train_per_class) == len(data.train) == 10_847
    assert list(info.train_per_class) == sorted(info.train_per_class, reverse=True)
    assert info.val_per_class == (100,) * 100
    assert (data.train.ids == np.arange(10_847)).all()
    first = data.train.images[:, 0, 0].astype(int)
    places = first[:, 0] * 250 + first[:, 1]
    assert len(set(places)) == 10_847
    assert (places % 100 == data.train.labels).all()
    assert (np.diff(places) > 0).all()
    # The draw is for good: which five of class 99 stay.
    assert places[data.train.labels == 99].tolist() == [5199, 7899, 9599, 17699, 42599]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CIFAR-100 of so few images that it may be written for every fault."""
    monkeypatch.setattr(cifar, "COUNTS", {"train": 500, "test": 100})


class _Hostile:
    def __reduce__(self) -> object:
        return os.system, ("touch should-not-exist",)


def in_train(**fields: object) -> Callable[[str, dict[bytes, object]], object]:
    new = {key.encode(): value for key, value in fields.items()}
    return lambda name, table: {**table, **new} if name == "train" else table


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (in_train(extra=_Hostile()), "asks for (posix|nt).system"),
        (
            in_train(data=np.zeros((10, 3072), np.uint8)),
            r"\(500, 3072\) but \(10, 3072",
        ),
        (in_train(data=np.zeros((500, 3072), np.int16)), "not uint8"),
        (in_train(data=[1, 2]), "but list"),
        (in_train(fine_labels=[0] * 499), "not a list of 500 labels"),
        (in_train(fine_labels=[100] + [0] * 499), "not a whole number from 0 to 99"),
        (in_train(fine_labels=["a"] + [0] * 499), "not a whole number from 0 to 99"),
        (lambda name, table: [] if name == "train" else table, "holds a list"),
        (lambda name, table: {} if name == "meta" else table, "fine_label_names"),
        (
            lambda name, table: {b"fine_label_names": [b"one"] * 100} if name == "meta" else table,
            "1 class names, not 100",
        ),
        (
            lambda name, table: (
                {b"fine_label_names": [b"\x1b[2J%d" % i for i in range(100)]}
                if name == "meta"
                else table
            ),
            r"called '\\x1b\[2J0', which cannot be shown",
        ),
    ],
)
def test_a_cifar_folder_with_a_fault_is_refused_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[str, dict[bytes, object]], object],
    fault: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=fault) as caught:
        cifar.load(write_cifar(tmp_path, change))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "should-not-exist").exists()


@pytest.mark.usefixtures("few")
def test_a_truncated_or_missing_file_is_named(tmp_path: Path) -> None:
    train = write_cifar(tmp_path, unchanged) / cifar.FOLDER / "train"
    train.write_bytes(train.read_bytes()[:1000])
    with pytest.raises(DataError, match="train: not a readable pickle"):
        cifar.load(tmp_path)
    train.unlink()
    with pytest.raises(DataError, match="train: missing"):
        cifar.load(tmp_path)
    with pytest.raises(DataError, match="no cifar-100-python folder"):
        cifar.load(tmp_path / "elsewhere")


def test_digits_are_what_the_built_in_record_says() -> None:
    data, info = digits.load(), registry.builtin()[0]
    assert content_key(data.classes, data.train, data.val) == info.key
    assert tuple(np.bincount(data.train.labels)) == info.train_per_class
    assert tuple(np.bincount(data.val.labels)) == info.val_per_class
    assert data.train.images.shape == (1438, 1, 8, 8)
    assert data.train.images.max() == 255


def test_a_limit_keeps_ids_and_classes_even() -> None:
    data = digits.load()
    part = data.limited(100)
    assert set(np.bincount(part.train.labels)) == {10}
    assert (part.train.images == data.train.images[part.train.ids]).all()
    assert data.limited(None) is data
    assert data.limited(5000) is data
    with pytest.raises(DataError, match="at least one image each"):
        data.limited(9)


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    limits=st.tuples(st.integers(1, 60), st.integers(1, 60)),
)
def test_limits_nest_and_are_even(labels: list[int], limits: tuple[int, int]) -> None:
    small, large = sorted(limits)
    array = np.array(labels)
    assert set(stratified(array, small)) <= set(stratified(array, large))
    taken = np.bincount(array[stratified(array, small)], minlength=5)
    total = np.bincount(array, minlength=5)
    left = taken < total
    if left.any():
        assert taken[left].max() - taken[left].min() <= 1
        assert taken.max() - taken[left].min() <= 1


labels_of_three = st.lists(st.integers(0, 2), min_size=3, max_size=80).map(
    lambda drawn: np.array([0, 1, 2, *drawn])
)


@given(labels=labels_of_three, limits=st.tuples(st.integers(3, 83), st.integers(3, 83)))
def test_proportional_limits_nest_and_keep_the_shape(
    labels: np.ndarray, limits: tuple[int, int]
) -> None:
    small, large = (min(limit, len(labels)) for limit in sorted(limits))
    index = proportional(labels, small)
    assert len(index) == small
    assert set(index) <= set(proportional(labels, large))
    taken, total = np.bincount(labels[index], minlength=3), np.bincount(labels)
    assert (taken >= 1).all()
    # Webster's: who has just drawn was never better off than who would be next.
    for a in np.flatnonzero(taken > 1):
        for b in np.flatnonzero(taken < total):
            assert (2 * taken[a] - 1) * total[b] <= (2 * taken[b] + 1) * total[a]


def long_tailed() -> Dataset:
    labels = np.repeat([0, 1, 2], [300, 60, 5])
    images = np.zeros((365, 1, 2, 2), np.uint8)
    val = split_of(images[:3], np.array([0, 1, 2]))
    return Dataset("tail", ("a", "b", "c"), split_of(images, labels), val)


def test_a_limit_keeps_a_long_tail_long() -> None:
    data = long_tailed()
    assert np.bincount(data.limited(73).train.labels).tolist() == [60, 12, 1]
    assert np.bincount(data.limited(3).train.labels).tolist() == [1, 1, 1]
    small, large = (set(data.limited(n).train.ids.tolist()) for n in (20, 150))
    assert small < large


def test_nothing_about_the_first_datasets_draws_has_changed() -> None:
    ids = digits.load().limited(12).train.ids
    assert ids.tolist() == [3, 137, 554, 829, 965, 1044, 1060, 1129, 1171, 1284, 1392, 1421]


def test_shot_groups_at_their_bounds() -> None:
    assert shot_groups([1280, 101, 100, 20, 19, 5]) == {
        "many": [0, 1],
        "medium": [2, 3],
        "few": [4, 5],
    }


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (Source("x", "y"), "unknown kind of dataset 'y'; known: digits, cifar100"),
        (Source("scene", "scene"), "wnkd dataset add scene PATH"),
    ],
)
def test_a_source_that_cannot_be_read(source: Source, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        registry.load(source, 8)


def test_a_known_name_is_its_own_kind_and_any_other_a_folder() -> None:
    assert [registry.kind_of(name) for name in ("imagenet-lt", "digits", "my pets")] == [
        "imagenet-lt",
        "digits",
        "folder",
    ]
