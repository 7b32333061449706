"""Algorithm 1 from embeddings on: centres of the images, the nouns they keep, and retrieval."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = 16_384  # nouns at a time: their float64 scores for 300 centres are 40 MB
TIE = 1e-9  # log scores closer than this are equal, on every machine
TAC_IMAGES, TAC_CLASSES = 300, 3


class Selection(NamedTuple):
    """The bank's nouns: `indices` int64 [K], ascending, into the nouns given; `centre` int64 [K],
    the centre each was kept for; `score` float64 [K], its softmax score there."""

    indices: Tensor
    centre: Tensor
    score: Tensor


def clusters_for(rule: int | str, n: int, classes: int) -> int:
    """M for `n` training images: the number itself, or TAC's rule max(n / 300, 3·classes).

    Never more than `n`. ValueError: an unknown rule, or a number below 1.
    """
    if rule == "tac":
        clusters = max(n // TAC_IMAGES, TAC_CLASSES * classes)
    elif isinstance(rule, int) and rule >= 1:
        clusters = rule
    else:
        raise ValueError(f'clusters: {rule!r} is neither a number of at least 1 nor "tac"')
    return min(clusters, n)


def cluster(
    embeddings: Tensor, clusters: int, *, seed: int, restarts: int, iterations: int
) -> Tensor:
    """Centres float32 [M, D], rows of length 1, of image embeddings [N, D] (steps 12 and 13).

    Scikit-learn's K-means on rows of length 1, where squared distance is 2 − 2·cosine; the best of
    `restarts` random starts, each of at most `iterations`. ValueError if M > N.
    """
    from sklearn.cluster import KMeans

    rows = F.normalize(embeddings.detach().float().cpu())
    kmeans = KMeans(
        clusters, init="random", n_init=restarts, max_iter=iterations, random_state=seed
    ).fit(rows.numpy())
    return F.normalize(torch.from_numpy(np.asarray(kmeans.cluster_centers_, np.float32)))


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
    for chunk in nouns.split(CHUNK):
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
