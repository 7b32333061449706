"""What each image draws: the published tables, as often as published, whoever stands beside it."""

from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtrc
from torch import Tensor
from torchvision import transforms

from engine.augment import Augment
from engine.augment.choice import _data, auto_slots, jitter_slots, rand_slots
from engine.augment.geometry import CROP_DRAWS, random_box
from engine.augment.ops import GEOMETRIC, Op, Slot
from engine.augment.policy import AUTO, Rand
from engine.counter import Stream, uniform

seeds = st.integers(0, 2**32 - 1)
epochs = st.integers(0, 1000)
id_lists = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40)
EVERYTHING = {
    "crop": "resized",
    "flip": True,
    "rotation": 20,
    "jitter": 0.4,
    "rand": {"ops": 2, "magnitude": 9, "std": 0.5},
    "cutout": 3,
}


def draws(count: int, columns: int, start: int = 0) -> Tensor:
    return uniform(5, 0, torch.arange(start, start + count), columns, Stream.AUGMENT).double()


@pytest.mark.parametrize("name", AUTO)
def test_autoaugment_table_is_the_published_one(name: str) -> None:
    theirs = transforms.AutoAugment(transforms.AutoAugmentPolicy(name)).policies
    names = {"ShearX": "shear_x", "ShearY": "shear_y", "TranslateX": "translate_x"}
    names["TranslateY"] = "translate_y"
    assert _data("autoaugment")["policies"][name] == [
        [[names.get(op, op.lower()), chance, magnitude or 0] for op, chance, magnitude in pair]
        for pair in theirs
    ]


def chances(name: str) -> Tensor:
    """float64 [16, 16]: how often a policy's two operations come together."""
    policies = _data("autoaugment")["policies"][name]
    table = torch.zeros(len(Op), len(Op), dtype=torch.float64)
    for (first, p, _), (second, q, _) in policies:
        for op, op_chance in ((Op[first.upper()], p), (Op.IDENTITY, 1 - p)):
            for then, then_chance in ((Op[second.upper()], q), (Op.IDENTITY, 1 - q)):
                table[op, then] += op_chance * then_chance / len(policies)
    return table


def rand_chances() -> Tensor:
    """The same for RandAugment: two operations that know nothing of each other."""
    one = torch.full((len(Op),), 0.5 / (len(Op) - 1), dtype=torch.float64)
    one[Op.IDENTITY] = 0.5
    return one[:, None] * one


DRAWN = {
    **{name: (chances(name), lambda u, name=name: auto_slots(u, name)) for name in AUTO},
    "rand": (rand_chances(), lambda u: rand_slots(u, Rand(ops=2, magnitude=10, std=0.5))),
}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize(("seed", "epoch", "start"), [(0, 0, 0), (7, 499, 2**40)])
def test_operations_are_drawn_as_often_as_published(
    name: str, seed: int, epoch: int, start: int
) -> None:
    """Both of an image's operations at once, and signs: exceeded once in a thousand million."""
    count = 60_000
    expected, drawn = DRAWN[name]
    u = uniform(seed, epoch, torch.arange(start, start + count), 10, Stream.AUGMENT).double()
    first, second = drawn(u)
    pairs = torch.bincount(first.op * len(Op) + second.op, minlength=len(Op) ** 2)
    possible = expected.flatten() > 0
    assert not pairs[~possible].any()
    assert_fits(pairs[possible], expected.flatten()[possible] * count)
    for slot in (first, second):
        assert set(slot.op.unique().tolist()) <= slot.kinds | {Op.IDENTITY}
        moves = torch.isin(slot.op, torch.tensor(sorted(GEOMETRIC))) & (slot.value != 0)
        right = (slot.value[moves] > 0).sum()
        half = moves.sum() / 2
        assert_fits(torch.stack([right, moves.sum() - right]), torch.stack([half, half]).double())


def assert_fits(observed: Tensor, expected: Tensor) -> None:
    assert expected.min() >= 5  # else chi-square is not chi-square
    chi_square = ((observed - expected) ** 2 / expected).sum().item()
    assert chdtrc(len(observed) - 1, chi_square) > 1e-9, (chi_square, observed, expected)


def test_autoaugment_values() -> None:
    first, second = auto_slots(draws(20_000, 5), "cifar10")

    def seen(slot: Slot, op: Op) -> list[float]:
        return sorted({round(v, 4) for v in slot.value[slot.op == op].tolist()})

    assert seen(first, Op.ROTATE) == [-6.6667, 6.6667]
    assert seen(second, Op.CONTRAST) == [0.4, 1.6]
    assert seen(second, Op.POSTERIZE) == [5]
    assert seen(first, Op.SOLARIZE) == [round(256 * 4 / 9, 4), round(256 * 7 / 9, 4)]
    assert seen(second, Op.TRANSLATE_Y) == [-0.4532, 0.4532]


