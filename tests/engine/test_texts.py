"""Which text a sample takes, and the embedding that comes of it."""

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from engine.texts import Text, assign, noise_labels, sample_texts

IDS = torch.arange(1000)


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


def test_each_kind_of_text_and_where_gradients_go() -> None:
    generator = torch.Generator().manual_seed(0)
    images, names, bank = (
        F.normalize(torch.randn(n, 8, generator=generator), dim=1) for n in (40, 4, 6)
    )
    labels = torch.arange(40) % 4
    bank.requires_grad_(True)
    common = {"wn": 50, "noise": 0, "seed": 0, "split": 0, "temperature": 0.005}
    texts = sample_texts(images, labels, torch.arange(40), names, **common)  # type: ignore[arg-type]
    index = torch.arange(40)
    embedded = texts.embed(index, bank)
    gt = ~texts.relaxed(index)
    assert torch.equal(embedded[gt], names[labels[gt]])
    expected = F.normalize((images @ bank.T / 0.005).softmax(1) @ bank, dim=1)
    torch.testing.assert_close(embedded[~gt], expected[~gt])
    embedded[gt].sum().backward(retain_graph=True)
    assert bank.grad is not None
    assert float(bank.grad.abs().sum()) == 0
    embedded[~gt][:, 0].sum().backward()
    assert float(bank.grad.abs().sum()) > 0


def test_noise_takes_the_drawn_class_s_name() -> None:
    names = F.normalize(torch.randn(10, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    labels = torch.zeros(100, dtype=torch.int64)
    ids = torch.arange(100)
    texts = sample_texts(
        names[labels], labels, ids, names, wn=0, noise=100, seed=5, split=0, temperature=None
    )
    drawn = noise_labels(ids, classes=10, seed=5, split=0)
    assert torch.equal(texts.embed(ids, None), names[drawn])
