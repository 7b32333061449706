"""Pixels as an open_clip model wants them, in batches on the device."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor

# CIFAR-100's training pixels. The authors' code feeds CLIP augmented images with these, whatever
# CLIP was trained with (`embed: augmented` in method.md).
CIFAR_MEAN, CIFAR_STD = (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)


def prepare(images: Tensor, preprocess: dict[str, Any]) -> Tensor:
    """Images uint8 [B, ch, H, W] as the model's own preprocessing has them: float32 [B, 3, h, w].

    Shortest side to size and centre crop (or a squash, where the model's config says so), bicubic
    with antialiasing as PIL does, grey as three equal channels, the model's mean and std.
    """
    return _normalised(_resized(images.float(), preprocess, whole=True) / 255, preprocess)


def prepare_view(pixels: Tensor, preprocess: dict[str, Any]) -> Tensor:
    """Augmented images float [B, ch, H, W] in 0 to 1, as the authors feed them to CLIP.

    float32 [B, 3, h, w]: resized as in `prepare` but not rounded to levels, normalised with CIFAR's
    mean and std.
    """
    resized = _resized(pixels.float(), preprocess, whole=False)
    return _normalised(resized, {"mean": CIFAR_MEAN, "std": CIFAR_STD})


def _resized(pixels: Tensor, preprocess: dict[str, Any], *, whole: bool) -> Tensor:
    """[B, 3, h, w]; `whole`: of levels 0 to 255 and rounded to them, as in a PIL image."""
    size = preprocess["size"]
    height, width = size if isinstance(size, tuple | list) else (size, size)
    if preprocess.get("resize_mode", "shortest") == "squash":
        resized = height, width
    else:
        ratio = max(height / pixels.shape[2], width / pixels.shape[3])
        # Rounded as torchvision's Resize and CenterCrop do, which open_clip builds on.
        resized = int(pixels.shape[2] * ratio), int(pixels.shape[3] * ratio)
    if resized != tuple(pixels.shape[2:]):
        mode = preprocess.get("interpolation", "bicubic")
        pixels = F.interpolate(pixels, resized, mode=mode, antialias=True)
        # Bicubic goes past both ends.
        pixels = pixels.clamp(0, 255).round() if whole else pixels.clamp(0, 1)
    top, left = round((resized[0] - height) / 2), round((resized[1] - width) / 2)
    return pixels[:, :, top : top + height, left : left + width].expand(-1, 3, -1, -1)


def _normalised(pixels: Tensor, statistics: dict[str, Any]) -> Tensor:
    mean, std = (pixels.new_tensor(statistics[k])[:, None, None] for k in ("mean", "std"))
    return (pixels - mean) / std
