"""The pixels that a network sees: augmented training images and plain validation images."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.augment import Augment
from engine.data.base import Dataset, Images, Split
from engine.data.files import FileImages
from engine.streamed import Streamed, in_parts
from engine.train import ranks

STATISTICS_FROM = 10_000  # files; an array gives the statistics of all its images
BLOCK = 1000  # images whose levels are counted at once


@dataclass(frozen=True)
class DeviceSplit:
    """A split for training: `labels` and `ids` int64 [N] on the device, and there too `images`
    uint8 [N, channels, H, W]; or they stay in their files and come batch by batch."""

    images: Tensor | Streamed
    labels: Tensor
    ids: Tensor

    @classmethod
    def of(cls, split: Split, device: torch.device) -> "DeviceSplit":
        images = split.images
        labels, ids = (torch.from_numpy(part).to(device) for part in (split.labels, split.ids))
        if isinstance(images, FileImages):
            return cls(Streamed(images, device), labels, ids)
        return cls(torch.from_numpy(images).to(device), labels, ids)

    def fetch(self, index: Tensor, following: Tensor | None = None) -> Tensor:
        """Images uint8 [B, channels, H, W] on the device; `following` are those asked for next."""
        if isinstance(self.images, Tensor):
            return self.images[index]
        return self.images.fetch(index, following)

    def batches(self, size: int) -> Iterable[Tensor]:
        """All images in their order, `size` at a time; ranks of a job share these out by turns."""
        images, parts = self.images, ranks.mine(in_parts(len(self.labels), size))
        if isinstance(images, Tensor):
            return (images[part] for part in parts)
        return images.batches(parts)


class Views:
    """The pixels a network sees: augmented training images and plain validation images.

    Images that are not size×size are brought to it first (`resized`). Both kinds are normalised by
    the training split's channel mean and standard deviation.
    """

    def __init__(
        self,
        data: Dataset,
        policy: dict[str, Any],
        *,
        size: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.train = DeviceSplit.of(data.train, device)
        self.val = DeviceSplit.of(data.val, device)
        self.classes = len(data.classes)
        self.channels = data.train.images.shape[1]
        self._size = size
        self._augment = Augment(policy, size=size)
        self._seed = seed
        self._seen: tuple[Tensor, int, Tensor] | None = None  # index, epoch and views
        self._mean, self._std = (
            torch.tensor(stat, dtype=torch.float32, device=device).view(1, -1, 1, 1)
            for stat in channel_statistics(data.train.images)
        )

    def training(self, index: Tensor, epoch: int, following: Tensor | None = None) -> Tensor:
        """Augmented images float32 [B, channels, size, size] of the training samples `index`.

        Those of the last index are kept: a student and its teachers look at one batch in turn.
        `following`, the next batch's index, is for files: they are read meanwhile.
        """
        if self._seen is None or self._seen[0] is not index or self._seen[1] != epoch:
            self._seen = None  # makes room
            images = self._normalised(self.pixels(index, epoch, following))
            self._seen = index, epoch, images
        return self._seen[2]

    def pixels(self, index: Tensor, epoch: int, following: Tensor | None = None) -> Tensor:
        """As `training`, but in [0, 1] and not normalised: what an encoder is given."""
        images = resized(self.train.fetch(index, following), self._size)
        return self._augment(images, self.train.ids[index], seed=self._seed, epoch=epoch)

    def validation(self, size: int) -> Iterator[Tensor]:
        """All plain images float32 [B, channels, H, H] of the validation split, in order, `size`
        at a time; ranks of a job share these out by turns."""
        return map(self._normalised, self.validation_pixels(size))

    def validation_pixels(self, size: int) -> Iterator[Tensor]:
        """As `validation`, but in [0, 1] and not normalised."""
        for images in self.val.batches(size):
            yield resized(images, self._size).float() / 255

    def _normalised(self, images: Tensor) -> Tensor:
        return ((images - self._mean) / self._std).contiguous(memory_format=torch.channels_last)


def resized(images: Tensor, size: int) -> Tensor:
    """Images uint8 [B, channels, H, W] as [B, channels, size, size]: bilinear, rounded to levels.

    Half-pixel centres, edges repeated; antialiased where it makes a side smaller.
    """
    if images.shape[-2:] == (size, size):
        return images
    shrinks = min(images.shape[-2:]) > size
    return (
        F.interpolate(images.float(), (size, size), mode="bilinear", antialias=shrinks)
        .round()
        .to(torch.uint8)
    )


def channel_statistics(images: Images) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel of images uint8 [N, channels, H, W], of 1.

    From counts of the 256 levels, so that no copy in floats is made; of images in files, from at
    most STATISTICS_FROM, evenly spaced. A channel of one level has no deviation to divide by; it
    gets that of half a level.
    """
    which = np.arange(len(images))
    if isinstance(images, FileImages) and len(images) > STATISTICS_FROM:
        which = np.linspace(0, len(images) - 1, STATISTICS_FROM).round().astype(np.int64)
    counts = np.zeros((images.shape[1], 256), dtype=np.int64)
    for start in range(0, len(which), BLOCK):
        block = images[which[start : start + BLOCK]]
        for channel in range(len(counts)):
            counts[channel] += np.bincount(block[:, channel].ravel(), minlength=256)
    levels = np.arange(256) / 255
    means, deviations = [], []
    for count in counts:
        mean = float(count @ levels / count.sum())
        variance = float(count @ (levels - mean) ** 2 / count.sum())
        means.append(mean)
        deviations.append(max(variance**0.5, 0.5 / 255))
    return means, deviations
