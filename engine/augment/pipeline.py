"""A policy applied to batches: draw, move, recolour, cut out."""

from collections.abc import Mapping

import torch
from torch import Tensor

from engine.augment import choice, geometry
from engine.augment.ops import GEOMETRIC, Op, Slot
from engine.augment.pointwise import apply_slot
from engine.augment.policy import parse_policy
from engine.counter import Stream, uniform

# Where each part's draws lie. Fixed, so that a policy with one part more or less still crops and
# flips alike: two policies then differ only in what they name.
_CROP = slice(0, geometry.CROP_DRAWS)
_FLIP = _CROP.stop
_ROTATION = _FLIP + 1
_CUTOUT = slice(_ROTATION + 1, _ROTATION + 3)
_JITTER = slice(_CUTOUT.stop, _CUTOUT.stop + choice.JITTER_DRAWS)
_AUTO = slice(_JITTER.stop, _JITTER.stop + choice.AUTO_DRAWS)
_RAND = _AUTO.stop

_FILL = 128  # what AutoAugment's and RandAugment's geometry uncovers: mid-grey, as published


class Augment:
    """Augment uint8 images, each by its own draw, as a recipe's policy says.

    policy: the table described in `engine.augment.policy.Policy`; an empty one only resizes.
    size: side of the square result in pixels.
    Raises ValueError, in one line, for an unknown key or a bad value.

    The order is crop, flip, rotation, jitter, AutoAugment, RandAugment, Cutout. Of AutoAugment and
    RandAugment (Cubuk et al. 2019, 2020) all geometry is done before all that is pointwise, in one
    resampling together with the crop, and what it uncovers is painted grey 128 at the end. In
    sequence, the fill of a rotation followed by, say, equalize would be equalised too; here it
    neither changes nor counts. Shift and rotation uncover black. Cutout (DeVries & Taylor 2017) is
    a black square whose centre is uniform over the pixels, so it may stick out of the image; its
    side is in pixels of the result and does not grow with size.
    """

    def __init__(self, policy: Mapping[str, object], *, size: int) -> None:
        if size < 1:
            raise ValueError(f"augmentation: size must be at least 1, not {size}")
        self.policy = parse_policy(policy)
        self.size = size
        self._draws = _RAND + (choice.RAND_DRAWS * self.policy.rand.ops if self.policy.rand else 0)

    def __call__(self, images: Tensor, ids: Tensor, *, seed: int, epoch: int) -> Tensor:
        """Augment a batch; the result for a sample is the same in whichever batch it stands.

        images: uint8 [B, C, H, W], C 1 or 3. ids: int64 [B], on the same device: the samples'
        lasting ids, which with seed and epoch decide everything.
        Returns float32 [B, C, size, size] in [0, 1], multiples of 1/255, not normalised.
        Raises ValueError for images or ids of another type or shape.
        """
        if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
            raise ValueError(
                "images must be uint8 with 1 or 3 channels in four dimensions, not "
                f"{images.dtype} of {list(images.shape)}"
            )
        if len(ids) != len(images):
            raise ValueError(f"{len(images)} images but {len(ids)} ids")
        u = uniform(seed, epoch, ids, self._draws, Stream.AUGMENT).double()
        slots = self._slots(u)
        # A CPU works on the images concerned only. A GPU would have to be waited for to know which
        # they are: there every image goes through everything, in fixed shapes.
        compact = images.is_cpu
        pixels, seen = self._sample(images, u, slots, compact=compact)
        for slot in slots:
            pixels = apply_slot(pixels, seen, slot, compact=compact)
        if seen is not None:
            pixels.mul_(seen).add_(~seen, alpha=_FILL)
        if self.policy.cutout:
            pixels *= _outside_square(u[:, _CUTOUT], self.policy.cutout, self.size)
        return pixels.div_(255)

    def _slots(self, u: Tensor) -> list[Slot]:
        slots = []
        if self.policy.jitter:
            slots += choice.jitter_slots(u[:, _JITTER], self.policy.jitter)
        if self.policy.auto:
            slots += choice.auto_slots(u[:, _AUTO], self.policy.auto)
        if self.policy.rand:
            slots += choice.rand_slots(u[:, _RAND:], self.policy.rand)
        return slots

    def _sample(
        self, images: Tensor, u: Tensor, slots: list[Slot], *, compact: bool
    ) -> tuple[Tensor, Tensor | None]:
        policy, (height, width) = self.policy, images.shape[-2:]
        if policy.crop == "resized":
            box = geometry.random_box(u[:, _CROP], height, width, policy.scale, policy.ratio)
        else:
            box = geometry.whole_box(len(images), height, width, images.device)
        base = []
        if policy.crop == "shift":
            base.append(geometry.shift_map(u[:, :2], policy.pad))
        if policy.rotation:
            degrees = (2 * u[:, _ROTATION] - 1) * policy.rotation
            base.append(geometry.rotation_map(degrees, self.size))
        slots = [slot for slot in slots if slot.kinds & GEOMETRIC]
        moved = None
        if compact and slots:
            moved = _moved(slots)
            slots = [Slot(slot.op[moved], slot.value[moved], slot.kinds) for slot in slots]
        ops = [geometry.op_map(slot.op, slot.value, self.size) for slot in slots]
        flip = u[:, _FLIP] < 0.5 if policy.flip else None
        return geometry.sample(images, box, flip, base, ops, self.size, moved=moved)


def _moved(slots: list[Slot]) -> Tensor:
    """int64 [K]: the images that a slot's operation moves."""
    geometric = torch.tensor([op in GEOMETRIC for op in Op])
    return torch.stack([geometric[slot.op] for slot in slots]).any(0).nonzero()[:, 0]


def _outside_square(u: Tensor, side: int, size: int) -> Tensor:
    """bool [B, 1, size, size], False in a square of `side` about a random pixel. u: [B, 2]."""
    first = (u * size).floor()[:, :, None] - side // 2
    line = torch.arange(size, device=u.device)
    down, across = ((line >= first) & (line < first + side)).unbind(1)
    return ~(down[:, None, :, None] & across[:, None, None, :])
