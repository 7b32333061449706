"""The stand-in's image tower: DeViSE's idea (Frome et al. 2013) in closed form.

Ridge regression from patch features to the class names' text embeddings, fitted on the training
split alone. Training images and their views get the prediction of the model without that image,
else T_x would learn from embeddings far better than validation's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.encoders.base import Pixels, Report
from engine.encoders.patches import LARGEST, PatchFeatures
from engine.encoders.ridge import Ridge, blocks

KEPT_FEATURES = 2 << 30  # bytes of features kept between the passes; more are computed again

Rows = Callable[[slice | Tensor], Tensor]
"""Training rows by a slice or int64 [B] → their features [B, F]."""


@dataclass(frozen=True)
class RidgeImages:
    """See `engine.encoders.base.ImageTower`.

    `targets` float64 [N, D] are the classes' texts of the training rows; `side` is the training
    images' (height, width), at most LARGEST each.
    """

    extract: PatchFeatures
    features: Rows
    ridge: Ridge
    targets: Tensor
    side: tuple[int, int]

    @classmethod
    def fit(cls, train: Pixels, labels: Tensor, class_texts: Tensor, report: Report) -> Self:
        """The strength is the one with the fewest leave-one-out errors of the nearest class."""
        extract = PatchFeatures.from_images(train)
        count = len(train)
        texts = class_texts.double()
        targets = texts[labels]

        def computed(which: slice | Tensor) -> Tensor:
            chosen = which if isinstance(which, slice) else which.numpy()
            return extract(torch.from_numpy(train[chosen]))

        def wrong(predicted: Tensor, which: slice) -> Tensor:
            return (predicted @ texts.T).argmax(1).ne(labels[which]).sum()

        features: Rows = computed
        told: Report | None = report
        if count * extract.dim * 4 <= KEPT_FEATURES:
            kept = torch.empty(count, extract.dim)
            for block in blocks(count):
                kept[block] = computed(block)
                report(block.stop, count)
            features, told = kept.__getitem__, None
        ridge = Ridge.fit(features, targets, wrong, report=told)
        height, width = (min(length, LARGEST) for length in train.shape[2:])
        return cls(extract, features, ridge, targets, (height, width))

    def training(self, report: Report) -> Tensor:
        count = len(self.targets)
        found = torch.empty(self.targets.shape)
        for block in blocks(count):
            rows = self.ridge.leave_one_out(self.features(block), self.targets[block])
            found[block] = F.normalize(rows).float()
            report(block.stop, count)
        return found

    def unseen(self, images: Pixels, report: Report) -> Tensor:
        found = torch.empty(len(images), self.targets.shape[1])
        for block in blocks(len(images)):
            rows = self.ridge.predict(self.extract(torch.from_numpy(images[block])))
            found[block] = F.normalize(rows).float()
            report(block.stop, len(images))
        return found

    def views(self, index: Tensor, pixels: Tensor) -> Tensor:
        index, views = index.cpu(), self._features_of(pixels)
        found = self.ridge.without(self.features(index), self.targets[index], views)
        return F.normalize(found).float()

    def unseen_views(self, pixels: Tensor) -> Tensor:
        return F.normalize(self.ridge.predict(self._features_of(pixels))).float()

    def _features_of(self, pixels: Tensor) -> Tensor:
        """Features of views, which are brought to the size of the training images, to which the
        patches are tuned; their levels are not rounded."""
        levels = pixels.cpu().float() * 255
        if levels.shape[2:] != self.side:
            levels = F.interpolate(levels, self.side, mode="bilinear", antialias=True)
        return self.extract(levels)
