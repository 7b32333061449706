"""Algorithm 1 from centres on: the nouns that they keep, and retrieval."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = 16_384  # nouns at a time, fewer where there are many centres
SCORES = CHUNK * 300  # of a chunk, at most: 40 MB in float64
TIE = 1e-9  # log scores closer than this are equal, on every machine


class Selection(NamedTuple):
    """The bank's nouns: `indices` int64 [K], ascending, into the nouns given; `centre` int64 [K],
    the centre each was kept for; `score` float64 [K], its softmax score there."""

    indices: Tensor
    centre: Tensor
    score: Tensor


def select(
    centres: Tensor, nouns: Tensor, *, per_centre: int = 5, excluded: Tensor | None = None
) -> Selection:
    """The nouns to keep (steps 14 to 18): centres [M, D], nouns [n, D], rows of length 1.

    S = centres · nounsᵀ. Each noun belongs to its arg-max centre, and a centre keeps the
    `per_centre` of its own nouns with the highest softmax(S)[k, i]. The softmax is over centres k,
    as in TAC, which classifies each noun among the centres: a noun scores high where it is close to
    its centre and to no other. (Over nouns i it would keep the order of S within a centre, and
    step 16 would need no softmax.) No temperature, as in the paper. Equal scores: the lower index.

    `excluded` bool [n], True = not a candidate. A centre with fewer nouns keeps what it has.
    """
    weights = centres.double().T
    best: list[Tensor] = []
    owner: list[Tensor] = []
    for chunk in nouns.split(min(CHUNK, max(1, SCORES // len(centres)))):
        similarity = chunk.double() @ weights
        top, centre = similarity.max(1)
        best.append(top - similarity.logsumexp(1))
        owner.append(centre)
    score, centre = torch.cat(best), torch.cat(owner)
    if excluded is not None:
        centre = centre.masked_fill(excluded.to(centre.device), -1)
    # Sorted by centre, then score, then index; rank is the place within the centre.
    rounded = (score / TIE).round()
    order = rounded.argsort(descending=True, stable=True)
    order = order[centre[order].argsort(stable=True)]
    owners = centre[order]
    rank = torch.arange(len(order), device=order.device) - torch.searchsorted(owners, owners)
    indices = order[(rank < per_centre) & (owners >= 0)].sort().values
    return Selection(indices, centre[indices], score[indices].exp())


def retrieval_weights(images: Tensor, bank: Tensor, temperature: float) -> Tensor:
    """softmax(images · bankᵀ / temperature): [B, D], [K, D] → [B, K], rows sum to 1.

    The paper's temperature is 0.005; differentiable in both.
    """
    return (images @ bank.T / temperature).softmax(1)


def retrieve(images: Tensor, bank: Tensor, temperature: float) -> Tensor:
    """Each image's relaxed text n_relaxed [B, D], rows of length 1 (method.md, Algorithm 1, 5).

    Gradients flow into the bank.
    """
    return F.normalize(retrieval_weights(images, bank, temperature) @ bank)
