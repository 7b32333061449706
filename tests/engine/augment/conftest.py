"""Pictures, what is drawn for them, and the policies that every law holds for."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.augment import Augment
from engine.augment.pipeline import _RAND
from engine.counter import Stream, uniform

STRONG = {"crop": "resized", "flip": True, "auto": "cifar10", "cutout": 16}
WEAK = {"crop": "resized", "flip": True, "rotation": 15}
RAND = {"crop": "resized", "jitter": 0.4, "rand": {"ops": 2, "magnitude": 10, "std": 0.5}}
EVERYTHING = {**STRONG, **RAND, "crop": "shift", "pad": 3, "rotation": 20}
PHOTOS = {"crop": "shift", "rotation": 15, "auto": "imagenet"}
POLICIES: list[dict[str, Any]] = [STRONG, WEAK, RAND, EVERYTHING, PHOTOS, {"jitter": 0.4}, {}]


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Small tensors: threads only wait for each other, the more so beside other tests."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


@pytest.fixture(scope="session")
def pictures() -> Callable[..., Tensor]:
    """Blobs with little and much contrast, noise, and a flat picture; uint8 [B, C, size, size]."""

    def pictures(count: int, channels: int = 3, size: int = 32) -> Tensor:
        draw = torch.Generator().manual_seed(count)
        blobs = torch.rand(count, channels, 5, 5, generator=draw)
        blobs = torch.nn.functional.interpolate(blobs, size=(size, size), mode="bicubic")
        blobs = blobs * torch.linspace(40, 255, count)[:, None, None, None] + 10
        noise = 8 * torch.randn(count, channels, size, size, generator=draw)
        images = (blobs + noise).clamp(0, 255).to(torch.uint8)
        images[0] = 77
        return images

    return pictures


@pytest.fixture(scope="session")
def augmented() -> Callable[..., Tensor]:
    """The images by a policy, with ids from 0 and seed 0."""

    def augmented(policy: dict[str, Any], images: Tensor, size: int = 32) -> Tensor:
        return Augment(policy, size=size)(images, torch.arange(len(images)), seed=0, epoch=0)

    return augmented


@pytest.fixture(scope="session")
def drawn() -> Callable[[int], Tensor]:
    """What `augmented` draws for so many images."""

    def drawn(count: int) -> Tensor:
        return uniform(0, 0, torch.arange(count), 64, Stream.AUGMENT).double()[:, : _RAND + 10]

    return drawn
