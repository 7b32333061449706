"""K-means of embeddings: scikit-learn's and our own, which a GPU runs, on the CPU."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import engine.kmeans as kmeans
from engine.data import digits
from engine.kmeans import cluster, clusters_for, lloyd
from engine.relax import select


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


@pytest.fixture(scope="module")
def images() -> Tensor:
    """1,438 real digits as unit vectors."""
    return F.normalize(torch.from_numpy(digits.load().train.images).flatten(1).float())


@pytest.mark.parametrize("way", [cluster, lloyd])
def test_both_find_what_is_there(way: object) -> None:
    truth = torch.eye(4, 16)
    rows = F.normalize(truth.repeat_interleave(50, 0) + 0.05 * unit(200, 16, seed=6))
    found = way(rows, 4, seed=0, restarts=5, iterations=50)  # type: ignore[operator]
    assert found.centres.dtype == torch.float32
    torch.testing.assert_close(found.centres.norm(dim=1), torch.ones(4))
    assert (found.centres @ truth.T).max(0).values.min() > 0.99
    again = way(rows, 4, seed=0, restarts=5, iterations=50)  # type: ignore[operator]
    torch.testing.assert_close(found.centres, again.centres, rtol=0, atol=1e-6)


def test_rows_of_any_length_are_normalised() -> None:
    rows = unit(60, 8)
    one = cluster(rows, 3, seed=1, restarts=2, iterations=20)
    two = cluster(rows * torch.linspace(1, 9, 60)[:, None], 3, seed=1, restarts=2, iterations=20)
    torch.testing.assert_close(one.centres, two.centres)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("clusters", [10, 30])
def test_our_inertia_is_within_one_percent_of_scikit_learns(
    images: Tensor, seed: int, clusters: int
) -> None:
    ours = lloyd(images, clusters, seed=seed, restarts=10, iterations=300)
    theirs = cluster(images, clusters, seed=seed, restarts=10, iterations=300)
    assert ours.inertia == pytest.approx(theirs.inertia, rel=0.01)


@pytest.mark.parametrize("way", [cluster, lloyd])
def test_inertia_is_that_of_the_centres_before_they_are_normalised(
    images: Tensor, way: object
) -> None:
    found = way(images, 12, seed=0, restarts=1, iterations=300)  # type: ignore[operator]
    rows, centres = images.double().numpy(), found.centres.double().numpy()
    owner = (rows @ centres.T).argmax(1)
    means = np.stack([rows[owner == k].mean(0) for k in range(12)])
    distance = np.square(rows[:, None] - means).sum(2).min(1)
    assert found.inertia == pytest.approx(distance.sum(), rel=2e-3)


def by_hand(rows: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, float]:
    """Lloyd's algorithm in float64, to the end."""
    while True:
        distance = np.square(rows[:, None] - centres).sum(2)
        owner = distance.argmin(1)
        means = np.stack([rows[owner == k].mean(0) for k in range(len(centres))])
        if np.allclose(means, centres, atol=1e-12):
            return means, float(distance.min(1).sum())
        centres = means


def test_one_start_is_lloyds_algorithm(images: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kmeans, "TOLERANCE", 0.0)
    monkeypatch.setattr(kmeans, "ROWS", 100)  # in pieces as at once
    monkeypatch.setattr(kmeans, "SUMMED", 30)
    start = kmeans.permutation(3, 0, len(images), kmeans.Stream.INIT)[:8]
    means, inertia = by_hand(images.double().numpy(), images[start].double().numpy())
    found = lloyd(images, 8, seed=3, restarts=1, iterations=1000)
    assert found.inertia == pytest.approx(inertia, rel=1e-5)
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(found.centres, expected, atol=1e-5)


def test_the_best_start_wins_and_seeds_differ(images: Tensor) -> None:
    alone = [lloyd(images, 10, seed=5, restarts=n, iterations=50).inertia for n in (1, 3, 6)]
    assert alone[0] >= alone[1] >= alone[2]
    one, other = (lloyd(images, 10, seed=s, restarts=1, iterations=5) for s in (0, 1))
    assert not torch.equal(one.centres, other.centres)


