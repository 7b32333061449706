"""Operations that leave every pixel where it is: look-up tables, and two blends.

Results are Pillow's (ImageOps, ImageEnhance), level for level, also in how they round: whole
levels in, whole levels out. Pixels that a geometric operation filled do not count in an image's
mean, extremes and histogram, since they are painted last (see pipeline.py).
"""

import torch
from torch import Tensor

from engine.augment.ops import LOOKED_UP, Op, Slot


def apply_slot(pixels: Tensor, seen: Tensor | None, slot: Slot, *, compact: bool) -> Tensor:
    """Apply each image's own operation; geometric ones are not done here and change nothing.

    pixels: float32 [B, C, S, S] of whole levels 0..255, C 1 or 3; it may be overwritten. seen: bool
    [B, 1, S, S], or None for all. compact: do an operation on the images that drew it only, which
    takes a look at the choices: quicker on a CPU, but a GPU would have to be waited for. It does
    not change the result.
    Returns the same shape and kind.
    """
    if compact:
        return _apply_to_drawn(pixels, seen, slot)
    for kinds, work in _WORKS:
        if slot.kinds & kinds:
            pixels = work(pixels, seen, slot)
    return pixels


def _apply_to_drawn(pixels: Tensor, seen: Tensor | None, slot: Slot) -> Tensor:
    """`apply_slot` where images are sorted by what they drew, and each kind does its own."""
    counts = torch.bincount(slot.op, minlength=len(Op)).tolist()
    rows_of = dict(zip(Op, slot.op.argsort().split(counts), strict=True))
    todo = [(kind, work) for kinds, work in _WORKS for kind in kinds if len(rows_of[kind])]
    if not todo:
        return pixels
    sizes = [len(rows_of[kind]) for kind, _ in todo]
    rows = torch.cat([rows_of[kind] for kind, _ in todo])
    ops, values = slot.op[rows].split(sizes), slot.value[rows].split(sizes)
    masks = [None] * len(todo) if seen is None else seen[rows].split(sizes)
    done = [
        work(part, mask, Slot(op, value, frozenset({kind})))
        for (kind, work), part, mask, op, value in zip(
            todo, pixels[rows].split(sizes), masks, ops, values, strict=True
        )
    ]
    pixels[rows] = torch.cat(done)
    return pixels


def _look_up(pixels: Tensor, seen: Tensor | None, slot: Slot) -> Tensor:
    index = pixels.flatten(2).long()
    tables = _tables(pixels, index, seen, slot).expand(*index.shape[:2], 256)
    return tables.gather(2, index).view(pixels.shape)


def _recolour(pixels: Tensor, seen: Tensor | None, slot: Slot) -> Tensor:
    return _mix(_grey(pixels), pixels, _factor(slot, Op.COLOR))


def _sharpen(pixels: Tensor, seen: Tensor | None, slot: Slot) -> Tensor:
    """Mix with the 3 × 3 kernel that is 5 amid ones, over 13; the border pixels stay."""
    rows = pixels[..., :-2, :] + pixels[..., 1:-1, :] + pixels[..., 2:, :]
    sums = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]
    middle = pixels[..., 1:-1, 1:-1]
    result = pixels.clone()
    smooth = ((sums + 4 * middle) / 13 + 0.5).floor()
    result[..., 1:-1, 1:-1] = _mix(smooth, middle, _factor(slot, Op.SHARPNESS))
    return result


def _factor(slot: Slot, kind: Op) -> Tensor:
    """float32 [B, 1, 1, 1]; 1, which mixes to the same image, where the operation is another."""
    return torch.where(slot.op == kind, slot.value.float(), 1.0)[:, None, None, None]


def _mix(base: Tensor, levels: Tensor, factor: Tensor) -> Tensor:
    """Pillow's Image.blend: beyond both ends for factors above 1, cut to 0..255, rounded down."""
    return (base + factor * (levels - base)).clamp(0, 255).floor()


def _grey(pixels: Tensor) -> Tensor:
    """ITU-R 601 luma in Pillow's whole numbers; float32 [B, 1, S, S]."""
    if pixels.shape[1] == 1:
        return pixels
    red, green, blue = (pixels[:, channel, None].int() for channel in range(3))
    luma: Tensor = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
    return luma.float()