def test_randaugment_chooses_and_scales() -> None:
    count = 30_000
    slots = rand_slots(draws(count, 15), Rand(ops=3, magnitude=10, std=0.5))
    assert len(slots) == 3
    for slot in slots:
        counts = torch.bincount(slot.op, minlength=len(Op)).double() / count
        assert abs(counts[Op.IDENTITY] - 0.5) < 0.015
        assert ((counts[1:] - 1 / 30).abs() < 0.006).all()
        turned = slot.value[slot.op == Op.ROTATE]
        assert abs((turned > 0).double().mean() - 0.5) < 0.1
        # Noise about the highest magnitude: half is clipped to it, the rest lies below by ~ 0.5.
        assert abs((turned.abs() == 30).double().mean() - 0.5) < 0.1
        assert turned.abs().min() > 30 * (1 - 0.05 * 5)
        assert set(slot.value[slot.op == Op.POSTERIZE].tolist()) <= {2.0, 3.0, 4.0}
    assert abs((slots[0].op == slots[1].op).double().mean() - (0.25 + 0.25 / 15)) < 0.015
    (exact,) = rand_slots(draws(2000, 5), Rand(ops=1, magnitude=5, std=0))
    assert set(exact.value[exact.op == Op.COLOR].tolist()) == {1.0}
    assert set(exact.value[exact.op == Op.SHEAR_X].tolist()) == {-0.15, 0.15}


def test_jitter_orders_and_factors() -> None:
    slots = jitter_slots(draws(6000, 4), 0.4)
    orders = torch.stack([slot.op for slot in slots], 1)
    kinds, counts = orders.unique(dim=0, return_counts=True)
    assert len(kinds) == 6
    assert (counts - 1000).abs().max() < 160
    for slot in slots:
        assert slot.value.min() > 0.6
        assert slot.value.max() < 1.4
        assert abs(slot.value.mean() - 1) < 0.02


def test_random_box_keeps_to_scale_and_ratio() -> None:
    u = draws(20_000, CROP_DRAWS)
    left, top, w, h = (part.flatten() for part in random_box(u, 32, 32, (0.2, 1.0), (0.75, 4 / 3)))
    assert left.min() == top.min() == 0
    assert (left + w).max() == (top + h).max() == 32
    assert (w * h / 1024).min() > 0.17
    assert abs((w / h).log().mean()) < 0.01
    theirs = torch.tensor(
        [
            transforms.RandomResizedCrop.get_params(
                torch.zeros(1, 32, 32), [0.2, 1.0], [0.75, 4 / 3]
            )
            for _ in range(2000)
        ]
    ).double()
    for ours, column in ((top, 0), (left, 1), (h, 2), (w, 3)):
        assert abs(ours.double().mean() - theirs[:, column].mean()) < 0.8  # 4 standard errors
    # No try fits a strip: the largest middle box of an allowed aspect.
    strip = random_box(u[:3], 10, 1000, (0.9, 1.0), (0.5, 2.0))
    assert [part.flatten().tolist() for part in strip] == [[490] * 3, [0] * 3, [20] * 3, [10] * 3]


PINNED = {
    "cifar10": [[13, 9, 13, 0, 11, 10], [15, 8, 0, 0, 0, 10]],
    "imagenet": [[3, 10, 3, 0, 4, 8], [3, 6, 0, 8, 0, 8]],
    "rand": [[13, 0, 0, 14, 12, 0], [0, 0, 5, 0, 9, 12]],
}
PINNED_LEVELS = [10862, 15693, 20464, 18120, 11192, 21785]


def test_pinned() -> None:
    """A change here changes every stored result: it needs new stage versions."""
    ids = torch.arange(6)
    for name, expected in PINNED.items():
        rand = {"ops": 2, "magnitude": 9, "std": 0.5}
        augment = Augment({"rand": rand} if name == "rand" else {"auto": name}, size=8)
        u = uniform(7, 3, ids, augment._draws, Stream.AUGMENT).double()
        assert [slot.op.tolist() for slot in augment._slots(u)] == expected
    images = (torch.arange(6 * 3 * 64).view(6, 3, 8, 8) * 37 % 256).to(torch.uint8)
    # Parts that are exact on every machine.
    exact = {"crop": "shift", "pad": 2, "flip": True, "jitter": 0.4, "cutout": 3}
    result = Augment(exact, size=8)(images, ids, seed=7, epoch=3) * 255
    assert result.round().long().sum((1, 2, 3)).tolist() == PINNED_LEVELS


@settings(max_examples=25, deadline=None)
@given(seeds, epochs, id_lists, st.sampled_from(AUTO), st.integers(1, 40), st.randoms())
def test_an_image_is_the_same_in_any_batch_order_or_resume(
    seed: int, epoch: int, ids: list[int], name: str, batch: int, shuffle: Random
) -> None:
    numbers = torch.tensor(ids)
    images = (uniform(1, 0, numbers, 3 * 64, Stream.INIT) * 256).to(torch.uint8).view(-1, 3, 8, 8)
    augment = Augment({**EVERYTHING, "auto": name}, size=8)
    whole = augment(images, numbers, seed=seed, epoch=epoch)
    order = torch.tensor(shuffle.sample(range(len(ids)), len(ids)))
    batches = [
        augment(images[part], numbers[part], seed=seed, epoch=epoch) for part in order.split(batch)
    ]
    assert torch.equal(torch.cat(batches), whole[order])
    # Resumed: a new object, which has not seen the batches before.
    rest = Augment({**EVERYTHING, "auto": name}, size=8)
    last = order.split(batch)[-1]
    assert torch.equal(rest(images[last], numbers[last], seed=seed, epoch=epoch), batches[-1])