def test_more_iterations_never_hurt(images: Tensor) -> None:
    inertia = [lloyd(images, 10, seed=0, restarts=1, iterations=n).inertia for n in (1, 2, 5, 50)]
    assert inertia == sorted(inertia, reverse=True)


def test_a_centre_that_loses_all_its_images_moves_to_the_farthest_one() -> None:
    """Three starts within one heap; the other heap is far from all of them."""
    rows = F.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    centres = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    owner, distance = kmeans._nearest(rows, centres)
    assert owner.tolist() == [0, 0, 0, 0]
    torch.testing.assert_close(distance, torch.tensor([0.0, 0.0, 0.0, 2.0]))
    moved = kmeans._means(rows, owner, distance, 2)
    torch.testing.assert_close(moved[1], rows[3])
    found = kmeans._from_start(rows, centres, 10, 0.0)
    assert found.inertia == pytest.approx(0, abs=1e-6)


def test_means_are_sums_in_float64() -> None:
    rows = F.normalize(unit(40_000, 4) + 3 * unit(1, 4, seed=9))  # which add up, and do not cancel
    owner = torch.arange(len(rows)) % 3
    found = kmeans._means(rows, owner, torch.zeros(len(rows)), 3)
    exact = torch.stack([rows[owner == k].double().mean(0) for k in range(3)])
    assert torch.equal(found, exact.float())


def test_progress_is_told_start_by_start(images: Tensor) -> None:
    told: list[tuple[int, int]] = []
    lloyd(images, 5, seed=0, restarts=2, iterations=2, report=lambda *at: told.append(at))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("clusters", [1, 5])
def test_images_that_are_all_alike(clusters: int) -> None:
    rows = unit(1, 8).expand(5, 8).contiguous()
    found = lloyd(rows, clusters, seed=0, restarts=2, iterations=10)
    torch.testing.assert_close(found.centres, rows[:clusters])
    assert found.inertia == pytest.approx(0, abs=1e-5)


def test_as_many_centres_as_images(images: Tensor) -> None:
    found = lloyd(images[:20], 20, seed=0, restarts=1, iterations=10)
    assert found.inertia == pytest.approx(0, abs=1e-4)


def test_the_global_generator_is_left_alone(images: Tensor) -> None:
    before = torch.get_rng_state()
    lloyd(images, 5, seed=0, restarts=1, iterations=3)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same_bits_twice_and_the_same_nouns_for_the_same_centres(
    images: Tensor,
) -> None:
    rows = images.cuda()
    found = cluster(rows, 30, seed=0, restarts=10, iterations=300)
    again = cluster(rows, 30, seed=0, restarts=10, iterations=300)
    assert found.centres.device.type == "cuda"
    assert torch.equal(found.centres, again.centres)
    reference = cluster(images, 30, seed=0, restarts=10, iterations=300)
    assert found.inertia == pytest.approx(reference.inertia, rel=0.01)
    nouns = unit(5000, 64, seed=8)
    here = select(reference.centres, nouns)
    there = select(reference.centres.cuda(), nouns.cuda())
    assert torch.equal(here.indices, there.indices.cpu())
    assert torch.equal(here.centre, there.centre.cpu())


@pytest.mark.parametrize(
    ("rule", "n", "classes", "expected"),
    [
        ("tac", 50_000, 100, 300),
        ("tac", 1437, 10, 30),
        ("tac", 60_000, 10, 200),
        (150, 50_000, 100, 150),
        (30, 20, 10, 20),
        ("tac", 12, 10, 12),
    ],
)
def test_clusters_for(rule: int | str, n: int, classes: int, expected: int) -> None:
    assert clusters_for(rule, n, classes) == expected


@pytest.mark.parametrize("rule", ["TAC", 0, -3])
def test_clusters_for_refuses(rule: int | str) -> None:
    with pytest.raises(ValueError, match="neither a number"):
        clusters_for(rule, 100, 10)
