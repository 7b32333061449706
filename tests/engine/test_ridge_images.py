"""The stand-in's image tower: patch features, ridge, and images it has not been fitted to."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from engine.encoders.patches import PatchFeatures
from engine.encoders.wordnet_images import RidgeImages

Images = NDArray[np.uint8]


def silent(done: int, total: int) -> None:
    pass


def noise(count: int, channels: int, side: int, seed: int = 2) -> Images:
    return np.random.default_rng(seed).integers(0, 256, (count, channels, side, side), np.uint8)


class Files:
    """Images that are read only a part at a time, as FileImages are; remembers the largest part."""

    def __init__(self, images: Images) -> None:
        self.shape, self._images, self.most = images.shape, images, 0

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, which: slice | NDArray[np.int64]) -> Images:
        part = self._images[which]
        self.most = max(self.most, len(part))
        return part


def texts(classes: int = 10) -> torch.Tensor:
    rng = torch.Generator().manual_seed(9)
    return F.normalize(torch.randn(classes, 24, generator=rng))


def test_digits_embed_well_and_train_is_no_better_than_val() -> None:
    digits = load_digits()
    images = (digits.images * 15).astype(np.uint8)[:, None]
    labels = torch.from_numpy(digits.target)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    train, val = order[:600], order[600:960]
    told: list[tuple[int, int]] = []
    towers = [
        RidgeImages.fit(images[train], labels[train], texts(), lambda *at: told.append(at))
        for _ in range(2)
    ]
    seen, unseen = towers[0].training(silent), towers[0].unseen(images[val], silent)
    assert told[0] == (600, 600)
    assert (seen.dtype, seen.shape, unseen.shape) == (torch.float32, (600, 24), (360, 24))
    torch.testing.assert_close(unseen.norm(dim=1), torch.ones(360))
    accuracy = [
        float((found @ texts().T).argmax(1).eq(labels[split]).double().mean())
        for found, split in ((seen, train), (unseen, val))
    ]
    assert min(accuracy) > 0.95
    assert abs(accuracy[0] - accuracy[1]) < 0.03
    assert seen.equal(towers[1].training(silent))
    assert unseen.equal(towers[1].unseen(images[val], silent))


def test_views_are_embedded_without_their_image() -> None:
    """A view of image i must not change with i's label, which only image i's own fit knows."""
    images = noise(40, 1, 8)
    labels = torch.arange(40) % 4
    other = labels.clone()
    other[7] = 3 - other[7]
    views = torch.from_numpy(noise(40, 1, 8, seed=3)).float() / 255
    fitted = [RidgeImages.fit(images, y, texts(4), silent) for y in (labels, other)]
    first, second = (replace(it, ridge=replace(it.ridge, strength=0.1)) for it in fitted)
    index = torch.tensor([7, 8])
    found = [tower.views(index, views[index]) for tower in (first, second)]
    torch.testing.assert_close(found[0][0], found[1][0], rtol=0, atol=1e-6)
    assert (found[0][1] - found[1][1]).abs().max() > 1e-5


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 40)])
def test_an_image_as_its_own_view_is_the_training_image(
    channels: int, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.encoders.patches.SMALL", 99)  # few filters, for speed
    images = noise(30, channels, side)
    tower = RidgeImages.fit(images, torch.arange(30) % 3, texts(3), silent)
    index = torch.tensor([29, 0, 11])
    pixels = torch.from_numpy(images).float() / 255
    found = tower.views(index, pixels[index])
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, tower.training(silent)[index], rtol=0, atol=1e-4)
    larger = F.interpolate(pixels[index], scale_factor=2, mode="nearest")
    assert tower.views(index, larger).shape == (3, 24)


def test_files_are_read_in_parts_and_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = noise(50, 3, 12), torch.arange(50) % 5
    whole = RidgeImages.fit(images, labels, texts(5), silent)
    monkeypatch.setattr("engine.encoders.ridge.BLOCK", 16)
    monkeypatch.setattr("engine.encoders.patches.SAMPLED_IMAGES", 50)
    monkeypatch.setattr("engine.encoders.wordnet_images.KEPT_FEATURES", 0)
    files, told = Files(images), []
    parts = RidgeImages.fit(files, labels, texts(5), lambda *at: told.append(at))
    assert told == [(16, 50), (32, 50), (48, 50), (50, 50)]
    torch.testing.assert_close(parts.training(silent), whole.training(silent))
    files.most = 0
    unseen = parts.unseen(files, silent)
    assert files.most == 16
    torch.testing.assert_close(unseen, whole.unseen(images, silent))
    index = torch.tensor([3, 49])
    views = torch.from_numpy(images[[3, 49]]).float() / 255
    torch.testing.assert_close(parts.views(index, views), whole.views(index, views))


@pytest.mark.parametrize(("channels", "side"), [(3, 64), (1, 8), (3, 32), (1, 28)])
def test_patch_features_fit_any_image(channels: int, side: int) -> None:
    images = noise(20, channels, side)
    extract = PatchFeatures.from_images(images)
    features = extract(torch.from_numpy(images))
    assert features.shape == (20, extract.dim)
    assert features.dtype == torch.float32
    assert features.ge(-1e-5).all()  # both sides are means of rectified responses
    alone = extract(torch.from_numpy(images[3:4]))
    torch.testing.assert_close(features[3:4], alone, rtol=1e-4, atol=1e-5)


def test_a_patch_response_is_the_whitened_filter_on_the_normalised_patch() -> None:
    """filters and bias fold W, the mean and the contrast: undo none of it, compute it directly."""
    images = noise(30, 1, 8)
    extract = PatchFeatures.from_images(images)
    pixels = torch.from_numpy(images[:1])
    windows = (pixels.double() * extract.gain).unfold(2, 3, 1).unfold(3, 3, 1)[0, 0]
    patches = windows.reshape(36, 9)
    normal = patches - patches.mean(1, keepdim=True)
    normal = normal / (normal.square().mean(1, keepdim=True) + 10).sqrt()
    response = normal @ extract.filters.double().flatten(1).T - extract.bias.double()
    above = (response - 0.5).relu().reshape(6, 6, -1)
    quadrants = above.reshape(2, 3, 2, 3, -1).mean((1, 3)).permute(2, 0, 1).flatten()
    found = extract(pixels)[0, : len(quadrants)]
    torch.testing.assert_close(found, quadrants.float(), rtol=1e-4, atol=1e-4)
