"""A damaged artifact that has its size is told in one line: which file, and what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import ArtifactError
from engine.stages import tables
from engine.train.teachers import mapped


def told(call: Callable[[], object]) -> str:
    with pytest.raises(ArtifactError, match=r"remove the artifact and retry$") as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_tensor_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / tables.BANK
    tables.save({"bank": torch.eye(2)}, path)
    assert torch.equal(tables.one(path, "bank", "cpu"), torch.eye(2))
    assert f"{path}: has no centres" in told(lambda: tables.one(path, "centres", "cpu"))
    path.write_bytes(path.read_bytes()[:-3])
    assert f"{path}: not readable" in told(lambda: tables.one(path, "bank", "cpu"))


@pytest.mark.parametrize(
    ("weights", "fault"),
    [
        ({"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}, "size mismatch for weight"),
        ({"weight": torch.zeros(2, 5)}, 'Missing key(s) in state_dict: "bias"'),
    ],
)
def test_the_weights_of_another_network(
    weights: dict[str, Any], fault: str, tmp_path: Path
) -> None:
    path = tmp_path / tables.MODEL
    tables.save(weights, path)
    assert fault in told(lambda: tables.fill(nn.Linear(5, 2), path, "cpu"))


@pytest.mark.parametrize("name", ["train_images", "classes.json"])
def test_embeddings_that_are_not_whole(name: str, desk: Any) -> None:
    desk.embedded()
    at = desk.store.path(desk.inputs["embed"])
    if name == tables.CLASSES:
        (at / name).write_bytes(b"\xff[")
    else:
        kept = tables.load(at / tables.EMBEDDINGS, "cpu")
        del kept[name]
        tables.save(kept, at / tables.EMBEDDINGS)
    assert f"{at}: no whole embeddings" in told(lambda: tables.Embedded.load(at, "cpu"))


def test_a_table_of_views_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / tables.VIEWS
    np.save(path, np.zeros((4, 5, 6), np.float16))
    assert mapped(path).shape == (4, 5, 6)
    path.write_bytes(path.read_bytes()[:-1])
    assert f"{path}: not readable" in told(lambda: mapped(path))
