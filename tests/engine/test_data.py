"""Datasets: what they hold, what they refuse, and limits that nest."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data import cifar, digits, registry
from engine.data.base import content_key, stratified
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


def test_cifar100_in_the_official_layout(tmp_path: Path) -> None:
    info = registry.check("cifar100", write_cifar(tmp_path, unchanged))
    assert info.size == (32, 32, 3)
    assert info.classes[3] == "class_3"
    assert info.train_per_class == (500,) * 100
    assert info.val_per_class == (100,) * 100
    assert registry.check("cifar100", tmp_path / cifar.FOLDER).key == info.key


class _Hostile:
    def __reduce__(self) -> object:
        return os.system, ("touch should-not-exist",)


def in_train(**fields: object) -> Callable[[str, dict[bytes, object]], object]:
    new = {key.encode(): value for key, value in fields.items()}
    return lambda name, table: {**table, **new} if name == "train" else table


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (in_train(extra=_Hostile()), "asks for (posix|nt).system"),
        (
            in_train(data=np.zeros((10, 3072), np.uint8)),
            r"\(50000, 3072\) but \(10, 3072",
        ),
        (in_train(data=np.zeros((50_000, 3072), np.int16)), "not uint8"),
        (in_train(data=[1, 2]), "but list"),
        (in_train(fine_labels=[0] * 49_999), "not a list of 50000 labels"),
        (in_train(fine_labels=[100] + [0] * 49_999), "not a whole number from 0 to 99"),
        (in_train(fine_labels=["a"] + [0] * 49_999), "not a whole number from 0 to 99"),
        (lambda name, table: [] if name == "train" else table, "holds a list"),
        (lambda name, table: {} if name == "meta" else table, "fine_label_names"),
        (
            lambda name, table: {b"fine_label_names": [b"one"] * 100} if name == "meta" else table,
            "1 class names, not 100",
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
