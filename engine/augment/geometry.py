"""Crop, flip, rotation, shear and translation as maps of coordinates, and one sampling at the end.

A map takes a point of the result to the point of the image it comes from. Coordinates are pixels,
and a pixel's centre lies at its index + 0.5. Every map but the last is from the frame (the
size × size result) to the frame; the last, a box, is from the frame to the source image.

Each image is resampled once, bilinearly. Pillow in sequence would resample after each step (the
published policies with the nearest pixel): fewer, smoother steps here, and no drift. What a step
pushes out of the frame is gone as in a sequence: a later step brings back fill, not image.
Shrinking is not anti-aliased: give images at most about twice the size of the crop they become.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.augment.ops import Op

_TRIES = 10
CROP_DRAWS = 2 * _TRIES + 2


class Map(NamedTuple):
    """x' = a·x + b·y + c and y' = d·x + e·y + f, each coefficient float32 [B, 1, 1]."""

    a: Tensor
    b: Tensor
    c: Tensor
    d: Tensor
    e: Tensor
    f: Tensor

    def __call__(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f


class Box(NamedTuple):
    """The part of each source image that fills the frame: whole pixels, float32 [B, 1, 1] each."""

    left: Tensor
    top: Tensor
    width: Tensor
    height: Tensor


def op_map(op: Tensor, value: Tensor, side: int) -> Map:
    """Map of one drawn operation per image; the identity where it is not a geometric one.

    op: int64 [B]. value: float64 [B], meaning as in Op. side: the frame's side in pixels.
    """

    def only(kind: Op) -> Tensor:
        return torch.where(op == kind, value, 0.0)

    a, b, c, d, e, f = _rotation(only(Op.ROTATE), side)
    across, down = ((only(op) * side).trunc() for op in (Op.TRANSLATE_X, Op.TRANSLATE_Y))
    # At most one of the five is there, so they add up: each leaves the others' terms alone.
    return Map(*_columns(a, b + only(Op.SHEAR_X), c - across, d + only(Op.SHEAR_Y), e, f - down))


def rotation_map(degrees: Tensor, side: int) -> Map:
    """Turn counter-clockwise about the frame's middle. degrees: float64 [B]."""
    return Map(*_columns(*_rotation(degrees, side)))


def shift_map(u: Tensor, pad: int) -> Map:
    """Move by whole pixels, uniform in -pad..pad each way. u: float64 [B, 2] in [0, 1)."""
    across, down = ((u * (2 * pad + 1)).floor() - pad).unbind(1)
    one, zero = torch.ones_like(across), torch.zeros_like(across)
    return Map(*_columns(one, zero, -across, zero, one, -down))


def whole_box(count: int, height: int, width: int, device: torch.device) -> Box:
    """The whole image, for `count` images."""
    zero = torch.zeros(count, 1, 1, device=device)
    return Box(zero, zero, zero + width, zero + height)


def random_box(
    u: Tensor, height: int, width: int, scale: tuple[float, float], ratio: tuple[float, float]
) -> Box:
    """A random box of an area share in `scale` and an aspect (width / height) in `ratio`.

    u: float64 [B, CROP_DRAWS] in [0, 1). Area is uniform, the aspect's logarithm is uniform; the
    first of ten tries that fits is taken, else the largest middle box of an allowed aspect (the
    crop of Szegedy et al. 2015, "Going deeper with convolutions", as commonly completed).
    """
    share, aspect = u[:, :_TRIES], u[:, _TRIES : 2 * _TRIES]
    area = height * width * (scale[0] + share * (scale[1] - scale[0]))
    low, high = math.log(ratio[0]), math.log(ratio[1])
    aspect = torch.exp(low + aspect * (high - low))
    w, h = (area * aspect).sqrt().round(), (area / aspect).sqrt().round()
    fits = (w > 0) & (w <= width) & (h > 0) & (h <= height)
    first = fits.int().argmax(1, keepdim=True)
    found = fits.any(1)
    w = torch.where(found, w.gather(1, first)[:, 0], min(width, round(height * ratio[1])))
    h = torch.where(found, h.gather(1, first)[:, 0], min(height, round(width / ratio[0])))
    across = torch.where(found, u[:, -2], 0.5)
    down = torch.where(found, u[:, -1], 0.5)
    left, top = (across * (width - w + 1)).floor(), (down * (height - h + 1)).floor()
    return Box(*_columns(left, top, w, h))


def sample(
    images: Tensor,
    box: Box,
    flip: Tensor | None,
    base: list[Map],
    ops: list[Map],
    size: int,
    *,
    moved: Tensor | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Resample each image once through all its maps.

    images: uint8 [B, C, H, W]. box: what of the source fills the frame; it is mirrored where
    flip (bool [B]) is set, then moved by the base maps in turn, then by the ops' in turn. moved:
    the images that the ops' maps are of, int64 [K], or None for all.
    Returns two tensors. float32 [B, C, size, size]: whole levels 0..255, black where a base map
    brought in what was outside. bool [B, 1, size, size]: False where an op's map did, for the
    caller to paint; None if there are no ops.
    """
    height, width = images.shape[-2:]
    shape = len(images), size, size
    x = torch.arange(size, device=images.device, dtype=torch.float32)[None, None, :] + 0.5
    y = x.mT
    seen = real = None
    if ops:
        from_ops = _back(ops, x, y, size)
        if moved is None:
            x, y, seen = from_ops
        else:
            x, y = x.repeat(len(images), size, 1), y.repeat(len(images), 1, size)
            seen = torch.ones(shape, dtype=torch.bool)
            x[moved], y[moved], seen[moved] = from_ops
    if base:
        x, y, real = _back(base, x, y, size)
    if flip is not None:
        mirrored = flip.float()
        sign, offset = _columns(1 - 2 * mirrored, size * mirrored)
        x = sign * x + offset
    # Clamping to the box, not to the image, keeps a crop free of its surroundings.
    x = (box.left + x * (box.width / size)).clamp(box.left + 0.5, box.left + box.width - 0.5)
    y = (box.top + y * (box.height / size)).clamp(box.top + 0.5, box.top + box.height - 0.5)
    grid = torch.stack(
        ((x * (2 / width) - 1).expand(shape), (y * (2 / height) - 1).expand(shape)), dim=-1
    )
    pixels = F.grid_sample(
        images.float(), grid, mode="bilinear", padding_mode="border", align_corners=False
    ).round_()
    if real is not None:
        pixels *= real[:, None]
    return pixels, None if seen is None else seen[:, None]


def _back(maps: list[Map], x: Tensor, y: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where points of the result come from, the last map first, and bool: never from outside."""
    inside = torch.ones((), dtype=torch.bool, device=x.device)
    for step in reversed(maps):
        x, y = step(x, y)
        inside = inside & (x >= 0) & (x < size) & (y >= 0) & (y < size)
    return x, y, inside


def _rotation(degrees: Tensor, side: int) -> tuple[Tensor, ...]:
    """The six coefficients of `rotation_map`, float64 [B] each."""
    angle = degrees * (math.pi / 180)
    cos, sin, half = angle.cos(), angle.sin(), side / 2
    return cos, -sin, half - half * cos + half * sin, sin, cos, half - half * cos - half * sin


def _columns(*numbers: Tensor) -> tuple[Tensor, ...]:
    """float32 [B, 1, 1] each: a number for each image, against its grid."""
    return torch.stack(numbers).float()[:, :, None, None].unbind()
