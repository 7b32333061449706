"""Single-layer convolutional features without training (Coates, Lee & Ng, AISTATS 2011).

Patches are contrast-normalised and ZCA-whitened; random whitened patches of the training split are
the filters; responses are rectified to both sides and averaged over the image's four quadrants.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.encoders.base import Pixels

LARGEST = 32  # pixels; larger images are shrunk to this side, which bounds time and memory
SMALL = 16  # images below this side (digits) get small patches and fewer filters
SAMPLED_IMAGES, SAMPLED_PATCHES = 2_000, 40_000
CONTRAST = 10.0  # added to a patch's variance (pixels 0 to 255): flat patches stay small
WHITENING = 0.1  # added to the eigenvalues of the patches' covariance
AT_ONCE = 16  # images whose K response maps are held at a time
THRESHOLD = 0.5  # a response below it, to either side, is 0


@dataclass(frozen=True)
class PatchFeatures:
    """`filters` float32 [K, ch, k, k], sum 0 each, and `bias` [K], which hold the whitening."""

    filters: Tensor
    bias: Tensor
    gain: float

    @property
    def dim(self) -> int:
        """Features per image: two sides × four quadrants × K."""
        return 8 * len(self.filters)

    @classmethod
    def from_images(cls, train: Pixels, seed: int = 0) -> Self:
        """Draw filters from `train` [N, ch, H, W]; the same images and seed, the same filters."""
        rng = np.random.Generator(np.random.Philox(seed))
        picked = rng.permutation(len(train))[:SAMPLED_IMAGES]
        sample = torch.from_numpy(train[np.sort(picked)])
        gain = 255.0 / max(1, int(sample.max()))  # digits may come as 0 to 16
        images = shrink(sample) * gain
        size, count = (3, 100) if min(images.shape[-2:]) < SMALL else (6, 400)

        windows = images.unfold(2, size, 1).unfold(3, size, 1).permute(0, 2, 3, 1, 4, 5)
        total = windows.shape[:3].numel()
        places = rng.choice(total, min(total, SAMPLED_PATCHES), replace=False)
        where = np.unravel_index(places, windows.shape[:3])
        patches = windows[tuple(torch.from_numpy(axis) for axis in where)].double()
        shape = patches.shape[1:]
        patches = patches.flatten(1)
        patches = patches - patches.mean(1, keepdim=True)
        contrast = patches.square().mean(1, keepdim=True)
        patches = patches / (contrast + CONTRAST).sqrt()

        mean = patches.mean(0)
        values, vectors = torch.linalg.eigh(torch.cov(patches.T))
        whiten = (vectors / (values.clamp_min(0) + WHITENING).sqrt()) @ vectors.T
        # Flat patches (a digit's margin) are all alike: as filters they would be repeats.
        lively = patches[contrast[:, 0] > CONTRAST]
        chosen = (lively if len(lively) else patches)[:count]
        directions = F.normalize((chosen - mean) @ whiten, dim=1) @ whiten
        filters = directions - directions.mean(1, keepdim=True)  # takes off a patch's own mean
        return cls(filters.reshape(-1, *shape).float(), (directions @ mean).float(), gain)

    def __call__(self, images: Tensor) -> Tensor:
        """Images [B, ch, H, W] of levels 0 to 255, whole or not → features float32 [B, 8K]."""
        return torch.cat([self._few(few) for few in images.split(AT_ONCE)])

    def _few(self, images: Tensor) -> Tensor:
        pixels = shrink(images) * self.gain
        kernel = self.filters.shape[-1]
        # A patch's variance from the box means of x and x², over its channels too.
        first = F.avg_pool2d(pixels.mean(1, keepdim=True), kernel, 1)
        second = F.avg_pool2d(pixels.square().mean(1, keepdim=True), kernel, 1)
        spread = ((second - first.square()).clamp_min(0) + CONTRAST).sqrt()
        response = F.conv2d(pixels, self.filters).div_(spread).sub_(self.bias[:, None, None])
        both = F.softshrink(response, THRESHOLD)
        # The mean of max(r, 0) less the mean of r is the mean of max(-r, 0): one map less to hold.
        mean = F.adaptive_avg_pool2d(both, 2).flatten(1)
        above = F.adaptive_avg_pool2d(both.relu_(), 2).flatten(1)
        return torch.cat([above, above - mean], 1)


def shrink(images: Tensor) -> Tensor:
    """Images as float32 0 to 255, no side longer than LARGEST."""
    pixels = images.float()
    height, width = (min(side, LARGEST) for side in images.shape[-2:])
    if (height, width) == tuple(images.shape[-2:]):
        return pixels
    return F.interpolate(pixels, (height, width), mode="bilinear", antialias=True)
