"""Augmentation agrees with Pillow and torchvision, as far as the docs say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor
from torchvision import transforms
from torchvision.transforms import functional as vision
from torchvision.transforms.autoaugment import _apply_op

from engine.augment import Augment
from engine.augment.choice import auto_slots
from engine.augment.geometry import Box, op_map, sample, whole_box
from engine.augment.ops import GEOMETRIC, Op, Slot
from engine.augment.pipeline import _AUTO
from engine.augment.pointwise import apply_slot
from engine.augment.policy import AUTO

Pictures = Callable[..., Tensor]


def one_for_all(op: Op, value: float, count: int) -> Slot:
    return Slot(
        torch.full((count,), op.value),
        torch.full((count,), value, dtype=torch.float64),
        frozenset({op}),
    )


def solarize_add(image: Image.Image, value: float) -> Image.Image:
    table = [min(255, i + int(value)) if i < 128 else i for i in range(256)]
    return image.point(table * len(image.getbands()))


POINTWISE: list[tuple[Op, list[float], Callable[[Image.Image, float], Image.Image]]] = [
    (Op.BRIGHTNESS, [0.1, 0.7, 1, 1.9], lambda im, v: ImageEnhance.Brightness(im).enhance(v)),
    (Op.CONTRAST, [0.1, 0.4, 1, 1.6], lambda im, v: ImageEnhance.Contrast(im).enhance(v)),
    (Op.COLOR, [0.1, 0.7, 1, 1.9], lambda im, v: ImageEnhance.Color(im).enhance(v)),
    (Op.SHARPNESS, [0.1, 0.7, 1, 1.9], lambda im, v: ImageEnhance.Sharpness(im).enhance(v)),
    (Op.POSTERIZE, [1, 4, 5, 8], lambda im, v: ImageOps.posterize(im, int(v))),
    (Op.SOLARIZE, [0, 56.7, 199, 256], lambda im, v: ImageOps.solarize(im, v)),  # type: ignore[arg-type]
    (Op.SOLARIZE_ADD, [0, 37, 110], solarize_add),
    (Op.INVERT, [0], lambda im, v: ImageOps.invert(im)),
    (Op.AUTOCONTRAST, [0], lambda im, v: ImageOps.autocontrast(im)),
    (Op.EQUALIZE, [0], lambda im, v: ImageOps.equalize(im)),
]


def pointwise_errors(
    images: Tensor,
    op: Op,
    values: list[float],
    theirs: Callable[[Image.Image, float], Image.Image],
) -> Tensor:
    """Levels by which ours and Pillow's differ, for all images and values."""
    errors = []
    for value in values:
        slot = one_for_all(op, value, len(images))
        ours = apply_slot(images.float(), None, slot, compact=False)
        errors.append(
            ours
            - torch.stack(
                [vision.pil_to_tensor(theirs(vision.to_pil_image(im), value)) for im in images]
            )
        )
    return torch.stack(errors).abs()


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize(
    ("op", "values", "theirs"), POINTWISE, ids=[row[0].name for row in POINTWISE]
)
def test_pointwise_operations_are_pillows_exactly(
    op: Op,
    values: list[float],
    theirs: Callable[[Image.Image, float], Image.Image],
    colours: int,
    pictures: Pictures,
) -> None:
    assert not pointwise_errors(pictures(12, colours), op, values, theirs).any()


def transformed(*coefficients: float) -> Callable[[Image.Image], Image.Image]:
    return lambda im: im.transform(
        im.size,
        Image.Transform.AFFINE,
        coefficients,
        Image.Resampling.BILINEAR,
        fillcolor=(128,) * 3,
    )


def rotated(degrees: float) -> Callable[[Image.Image], Image.Image]:
    return lambda im: im.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=(128,) * 3)


