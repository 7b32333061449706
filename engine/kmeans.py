"""K-means of image embeddings (steps 12 and 13 of Algorithm 1), on the CPU or on a GPU."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.counter import Stream, permutation

TAC_IMAGES, TAC_CLASSES = 300, 3
ROWS = 16_384  # images at a time: their distances to 4,000 centres are 260 MB
TOLERANCE = 1e-4  # as scikit-learn's: of the features' mean variance


class Clusters(NamedTuple):
    """`centres` float32 [M, D], rows of length 1, where the embeddings were; `inertia`, the sum of
    squared distances of the normalised images to their centres before those are normalised."""

    centres: Tensor
    inertia: float


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
) -> Clusters:
    """K-means of image embeddings [N, D] into M ≤ N `clusters`.

    On rows of length 1, where squared distance is 2 − 2·cosine; the best of `restarts` random
    starts, each of at most `iterations`. Scikit-learn's on a CPU; `lloyd` where the embeddings are
    on a GPU. Each is deterministic; their centres differ, as those of two seeds do.
    """
    rows = F.normalize(embeddings.detach().float())
    if rows.device.type == "cpu":
        return _scikit(rows, clusters, seed=seed, restarts=restarts, iterations=iterations)
    return lloyd(rows, clusters, seed=seed, restarts=restarts, iterations=iterations)


def _scikit(rows: Tensor, clusters: int, *, seed: int, restarts: int, iterations: int) -> Clusters:
    from sklearn.cluster import KMeans

    kmeans = KMeans(
        clusters, init="random", n_init=restarts, max_iter=iterations, random_state=seed
    ).fit(rows.numpy())
    centres = torch.from_numpy(np.asarray(kmeans.cluster_centers_, np.float32))
    return Clusters(F.normalize(centres), float(kmeans.inertia_))


def lloyd(rows: Tensor, clusters: int, *, seed: int, restarts: int, iterations: int) -> Clusters:
    """The same on any device, for `rows` float32 [N, D] of length 1 (Lloyd 1982).

    Starts are images drawn by (seed, restart). A centre that loses all its images moves to the
    image that is farthest from its own, as in scikit-learn; a start ends when no image changes its
    centre or when the centres hardly move.
    """
    tolerance = TOLERANCE * float(rows.var(0, correction=0).mean())
    found = []
    for restart in range(restarts):
        start = permutation(seed, restart, len(rows), Stream.INIT, rows.device)[:clusters]
        found.append(_from_start(rows, rows[start], iterations, tolerance))
    centres, inertia = min(found, key=lambda each: each.inertia)
    return Clusters(F.normalize(centres), inertia)


def _from_start(rows: Tensor, centres: Tensor, iterations: int, tolerance: float) -> Clusters:
    """Where one start leads: centres as they are, not normalised."""
    before = None
    for _ in range(iterations):
        owner, distance = _nearest(rows, centres)
        if before is not None and torch.equal(owner, before):
            break
        before = owner
        moved = _means(rows, owner, distance, len(centres))
        shift = float((moved - centres).square().sum())
        centres = moved
        if shift <= tolerance:
            break
    return Clusters(centres, float(_nearest(rows, centres)[1].double().sum()))


def _nearest(rows: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Each row's centre int64 [N] and its squared distance from it float32 [N]."""
    length = centres.square().sum(1)
    parts = [(length - 2 * part @ centres.T).min(1) for part in rows.split(ROWS)]
    owner = torch.cat([part.indices for part in parts])
    return owner, (1 + torch.cat([part.values for part in parts])).clamp_min(0)


def _means(rows: Tensor, owner: Tensor, distance: Tensor, clusters: int) -> Tensor:
    """The mean row [M, D] of each centre; one without rows gets the farthest row left."""
    sums = rows.new_zeros(clusters, rows.shape[1], dtype=torch.float64)
    every = torch.arange(clusters, device=rows.device)
    for part, own in zip(rows.split(ROWS), owner.split(ROWS), strict=True):
        # A product, not index_add: its order of summing is fixed on a GPU as well.
        sums += ((own == every[:, None]).to(part.dtype) @ part).double()
    counts = owner.bincount(minlength=clusters)
    empty = torch.nonzero(counts == 0)[:, 0]
    if len(empty):
        far = distance.argsort(descending=True, stable=True)[: len(empty)]
        sums[empty] = rows[far].double()
        counts[empty] = 1
    return (sums / counts[:, None]).float()
