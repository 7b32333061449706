"""Photographs of ImageNet's usual size, made here: JPEG files for the benchmarks of large sets."""

from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT, QUALITY = 500, 375, 95  # about 110 KB each, the mean of ImageNet's files


def write(folder: Path, count: int) -> list[str]:
    """Names of `count` files in `folder`: soft shapes at several scales, with a sensor's noise."""
    draw = np.random.default_rng(0)
    names = [f"{i:06}.jpg" for i in range(count)]
    for name in names:
        pixels = 128 + draw.normal(0, 8, (HEIGHT, WIDTH, 3))
        for side in (4, 16, 64):
            coarse = Image.fromarray(draw.integers(0, 256, (side, side, 3), np.uint8))
            soft = coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
            pixels += (np.asarray(soft) - 128.0) / 2
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        image.save(folder / name, quality=QUALITY)
    return names
