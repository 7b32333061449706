"""The embedded default: the library's digits, read without the library."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from engine.data import digits
from engine.errors import DataError


def test_they_are_the_librarys() -> None:
    data = digits.load()
    pixels, labels = load_digits(return_X_y=True)
    found = np.concatenate([data.train.images, data.val.images]).reshape(-1, 64)
    given = np.round(pixels * (255 / 16)).astype(np.uint8)
    assert sorted(map(bytes, found)) == sorted(map(bytes, given))
    of = {bytes(image): label for image, label in zip(given, labels, strict=True)}
    for split in (data.train, data.val):
        images = split.images.reshape(-1, 64)
        assert [of[bytes(image)] for image in images] == list(split.labels)


def test_the_library_is_not_imported_for_them() -> None:
    code = "import sys; from engine.data import digits; digits.load(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sklearn", "scipy"} & set(done.stdout.split())


def test_a_library_without_them_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sklearn.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sklearn", raising=False)
    with pytest.raises(DataError, match=r"digits\.csv\.gz: not readable"):
        digits.load()
