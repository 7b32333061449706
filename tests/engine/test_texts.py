"""Which text a sample takes, and the embedding that comes of it."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from engine.relax import retrieve
from engine.texts import SampleTexts, Text, assign, kind_of_batch, noise_labels, sample_texts

IDS = torch.arange(1000)


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


@given(share=st.integers(0, 100), seed=st.integers(0, 2**31 - 1), noise=st.booleans())
def test_exactly_the_asked_share_leaves_gt(share: int, seed: int, noise: bool) -> None:
    mix = {"wn": 0, "noise": share} if noise else {"wn": share, "noise": 0}
    kinds = assign(IDS, **mix, seed=seed, split=0)
    other = Text.NOISE if noise else Text.WN
    assert int((kinds == other).sum()) == 10 * share
    assert int((kinds == Text.GT).sum()) == 1000 - 10 * share


def test_larger_shares_hold_the_smaller_ones_and_splits_differ() -> None:
    part = {wn: assign(IDS, wn=wn, noise=0, seed=3, split=0) == Text.WN for wn in (20, 50, 80)}
    assert (part[20] <= part[50]).all()
    assert (part[50] <= part[80]).all()
    assert not torch.equal(part[50], assign(IDS, wn=50, noise=0, seed=3, split=1) == Text.WN)


def test_a_sample_s_noise_is_its_own_and_all_classes_are_as_likely() -> None:
    drawn = noise_labels(IDS, classes=10, seed=1, split=0)
    some = IDS[[5, 700, 2]]
    assert torch.equal(noise_labels(some, classes=10, seed=1, split=0), drawn[some])
    counts = drawn.bincount(minlength=10).double()
    assert float(((counts - 100) ** 2 / 100).sum()) < 27.9  # chi-square, 9 degrees, p = .001


def mixed(labels: Tensor, names: Tensor, **mix: Any) -> SampleTexts:
    mix = {"wn": 0, "noise": 0, "seed": 0, "split": 0, "temperature": None} | mix
    return sample_texts(labels, torch.arange(len(labels)), names, **mix)


def test_each_kind_of_text_and_where_gradients_go() -> None:
    images, names, bank = unit(40, 8, seed=0), unit(4, 8, seed=1), unit(6, 8, seed=2)
    labels = torch.arange(40) % 4
    bank.requires_grad_(True)
    texts = mixed(labels, names, wn=50, temperature=0.005)
    index = torch.arange(40)
    embedded = texts.embed(index, texts.kinds, images, bank)
    gt = texts.kinds == Text.GT
    assert torch.equal(embedded[gt], names[labels[gt]])
    expected = F.normalize((images @ bank.T / 0.005).softmax(1) @ bank, dim=1)
    torch.testing.assert_close(embedded[~gt], expected[~gt])
    embedded[gt].sum().backward(retain_graph=True)
    assert bank.grad is not None
    assert float(bank.grad.abs().sum()) == 0
    embedded[~gt][:, 0].sum().backward()
    assert float(bank.grad.abs().sum()) > 0


def test_a_text_may_be_asked_for_that_is_not_the_sample_s_draw() -> None:
    images, names, bank = unit(9, 8, seed=0), unit(3, 8, seed=1), unit(5, 8, seed=2)
    texts = mixed(torch.arange(9) % 3, names, wn=50, temperature=0.01)
    some = torch.tensor([4, 0, 7])
    gt = texts.embed(some, torch.full((3,), int(Text.GT)), images[some], bank)
    assert torch.equal(gt, names[some % 3])
    assert torch.equal(gt, texts.gt(some))
    wn = texts.embed(some, torch.full((3,), int(Text.WN)), images[some], bank)
    torch.testing.assert_close(wn, retrieve(images[some], bank, 0.01))


def test_noise_takes_the_drawn_class_s_name() -> None:
    names = unit(10, 8)
    ids = torch.arange(100)
    texts = mixed(torch.zeros(100, dtype=torch.int64), names, noise=100, seed=5)
    drawn = noise_labels(ids, classes=10, seed=5, split=0)
    assert torch.equal(texts.embed(ids, texts.kinds, unit(100, 8), None), names[drawn])


@pytest.mark.parametrize(
    ("gt", "steps", "expected"), [(20, 10, 2), (50, 3, 2), (80, 7, 6), (99, 4, 4), (1, 4, 0)]
)
def test_the_first_batches_take_gt(gt: int, steps: int, expected: int) -> None:
    kinds = [kind_of_batch(step, steps, wn=100 - gt, noise=0) for step in range(steps)]
    assert kinds == [Text.GT] * expected + [Text.WN] * (steps - expected)


@given(gt=st.integers(0, 100), steps=st.integers(1, 400), noise=st.booleans())
def test_first_batches_are_first_and_within_half_a_batch_of_the_share(
    gt: int, steps: int, noise: bool
) -> None:
    mix = {"wn": 0, "noise": 100 - gt} if noise else {"wn": 100 - gt, "noise": 0}
    kinds = [kind_of_batch(step, steps, **mix) for step in range(steps)]
    of_gt = kinds.count(Text.GT)
    assert kinds[:of_gt] == [Text.GT] * of_gt
    assert abs(of_gt - steps * gt / 100) <= 0.5
    assert set(kinds[of_gt:]) <= {Text.NOISE if noise else Text.WN}
