"""Views: the size that a network asks for, files fetched in batches, statistics."""

from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from engine.augment import Augment
from engine.data import digits
from engine.data.base import Dataset, split_of
from engine.data.files import FileImages
from engine.streamed import Streamed
from engine.train import views
from engine.train.batch import epoch_batches
from engine.train.criterion import Supervised
from engine.train.expert import ExpertTask
from engine.train.image import ImageTask
from engine.train.views import Views, channel_statistics, resized

CPU = torch.device("cpu")
WEAK = {"crop": "resized", "flip": True}


def linear(pixels: np.ndarray, size: int) -> np.ndarray:
    """Bilinear enlargement of one image [H, W] by its definition, in float64."""
    out = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            weight = 0.0
            total = 0.0
            y, x = ((k + 0.5) * pixels.shape[0] / size - 0.5 for k in (i, j))
            for a in (int(np.floor(y)), int(np.floor(y)) + 1):
                for b in (int(np.floor(x)), int(np.floor(x)) + 1):
                    share = (1 - abs(y - a)) * (1 - abs(x - b))
                    inside = pixels[np.clip(a, 0, len(pixels) - 1), np.clip(b, 0, len(pixels) - 1)]
                    total += share * inside
                    weight += share
            out[i, j] = total / weight
    return out


def test_small_images_are_enlarged_to_levels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 5), np.uint8)
    large = resized(torch.from_numpy(image)[None, None], 12)
    assert (large.dtype, large.shape) == (torch.uint8, (1, 1, 12, 12))
    exact = linear(image, 12)
    assert abs(large[0, 0].numpy() - exact).max() <= 0.5 + 1e-4


def test_large_images_are_made_smaller_by_averaging() -> None:
    stripes = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    stripes[..., ::2] = 255
    assert (resized(stripes, 4).int() - 127).abs().max() < 20
    same = torch.full((1, 3, 4, 4), 9, dtype=torch.uint8)
    assert resized(same, 4) is same


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits.load().limited(40)


def test_views_have_the_size_that_is_asked_for(data: Dataset) -> None:
    large = Views(data, WEAK, size=20, seed=1, device=CPU)
    index = torch.tensor([3, 0, 31])
    assert large.training(index, 0).shape == (3, 1, 20, 20)
    plain = list(large.validation(100))
    assert [len(images) for images in plain] == [100, 100, 100, 59]
    mean, std = channel_statistics(data.train.images)
    images = resized(torch.from_numpy(data.val.images[2:9]), 20).float() / 255
    torch.testing.assert_close(plain[0][2:9], (images - mean[0]) / std[0])
    pixels = large.pixels(index, 4)
    torch.testing.assert_close(large.training(index, 4), (pixels - mean[0]) / std[0])
    assert (pixels.min(), pixels.max()) >= (0, 0)
    assert pixels.max() <= 1
    own = Augment(WEAK, size=20)(
        resized(torch.from_numpy(data.train.images[index.numpy()]), 20),
        torch.from_numpy(data.train.ids)[index],
        seed=1,
        epoch=4,
    )
    assert torch.equal(pixels, own)


@pytest.fixture
def files(tmp_path: Path) -> Dataset:
    """Twelve noisy images for training, three for validation, in files."""
    rng = np.random.default_rng(0)
    for i in range(15):
        Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).save(tmp_path / f"{i}.png")
    train, val = (
        FileImages(tmp_path, [f"{i}.png" for i in which], 9, dataset="noise")
        for which in (range(12), range(12, 15))
    )
    return Dataset(
        "noise",
        ("a", "b"),
        split_of(train, np.arange(12) % 2),
        split_of(val, np.array([0, 1, 0])),
    )


def in_memory(data: Dataset) -> Dataset:
    train, val = (split_of(s.images[:], s.labels) for s in (data.train, data.val))
    return Dataset(data.name, data.classes, train, val)


@pytest.mark.parametrize("size", [9, 14])
def test_files_give_the_same_views_as_arrays(files: Dataset, size: int) -> None:
    streamed, held = (
        Views(d, WEAK, size=size, seed=5, device=CPU) for d in (files, in_memory(files))
    )
    index = torch.tensor([11, 2, 2, 7])
    assert isinstance(streamed.train.images, Streamed)
    assert streamed.channels == 3
    assert torch.equal(streamed.training(index, 3), held.training(index, 3))
    for one, other in zip(streamed.validation(2), held.validation(2), strict=True):
        assert torch.equal(one, other)


def test_a_view_is_the_same_in_any_batch(files: Dataset) -> None:
    seen = Views(files, WEAK, size=9, seed=5, device=CPU)
    whole = seen.training(torch.arange(12), 2)
    assert torch.equal(seen.training(torch.tensor([9, 4]), 2), whole[[9, 4]])


def test_a_batch_that_several_networks_look_at_is_made_once(files: Dataset) -> None:
    seen = Views(files, WEAK, size=9, seed=5, device=CPU)
    index = torch.tensor([9, 4])
    first = seen.training(index, 2)
    assert seen.training(index, 2) is first
    assert not torch.equal(seen.training(index, 3), first)  # another epoch
    assert torch.equal(seen.training(torch.tensor([4, 9]), 2), first.flip(0))  # another batch
    assert torch.equal(seen.training(index, 2), first)


@pytest.mark.parametrize("group", [None, [1]])
def test_a_task_has_the_next_batch_read_ahead(
    files: Dataset, group: list[int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Tensor, Tensor | None]] = []
    fetch = Streamed.fetch

    def told(self: Streamed, which: Tensor, following: Tensor | None = None) -> Tensor:
        asked.append((which, following))
        return fetch(self, which, following)

    monkeypatch.setattr(Streamed, "fetch", told)
    seen = Views(files, WEAK, size=9, seed=5, device=CPU)
    module = nn.Sequential(nn.Flatten(), nn.Linear(3 * 9 * 9, 2))
    common: dict[str, Any] = {"weight_decay": 0.0, "precision": nullcontext}
    task = (
        ExpertTask(module, seen, Supervised(), group=group, **common)
        if group
        else ImageTask(module, seen, Supervised(), **common)
    )
    for batch in epoch_batches(task.samples, 2, seed=0, epoch=0, device=CPU):
        task.losses(batch)
    assert len(asked) == task.samples // 2
    for (_, following), (next_one, _) in pairwise(asked):
        assert following is not None
        assert torch.equal(following, next_one)
    assert asked[-1][1] is None


def test_statistics_are_exact_for_arrays_and_sampled_for_files(
    files: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "BLOCK", 5)
    pixels = files.train.images[:].astype(np.float64) / 255
    for images in (files.train.images, files.train.images[:]):
        mean, std = channel_statistics(images)
        np.testing.assert_allclose(mean, pixels.mean((0, 2, 3)))
        np.testing.assert_allclose(std, pixels.std((0, 2, 3)))
    monkeypatch.setattr(views, "STATISTICS_FROM", 4)
    mean, _ = channel_statistics(files.train.images)
    np.testing.assert_allclose(mean, pixels[[0, 4, 7, 11]].mean((0, 2, 3)))
    assert channel_statistics(files.train.images[:])[0] != mean
