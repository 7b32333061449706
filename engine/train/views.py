"""The pixels that a network sees: augmented training images and plain validation images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.augment import Augment
from engine.data.base import Dataset, Images, Split
from engine.data.files import FileImages

STATISTICS_FROM = 10_000  # files; an array gives the statistics of all its images
BLOCK = 1000  # images whose levels are counted at once


@dataclass(frozen=True)
class DeviceSplit:
    """A split for training: `labels` and `ids` int64 [N] on the device, and there too `images`
    uint8 [N, channels, H, W]; or they stay in their files and are fetched batch by batch."""

    images: Tensor | FileImages
    labels: Tensor
    ids: Tensor

    @classmethod
    def of(cls, split: Split, device: torch.device) -> "DeviceSplit":
        images = split.images
        labels, ids = (torch.from_numpy(part).to(device) for part in (split.labels, split.ids))
        if isinstance(images, FileImages):
            return cls(images, labels, ids)
        return cls(torch.from_numpy(images).to(device), labels, ids)

    def fetch(self, index: Tensor | slice) -> Tensor:
        """Images uint8 [B, channels, H, W] on the device."""
        if isinstance(self.images, Tensor):
            return self.images[index]
        where = index if isinstance(index, slice) else index.cpu().numpy()
        batch = torch.from_numpy(self.images[where])
        if self.labels.is_cuda:  # from pinned memory a copy does not wait for the device
            return batch.pin_memory().to(self.labels.device, non_blocking=True)
        return batch


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

    def training(self, index: Tensor, epoch: int) -> Tensor:
        """Augmented images float32 [B, channels, size, size] of the training samples `index`.

        Those of the last index are kept: a student and its teachers look at one batch in turn.
        """
        if self._seen is None or self._seen[0] is not index or self._seen[1] != epoch:
            self._seen = None  # makes room
            self._seen = index, epoch, self._normalised(self.pixels(index, epoch))
        return self._seen[2]

    def pixels(self, index: Tensor, epoch: int) -> Tensor:
        """As `training`, but in [0, 1] and not normalised: what an encoder is given."""
        images = resized(self.train.fetch(index), self._size)
        return self._augment(images, self.train.ids[index], seed=self._seed, epoch=epoch)

    def validation(self, start: int, stop: int) -> Tensor:
        """Plain images float32 [stop - start, channels, size, size] of the validation split."""
        return self._normalised(self.validation_pixels(start, stop))

    def validation_pixels(self, start: int, stop: int) -> Tensor:
        """As `validation`, but in [0, 1] and not normalised."""
        return resized(self.val.fetch(slice(start, stop)), self._size).float() / 255

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
