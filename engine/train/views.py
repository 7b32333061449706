"""The pixels that a network sees: augmented training images and plain validation images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.augment import Augment
from engine.data.base import Dataset, Images, Split


@dataclass(frozen=True)
class DeviceSplit:
    """A split on the device: `images` uint8 [N, channels, H, W], `labels` and `ids` int64 [N]."""

    images: Tensor
    labels: Tensor
    ids: Tensor

    @classmethod
    def of(cls, split: Split, device: torch.device) -> "DeviceSplit":
        arrays = (split.images, split.labels, split.ids)
        return cls(*(torch.from_numpy(array).to(device) for array in arrays))


class Views:
    """The pixels a network sees: augmented training images and plain validation images.

    Both are normalised by the training split's channel mean and standard deviation.
    """

    def __init__(
        self, data: Dataset, policy: dict[str, Any], *, seed: int, device: torch.device
    ) -> None:
        self.train = DeviceSplit.of(data.train, device)
        self.val = DeviceSplit.of(data.val, device)
        self.classes = len(data.classes)
        self.channels = data.train.images.shape[1]
        self._augment = Augment(policy, size=data.train.images.shape[-1])
        self._seed = seed
        self._mean, self._std = (
            torch.tensor(stat, dtype=torch.float32, device=device).view(1, -1, 1, 1)
            for stat in channel_statistics(data.train.images)
        )

    def training(self, index: Tensor, epoch: int) -> Tensor:
        """Augmented images float32 [B, channels, H, W] of the training samples `index`."""
        images, ids = self.train.images[index], self.train.ids[index]
        return self._normalised(self._augment(images, ids, seed=self._seed, epoch=epoch))

    def validation(self, start: int, stop: int) -> Tensor:
        """Plain images float32 [stop - start, channels, H, W] of the validation split."""
        return self._normalised(self.val.images[start:stop].float() / 255)

    def _normalised(self, images: Tensor) -> Tensor:
        return ((images - self._mean) / self._std).contiguous(memory_format=torch.channels_last)


def channel_statistics(images: Images) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel of images uint8 [N, channels, H, W], of 1.

    From counts of the 256 levels, so that no copy in floats is made. A channel of one level has
    no deviation to divide by; it gets that of half a level.
    """
    levels = np.arange(256) / 255
    means, deviations = [], []
    for channel in range(images.shape[1]):
        counts = np.bincount(images[:, channel].ravel(), minlength=256)
        mean = float(counts @ levels / counts.sum())
        variance = float(counts @ (levels - mean) ** 2 / counts.sum())
        means.append(mean)
        deviations.append(max(variance**0.5, 0.5 / 255))
    return means, deviations