GEOMETRY = [
    (Op.ROTATE, 6.7, rotated(6.7)),
    (Op.ROTATE, -30.0, rotated(-30.0)),
    (Op.SHEAR_X, 0.27, transformed(1, 0.27, 0, 0, 1, 0)),
    (Op.SHEAR_Y, -0.3, transformed(1, 0, 0, -0.3, 1, 0)),
    (Op.TRANSLATE_X, 0.45, transformed(1, 0, -14, 0, 1, 0)),
    (Op.TRANSLATE_Y, -0.15, transformed(1, 0, 0, 0, 1, 4)),
]


def geometry_errors(
    images: Tensor, op: Op, value: float, theirs: Callable[[Image.Image], Image.Image]
) -> Tensor:
    slot = one_for_all(op, value, len(images))
    box = whole_box(len(images), 32, 32, images.device)
    pixels, seen = sample(images, box, None, [], [op_map(slot.op, slot.value, 32)], 32)
    assert seen is not None
    ours = torch.where(seen, pixels, 128.0)
    return (
        ours
        - torch.stack(
            [vision.pil_to_tensor(theirs(vision.to_pil_image(image))) for image in images]
        )
    ).abs()


@pytest.mark.parametrize(("op", "value", "theirs"), GEOMETRY)
def test_geometry_is_pillows_within_a_level(
    op: Op, value: float, theirs: Callable[[Image.Image], Image.Image], pictures: Pictures
) -> None:
    """Pillow rounds down and this rounds to the nearest: at most 1 apart, half of it on average."""
    error = geometry_errors(pictures(8), op, value, theirs)
    assert error.max() <= 1
    assert error.mean() <= (0.5 if op in (Op.ROTATE, Op.SHEAR_X, Op.SHEAR_Y) else 0)


def crop_errors(images: Tensor) -> Tensor:
    """Of five crops that grow, from 40 pixels to 32; where they shrink Pillow anti-aliases."""
    where = torch.tensor(
        [[3, 5, 20, 25], [10, 0, 30, 18], [39, 39, 1, 1], [4, 8, 32, 32], [8, 1, 9, 9]]
    )
    box = Box(*where.float()[:, :, None, None].unbind(1))
    flip = torch.tensor([True, False, True, False, True])
    ours, seen = sample(images, box, flip, [], [], 32)
    assert seen is None
    theirs = []
    for image, (x, y, w, h), mirrored in zip(images, where.tolist(), flip, strict=True):
        cropped = vision.resized_crop(vision.to_pil_image(image), y, x, h, w, [32, 32])
        theirs.append(vision.pil_to_tensor(vision.hflip(cropped) if mirrored else cropped))
    return (ours - torch.stack(theirs)).abs()


def test_crop_is_torchvisions_within_a_level(pictures: Pictures) -> None:
    assert crop_errors(pictures(6, size=40)[1:]).max() <= 1


def auto_errors(images: Tensor, ours: Tensor, slots: list[Slot]) -> tuple[Tensor, Tensor]:
    """AutoAugment and torchvision's steps in turn, as published with the nearest pixel.

    `ours`: the images by what `slots` say. Two tensors of level differences: of images without
    geometry, and of those with it.
    """
    nearest = vision.InterpolationMode.NEAREST
    errors: dict[bool, list[Tensor]] = {False: [], True: []}
    for k, image in enumerate(images):
        picture, moved = vision.to_pil_image(image), False
        for op, value in ((Op(int(slot.op[k])), float(slot.value[k])) for slot in slots):
            if op in (Op.BRIGHTNESS, Op.CONTRAST, Op.COLOR, Op.SHARPNESS):
                value -= 1
            elif op in (Op.TRANSLATE_X, Op.TRANSLATE_Y):
                value = int(value * 32)
            word = "".join(part.capitalize() for part in op.name.split("_"))
            word = word.replace("Autocontrast", "AutoContrast")
            picture = _apply_op(picture, word, value, nearest, [128.0] * 3)
            moved |= op in GEOMETRIC
        errors[moved].append((ours[k] - vision.pil_to_tensor(picture)).abs())
    return torch.stack(errors[False]), torch.stack(errors[True])


