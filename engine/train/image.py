"""Image classifiers: T_1s, T_2w (no teacher) and the student (with or without teachers)."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.augment import Augment
from engine.data.base import Dataset, Images, Split
from engine.losses import combined_logits, student_loss

EVAL_BATCH = 1000
Precision = Callable[[], AbstractContextManager[Any]]


def precision_context(device: torch.device, precision: str) -> Precision:
    """bf16 autocast on a GPU where the recipe asks for it; a CPU computes in float32."""
    if precision == "bf16" and device.type == "cuda":
        return lambda: torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext


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


class TeacherLogits:
    """What the teachers say of training samples, as tables.

    `image`: for each member of T_m an array float16 [epochs, N, C] (a memory map), one row for
    each view that the student will see. `multimodal`: T_x's float32 [N, C], the same every epoch.
    """

    def __init__(
        self, image: list[Any], multimodal: Tensor | None, *, device: torch.device
    ) -> None:
        self._image, self._multimodal, self._device = image, multimodal, device
        self._epoch: Tensor | None = multimodal

    def begin_epoch(self, epoch: int) -> None:
        members = [torch.from_numpy(table[epoch].copy()).to(self._device) for table in self._image]
        self._epoch = combined_logits(members, self._multimodal)

    def __call__(self, index: Tensor) -> Tensor:
        """Eq. 1's mean, float32 [B, C]."""
        assert self._epoch is not None, "begin_epoch comes first"
        return self._epoch[index]


class ImageTask:
    """Trains an image classifier; `teachers` None is plain supervised training."""

    def __init__(
        self,
        module: nn.Module,
        views: Views,
        *,
        weight_decay: float,
        precision: Precision,
        teachers: TeacherLogits | None = None,
        tau: float | None = None,
        lam: float | None = None,
    ) -> None:
        self.module = module
        self._views, self._precision = views, precision
        self._weight_decay = weight_decay
        self._teachers, self._tau, self._lam = teachers, tau or 1.0, lam or 0.0

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters()), "weight_decay": self._weight_decay}]

    def begin_epoch(self, epoch: int) -> None:
        if self._teachers:
            self._teachers.begin_epoch(epoch)

    def losses(self, index: Tensor, epoch: int) -> dict[str, Tensor]:
        labels = self._views.train.labels[index]
        images = self._views.training(index, epoch)
        with self._precision():
            logits = self.module(images)
        taught = self._teachers(index) if self._teachers else None
        loss = student_loss(logits, labels, taught, self._tau, self._lam)
        return {"loss": loss, "top1": _top1(logits, labels)}

    def after_step(self) -> None: ...

    def evaluate(self) -> dict[str, float]:
        logits = predict(
            self.module, self._views.validation, len(self._views.val.labels), self._precision
        )
        return scores(logits, self._views.val.labels)


@torch.no_grad()
def predict(
    module: nn.Module, views: Callable[[int, int], Tensor], samples: int, precision: Precision
) -> Tensor:
    """Logits float32 [samples, C] of a module in eval mode over views(start, stop)."""
    parts = []
    for start in range(0, samples, EVAL_BATCH):
        with precision():
            parts.append(module(views(start, min(start + EVAL_BATCH, samples))).float())
    return torch.cat(parts)


def scores(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """`val_loss` (mean cross-entropy) and `val_top1` (percent) of logits [N, C]."""
    return {
        "val_loss": float(F.cross_entropy(logits, labels)),
        "val_top1": float(_top1(logits, labels)),
    }


def _top1(logits: Tensor, labels: Tensor) -> Tensor:
    """Percent of samples whose largest logit is the label's."""
    return (logits.argmax(1) == labels).double().mean() * 100
