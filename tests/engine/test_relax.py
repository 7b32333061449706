"""Algorithm 1 from centres on, against float64 numpy written from the formulas."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import engine.relax as relax
from engine.relax import retrieval_weights, retrieve, select


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_select_is_steps_14_to_18() -> None:
    centres, nouns = unit(4, 8, seed=1), unit(90, 8, seed=2)
    excluded = torch.arange(90) % 7 == 0
    s = centres.numpy().astype(np.float64) @ nouns.numpy().astype(np.float64).T
    p = np.exp(s) / np.exp(s).sum(0)  # over centres
    kept: dict[int, int] = {}
    for k in range(4):
        own = [i for i in range(90) if s[:, i].argmax() == k and not excluded[i]]
        kept |= dict.fromkeys(sorted(own, key=lambda i: -p[k, i])[:5], k)
    found = select(centres, nouns, excluded=excluded)
    assert found.indices.tolist() == sorted(kept)
    assert found.centre.tolist() == [kept[i] for i in sorted(kept)]
    np.testing.assert_allclose(found.score, [p[kept[i], i] for i in sorted(kept)], rtol=1e-9)


def test_the_softmax_is_over_centres_not_over_nouns() -> None:
    # Noun 0 is nearer to centre 0, but near to centre 1 as well; noun 1 is centre 0's alone.
    centres = torch.tensor([[1.0, 0.0], [0.8, 0.6]])
    nouns = torch.tensor([[0.98, 0.199], [0.9, -0.436]])
    assert (nouns @ centres[0]).argmax() == 0
    assert select(centres, nouns, per_centre=1).indices.tolist() == [1]


def test_ties_go_to_the_lower_index() -> None:
    nouns = unit(1, 8).expand(12, 8)
    assert select(unit(3, 8, seed=3), nouns).indices.tolist() == [0, 1, 2, 3, 4]


def test_select_in_chunks_is_select_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    centres, nouns = unit(5, 16), unit(200, 16, seed=4)
    whole = select(centres, nouns)
    monkeypatch.setattr(relax, "SCORES", 7 * len(centres))
    assert torch.equal(select(centres, nouns).indices, whole.indices)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 6), st.integers(1, 40), st.integers(1, 6), st.integers(0, 1000))
def test_selection_laws(centres: int, nouns: int, per_centre: int, seed: int) -> None:
    excluded = torch.arange(nouns) % 3 == 1
    found = select(
        unit(centres, 4, seed=seed),
        unit(nouns, 4, seed=seed + 1),
        per_centre=per_centre,
        excluded=excluded,
    )
    assert found.indices.dtype == found.centre.dtype == torch.int64
    assert found.indices.diff().gt(0).all()
    assert not excluded[found.indices].any()
    assert found.centre.bincount(minlength=centres).max() <= per_centre
    assert len(found.indices) >= min(1, int((~excluded).sum()))


def test_retrieval_is_the_formula_and_reaches_the_bank() -> None:
    images, bank = unit(6, 8), unit(10, 8, seed=5).double().requires_grad_()
    z = images.numpy().astype(np.float64) @ bank.detach().numpy().T / 0.005
    w = np.exp(z - z.max(1, keepdims=True))
    w /= w.sum(1, keepdims=True)
    text = w @ bank.detach().numpy()
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    np.testing.assert_allclose(
        retrieval_weights(images.double(), bank, 0.005).detach(), w, atol=1e-12
    )
    np.testing.assert_allclose(retrieve(images.double(), bank, 0.005).detach(), text, atol=1e-12)
    assert torch.autograd.gradcheck(lambda b: retrieve(images.double(), b, 0.5), (bank,))
