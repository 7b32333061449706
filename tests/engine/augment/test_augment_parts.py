"""Each part of a policy by its own laws, and all of them in any batch."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as vision

from engine.augment import Augment
from engine.augment.choice import auto_slots
from engine.augment.ops import Op, Slot
from engine.augment.pipeline import _AUTO
from engine.augment.pointwise import apply_slot

Pictures = Augmented = Callable[..., Tensor]


def test_no_policy_changes_nothing_but_the_size(pictures: Pictures, augmented: Augmented) -> None:
    images = pictures(5)
    assert torch.equal(augmented({}, images), images / 255)
    wide = torch.cat([images, images], dim=3)
    assert augmented({}, wide, size=48).shape == (5, 3, 48, 48)
    pillow = [vision.resize(vision.to_pil_image(image), [48, 48]) for image in images]
    theirs = torch.stack([vision.pil_to_tensor(image) for image in pillow])
    assert (augmented({}, images, size=48) * 255 - theirs).abs().max() <= 1.001


def test_flip_is_half_and_exact(pictures: Pictures, augmented: Augmented) -> None:
    images = pictures(400)[1:]
    result = augmented({"flip": True}, images)
    mirrored = (result == images.flip(3) / 255).flatten(1).all(1)
    assert ((result == images / 255).flatten(1).all(1) ^ mirrored).all()
    assert abs(mirrored.double().mean() - 0.5) < 0.12


def test_shift_moves_whole_pixels_and_fills_black(augmented: Augmented) -> None:
    images = torch.zeros(1000, 1, 9, 9, dtype=torch.uint8)
    images[:, :, 4, 4] = 200
    result = augmented({"crop": "shift", "pad": 2}, images, size=9)
    at = result.flatten(1).argmax(1)
    moves, counts = torch.stack([at // 9 - 4, at % 9 - 4], 1).unique(dim=0, return_counts=True)
    assert len(moves) == 25
    assert moves.abs().max() == 2
    assert counts.min() > 15
    white = augmented({"crop": "shift", "pad": 2}, torch.full_like(images, 255), size=9)
    covered = (9 - (at // 9 - 4).abs()) * (9 - (at % 9 - 4).abs())
    assert torch.equal(white.sum((1, 2, 3)).long(), covered)


def test_rotation_turns_both_ways_and_fills_black(augmented: Augmented) -> None:
    white = torch.full((300, 1, 32, 32), 255, dtype=torch.uint8)
    result = augmented({"rotation": 15}, white)
    assert set(result.unique().tolist()) == {0.0, 1.0}
    lost = (result == 0).double().mean((1, 2, 3))
    turned = vision.pil_to_tensor(Image.new("L", (32, 32), 255).rotate(15))
    most = 1 - turned.div(255).mean()
    assert lost.max() <= most + 0.01
    assert 0.3 * most < lost.mean() < 0.7 * most
    half = white.clone()
    half[:, :, :16] = 0
    bias = augmented({"rotation": 15}, half)
    left_lower = bias[..., :16].sum((1, 2, 3)) > bias[..., 16:].sum((1, 2, 3))
    assert abs(left_lower.double().mean() - 0.5) < 0.15


def test_cutout_is_a_black_square_about_any_pixel(augmented: Augmented) -> None:
    white = torch.full((2000, 1, 32, 32), 255, dtype=torch.uint8)
    black = 1 - augmented({"cutout": 16}, white)
    tall, wide = black[:, 0].amax(2).sum(1), black[:, 0].amax(1).sum(1)
    assert torch.equal(black.sum((1, 2, 3)), tall * wide)
    assert tall.max() == wide.max() == 16
    assert tall.min() == wide.min() == 8  # its centre is never outside
    assert abs((tall == 16).double().mean() - 17 / 32) < 0.06
    assert abs(black.mean((0, 1))[8:24, 8:24].mean() - 0.25) < 0.03


def test_fill_is_mid_grey_and_does_not_count(
    pictures: Pictures, augmented: Augmented, drawn: Callable[[int], Tensor]
) -> None:
    """What a turn uncovers is grey, whatever else the image gets, and leaves its statistics be."""
    images = pictures(1500)
    result = augmented({"auto": "cifar10"}, images)
    slots = auto_slots(drawn(1500)[:, _AUTO], "cifar10")
    turned = (slots[0].op == Op.ROTATE) & (slots[1].op == Op.IDENTITY)
    assert turned.sum() > 10
    assert (result[turned, :, 0, 0] * 255 == 128).all()
    seen = torch.ones(4, 1, 32, 32, dtype=torch.bool)
    seen[:, :, 20:] = False
    for op in (Op.EQUALIZE, Op.AUTOCONTRAST, Op.CONTRAST):
        half = torch.full((4,), 0.5, dtype=torch.float64)
        slot = Slot(torch.full((4,), op.value), half, frozenset({op}))
        part = apply_slot(images[:4, :, :20].float(), None, slot, compact=False)
        whole = apply_slot(images[:4].float(), seen, slot, compact=False)
        assert torch.equal(whole[:, :, :20], part)


@pytest.mark.parametrize("colours", [1, 3])
def test_result_does_not_depend_on_the_batch(
    policy: dict[str, Any], colours: int, pictures: Pictures
) -> None:
    images, ids = pictures(32, colours), torch.arange(32) * 977 + 5
    augment = Augment(policy, size=32)
    whole = augment(images, ids, seed=3, epoch=2)
    assert whole.dtype == torch.float32
    assert whole.min() >= 0
    assert whole.max() <= 1
    for batch in (1, 7, 32):
        parts = zip(images.split(batch), ids.split(batch), strict=True)
        assert torch.equal(torch.cat([augment(*p, seed=3, epoch=2) for p in parts]), whole)
    order = torch.arange(31, -1, -1)
    assert torch.equal(augment(images[order], ids[order], seed=3, epoch=2), whole[order])
    assert torch.equal(Augment(policy, size=32)(images, ids, seed=3, epoch=2), whole)
    if len(policy) > 1:
        for seed, epoch in ((3, 3), (4, 2)):
            other = augment(images, ids, seed=seed, epoch=epoch)
            assert (other != whole).flatten(1).any(1).double().mean() > 0.9
        again = augment(images[:1].expand(32, -1, -1, -1), ids + 10**6, seed=3, epoch=2)
        assert len(again.flatten(1).unique(dim=0)) > 10
