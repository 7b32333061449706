"""Augmentation one image at a time by Pillow and torchvision, step after step, with the engine's
own draws: what `engine.augment` does in batches, in the published way."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as vision
from torchvision.transforms.autoaugment import _apply_op

from engine.augment import geometry
from engine.augment.ops import Op, Slot
from engine.augment.pipeline import _CROP, _CUTOUT, _FLIP, _ROTATION, Augment, _outside_square
from engine.counter import Stream, uniform

FILL = 128  # of what AutoAugment's geometry uncovers
MIXED = frozenset({Op.BRIGHTNESS, Op.CONTRAST, Op.COLOR, Op.SHARPNESS})
MOVED = frozenset({Op.TRANSLATE_X, Op.TRANSLATE_Y})


class PerImage(Augment):
    """Crop, shift, flip, rotation, AutoAugment and Cutout: the parts of recipe `fast`."""

    def __call__(self, images: Tensor, ids: Tensor, *, seed: int, epoch: int) -> Tensor:
        """As `Augment`'s; it differs where docs/augmentation.md says by how much."""
        policy, count = self.policy, len(images)
        if policy.jitter or policy.rand:
            raise ValueError("only the parts of recipe fast are done by Pillow here")
        u = uniform(seed, epoch, ids, self._draws, Stream.AUGMENT).double()
        slots, (height, width) = self._slots(u), images.shape[-2:]
        boxes = geometry.whole_box(count, height, width, images.device)
        if policy.crop == "resized":
            boxes = geometry.random_box(u[:, _CROP], height, width, policy.scale, policy.ratio)
        left, top, across, down = (part.view(count).long().tolist() for part in boxes)
        shifts = torch.zeros(count, 2)
        if policy.crop == "shift":
            shifts = (u[:, :2] * (2 * policy.pad + 1)).floor() - policy.pad
        degrees = ((2 * u[:, _ROTATION] - 1) * policy.rotation).tolist()
        out = torch.empty(count, images.shape[1], self.size, self.size)
        for i, image in enumerate(images):
            picture = vision.to_pil_image(image)
            box = (left[i], top[i], left[i] + across[i], top[i] + down[i])
            picture = picture.crop(box).resize((self.size,) * 2, Image.Resampling.BILINEAR)
            if policy.flip and u[i, _FLIP] < 0.5:
                picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            if policy.crop == "shift":
                right, below = shifts[i].tolist()
                back = (1, 0, -right, 0, 1, -below)
                picture = picture.transform(picture.size, Image.Transform.AFFINE, back)
            if policy.rotation:
                picture = picture.rotate(degrees[i], Image.Resampling.BILINEAR)
            for slot in slots:
                picture = _operated(picture, slot, i)
            levels = torch.from_numpy(np.array(picture)).view(self.size, self.size, -1)
            out[i] = levels.permute(2, 0, 1)
        if policy.cutout:
            out *= _outside_square(u[:, _CUTOUT], policy.cutout, self.size)
        return out / 255


def _operated(picture: Image.Image, slot: Slot, place: int) -> Image.Image:
    """One operation of AutoAugment as torchvision does it, with the nearest pixel."""
    op, value = Op(int(slot.op[place])), float(slot.value[place])
    if op in MIXED:
        value -= 1
    elif op in MOVED:
        value = int(value * picture.width)
    name = "".join(part.capitalize() for part in op.name.split("_"))
    name = name.replace("Autocontrast", "AutoContrast")
    fill = [float(FILL)] * len(picture.getbands())
    return _apply_op(picture, name, value, vision.InterpolationMode.NEAREST, fill)
