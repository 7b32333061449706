"""K-means of image embeddings (steps 12 and 13 of Algorithm 1), on the CPU or on a GPU."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.counter import Stream, permutation

Report = Callable[[int, int], None]

TAC_IMAGES, TAC_CLASSES = 300, 3
ROWS = 16_384  # images at a time: their distances to 4,271 centres are 280 MB
SUMMED, TOGETHER = 1024, 32  # images summed at a time, at least, and centres that these have, about
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
    embeddings: Tensor,
    clusters: int,
    *,
    seed: int,
    restarts: int,
    iterations: int,
    report: Report | None = None,
) -> Clusters:
    """K-means of image embeddings [N, D] into M ≤ N `clusters`.

    On rows of length 1, where squared distance is 2 − 2·cosine; the best of `restarts` random
    starts, each of at most `iterations`. Scikit-learn's on a CPU; `lloyd` where the embeddings are
    on a GPU, which also tells how many starts are done. Each is deterministic; their centres
    differ, as those of two seeds do.
    """
    rows = F.normalize(embeddings.detach().float())
    if rows.device.type == "cpu":
        return _scikit(rows, clusters, seed=seed, restarts=restarts, iterations=iterations)
    return lloyd(rows, clusters, seed=seed, restarts=restarts, iterations=iterations, report=report)


def _scikit(rows: Tensor, clusters: int, *, seed: int, restarts: int, iterations: int) -> Clusters:
    from sklearn.cluster import KMeans  # late: 2 s, which a GPU's K-means need not wait

    kmeans = KMeans(
        clusters, init="random", n_init=restarts, max_iter=iterations, random_state=seed
    ).fit(rows.numpy())
    centres = torch.from_numpy(np.asarray(kmeans.cluster_centers_, np.float32))
    return Clusters(F.normalize(centres), float(kmeans.inertia_))


def lloyd(
    rows: Tensor,
    clusters: int,
    *,
    seed: int,
    restarts: int,
    iterations: int,
    report: Report | None = None,
) -> Clusters:
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
        if report:
            report(restart + 1, restarts)
    centres, inertia = min(found, key=lambda each: each.inertia)
    return Clusters(F.normalize(centres), inertia)


def _from_start(rows: Tensor, centres: Tensor, iterations: int, tolerance: float) -> Clusters:
    """Where one start leads: centres as they are, not normalised."""
    owner, distance = _nearest(rows, centres)
    for _ in range(iterations):
        before, last = owner, centres
        centres = _means(rows, owner, distance, len(centres))
        owner, distance = _nearest(rows, centres)
        shift = (centres - last).square().sum()
        if bool((owner == before).all() | (shift <= tolerance)):
            break
    return Clusters(centres, float(distance.double().sum()))


def _nearest(rows: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Each row's centre int64 [N] and its squared distance from it float32 [N]."""
    length, weights = centres.square().sum(1), -2 * centres.T
    parts = [torch.addmm(length, part, weights).min(1) for part in rows.split(ROWS)]
    owner = torch.cat([part.indices for part in parts])
    return owner, (1 + torch.cat([part.values for part in parts])).clamp_min(0)


def _means(rows: Tensor, owner: Tensor, distance: Tensor, clusters: int) -> Tensor:
    """The mean row [M, D] of each centre; one without rows gets the farthest row left.

    Rows are taken in the order of their centres, so that few centres share a part. Sums are
    products in float64: their order is fixed on a GPU as well, which index_add's is not.
    """
    order = owner.argsort(stable=True)
    ordered, every = owner[order], torch.arange(clusters, device=rows.device)
    counts = torch.searchsorted(ordered, every, right=True) - torch.searchsorted(ordered, every)
    size = min(ROWS, max(SUMMED, TOGETHER * len(rows) // clusters))
    starts = range(0, len(rows), size)
    ends = [min(start + size, len(rows)) - 1 for start in starts]
    # What the host has to know, in one read: each part's first and last centre, and who is empty.
    *bounds, empty = torch.cat([ordered[[*starts, *ends]], (counts == 0).sum()[None]]).tolist()
    sums = rows.new_zeros(clusters, rows.shape[1], dtype=torch.float64)
    firsts, lasts = bounds[: len(starts)], bounds[len(starts) :]
    for part, first, last in zip(order.split(size), firsts, lasts, strict=True):
        among = every[first : last + 1, None] == owner[part]
        sums[first : last + 1] += among.double() @ rows[part].double()
    if empty:
        lost = (counts == 0).nonzero()[:, 0]
        far = distance.argsort(descending=True, stable=True)[:empty]
        sums[lost] = rows[far].double()
        counts[lost] = 1
    return (sums / counts[:, None]).float()