def test_errors_are_those_in_the_docs(
    pictures: Pictures, augmented: Callable[..., Tensor], drawn: Callable[[int], Tensor]
) -> None:
    rows = [
        *(
            (op.name.lower(), "Pillow", pointwise_errors(pictures(12), op, values, theirs))
            for op, values, theirs in POINTWISE
        ),
        *(
            (
                f"{op.name.lower()}, {value:g}",
                "Pillow, bilinear",
                geometry_errors(pictures(8), op, value, theirs),
            )
            for op, value, theirs in GEOMETRY
        ),
        ("resized crop and flip", "torchvision, bilinear", crop_errors(pictures(6, size=40)[1:])),
    ]
    images = pictures(300)
    for name in AUTO:
        ours = augmented({"auto": name}, images) * 255
        still, moved = auto_errors(images, ours, auto_slots(drawn(300)[:, _AUTO], name))
        steps = "torchvision's steps, nearest"
        rows += [(f"AutoAugment {name}, images without geometry", steps, still)]
        rows += [(f"AutoAugment {name}, images with geometry", steps, moved)]
    table = "\n".join(
        f"| {what} | {against} | {error.max():.0f} | {error.mean():.2f} |"
        for what, against, error in rows
    )
    docs = Path(__file__).parents[3] / "docs" / "augmentation.md"
    assert table in docs.read_text(encoding="utf-8"), f"the table of errors is now\n{table}"


def test_two_moves_lose_what_left_the_frame(pictures: Pictures) -> None:
    """As in a sequence: moving out and back leaves a band of fill, and turning carries it along."""
    images = pictures(4)
    out = op_map(*one_for_all(Op.TRANSLATE_Y, 0.25, 4)[:2], 32)
    back = op_map(*one_for_all(Op.TRANSLATE_Y, -0.25, 4)[:2], 32)
    turn = op_map(*one_for_all(Op.ROTATE, 20, 4)[:2], 32)
    box = whole_box(4, 32, 32, images.device)
    pixels, seen = sample(images, box, None, [], [out, back], 32)
    assert seen is not None
    assert seen[:, :, :24].all()
    assert not seen[:, :, 24:].any()
    assert torch.equal(pixels[:, :, :24], images[:, :, :24].float())
    pixels, seen = sample(images, box, None, [], [out, turn], 32)
    assert seen is not None
    both = transforms.Compose([lambda im: transformed(1, 0, 0, 0, 1, -8)(im), rotated(20)])
    theirs = torch.stack(
        [vision.pil_to_tensor(both(vision.to_pil_image(image))) for image in images]
    )
    # Where Pillow mixes fill into the first step's edge, this has a sharp one.
    far = (torch.where(seen, pixels, 128.0) - theirs).abs() > 1
    assert far.float().mean() < 0.06


@pytest.mark.parametrize(
    "whole", [{"jitter": 0.4}, {"auto": "cifar10"}, {"auto": "imagenet"}, {"rand": {"std": 0.5}}]
)
def test_whole_policies_are_pillows_steps_in_turn(
    whole: dict[str, Any], pictures: Pictures, drawn: Callable[[int], Tensor]
) -> None:
    """Exactly, for every image whose operations are all pointwise."""
    images = pictures(150)
    augment = Augment(whole, size=32)
    result = augment(images, torch.arange(150), seed=0, epoch=0) * 255
    slots = augment._slots(drawn(150))
    theirs = {op: function for op, _, function in POINTWISE}
    compared = 0
    for k, image in enumerate(images):
        steps = [(Op(int(slot.op[k])), float(slot.value[k])) for slot in slots]
        if any(op in GEOMETRIC for op, _ in steps):
            continue
        picture = vision.to_pil_image(image)
        for op, value in steps:
            picture = theirs[op](picture, value) if op in theirs else picture
        assert (result[k] - vision.pil_to_tensor(picture)).abs().max() < 0.001, steps
        compared += 1
    assert compared > 75