def _tables(pixels: Tensor, index: Tensor, seen: Tensor | None, slot: Slot) -> Tensor:
    """Each image's look-up tables, float32 [B, C or 1, 256]; identities where nothing is asked.

    index: the pixels' levels again, int64 [B, C, S·S].
    """
    levels = torch.arange(256, device=index.device, dtype=torch.float32)
    tables = levels.expand(len(index), 1, 256)
    value = slot.value.float()[:, None, None]
    if slot.kinds & {Op.AUTOCONTRAST, Op.EQUALIZE}:
        counts = _histogram(index, seen)
    for kind in sorted(slot.kinds & LOOKED_UP):
        match kind:
            case Op.BRIGHTNESS:
                table = _mix(torch.zeros_like(levels), levels, value)
            case Op.CONTRAST:
                table = _mix(_mean(_grey(pixels), seen), levels, value)
            case Op.POSTERIZE:
                dropped = 8 - value.int()
                table = ((levels.int() >> dropped) << dropped).float()
            case Op.SOLARIZE:
                table = torch.where(levels < value, levels, 255 - levels)
            case Op.SOLARIZE_ADD:
                table = torch.where(levels < 128, (levels + value).clamp(max=255), levels)
            case Op.INVERT:
                table = 255 - levels
            case Op.AUTOCONTRAST:
                table = _stretch(counts, levels)
            case Op.EQUALIZE:
                table = _equalise(counts, levels)
        tables = torch.where(slot.op[:, None, None] == kind, table, tables)
    return tables


def _mean(grey: Tensor, seen: Tensor | None) -> Tensor:
    """Mean grey level of the seen pixels, to the nearest whole one; float32 [B, 1, 1]."""
    # Sums of whole numbers in float64 are exact, so their order, and the batch, do not matter.
    counted = torch.ones_like(grey) if seen is None else seen
    total = (grey * counted).sum((1, 2, 3), dtype=torch.float64)
    mean = total / counted.sum((1, 2, 3), dtype=torch.float64).clamp(min=1)
    return (mean + 0.5).floor().float()[:, None, None]


def _histogram(index: Tensor, seen: Tensor | None) -> Tensor:
    """Pixels at each level, int32 [B, C, 256]."""
    counts = torch.zeros(*index.shape[:2], 256, dtype=torch.int32, device=index.device)
    ones = (
        torch.ones((), dtype=torch.int32, device=index.device)
        if seen is None
        else seen.flatten(2).int()
    )
    return counts.scatter_add_(2, index, ones.expand(index.shape))


def _stretch(counts: Tensor, levels: Tensor) -> Tensor:
    """ImageOps.autocontrast: the lowest level to 0, the highest to 255; flat channels stay."""
    low, high = 255 - _highest(counts.flip(2)), _highest(counts)
    span = high - low
    # A true division as Pillow's: a number over a tensor would be taken as times its reciprocal.
    scale = torch.full_like(span, 255, dtype=torch.float64) / span.clamp(min=1)
    table = (levels.double() * scale - low * scale).clamp(0, 255).floor().float()
    return torch.where(span > 0, table, levels)


def _equalise(counts: Tensor, levels: Tensor) -> Tensor:
    """ImageOps.equalize: each level to its share of the pixels below it, in whole steps."""
    step = (counts.sum(2, keepdim=True) - counts.gather(2, _highest(counts))) // 255
    below = counts.cumsum(2) - counts
    table = ((step // 2 + below) // step.clamp(min=1)).clamp(max=255).float()
    return torch.where(step > 0, table, levels)


def _highest(counts: Tensor) -> Tensor:
    """Highest level that occurs, int64 [B, C, 1]; 0 where none does."""
    return ((counts > 0) * torch.arange(256, device=counts.device)).amax(2, keepdim=True)


_WORKS = (
    (LOOKED_UP, _look_up),
    (frozenset({Op.COLOR}), _recolour),
    (frozenset({Op.SHARPNESS}), _sharpen),
)
