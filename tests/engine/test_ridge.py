"""Ridge regression in closed form against refitting, in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.encoders.ridge import Ridge


def ridge_by_hand(
    x: np.ndarray, y: np.ndarray, mean: np.ndarray, scale: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and intercept by the normal equations; the intercept is not penalised."""
    z = np.hstack([(x - mean) / scale, np.ones((len(x), 1))])
    damping = np.diag([penalty] * x.shape[1] + [0.0])
    solution = np.linalg.solve(z.T @ z + damping, z.T @ y)
    return solution[:-1], solution[-1]


@pytest.mark.parametrize(("count", "features"), [(24, 5), (9, 14)])
@pytest.mark.parametrize("strength", [1e-3, 0.3])
def test_leave_one_out_is_refitting_without_the_row(
    count: int, features: int, strength: float
) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(2, 3, (count, features)), rng.normal(1, 1, (count, 3))
    unseen = rng.normal(2, 3, (4, features))
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)
    ridge = Ridge.fit(lambda rows: tx[rows], ty, strengths=(strength,))
    mean, scale, penalty = x.mean(0), x.std(0), strength * count
    weights, intercept = ridge_by_hand(x, y, mean, scale, penalty)
    np.testing.assert_allclose(
        ridge.predict(torch.from_numpy(unseen)),
        (unseen - mean) / scale @ weights + intercept,
        rtol=1e-7,
    )
    for i in range(count):
        rest = np.delete(np.arange(count), i)
        weights, intercept = ridge_by_hand(x[rest], y[rest], mean, scale, penalty)
        np.testing.assert_allclose(
            ridge.leave_one_out(tx[i : i + 1], ty[i : i + 1])[0],
            (x[i] - mean) / scale @ weights + intercept,
            rtol=1e-6,
        )


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(4, 20),
    features=st.integers(1, 12),
    log_strength=st.floats(-3, 1),
)
def test_a_view_is_predicted_without_its_row(
    seed: int, count: int, features: int, log_strength: float
) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(-1, 2, (count, features)), rng.normal(0.5, 1, (count, 2))
    views = x + rng.normal(0, 1, x.shape)
    tx, ty, tv = (torch.from_numpy(a) for a in (x, y, views))
    strength = 10**log_strength
    ridge = Ridge.fit(lambda rows: tx[rows], ty, strengths=(strength,))
    found = ridge.without(tx, ty, tv)
    for i in range(count):
        rest = np.delete(np.arange(count), i)
        weights, intercept = ridge_by_hand(x[rest], y[rest], x.mean(0), x.std(0), strength * count)
        expected = (views[i] - x.mean(0)) / x.std(0) @ weights + intercept
        np.testing.assert_allclose(found[i], expected, rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(ridge.without(tx, ty, tx), ridge.leave_one_out(tx, ty))


def test_strength_follows_the_noise_and_blocks_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = torch.Generator().manual_seed(5)
    x = torch.randn(200, 30, generator=rng, dtype=torch.float64)
    x[:, 7] = 4.0  # a constant feature must not divide by zero
    signal = x @ torch.randn(30, 2, generator=rng, dtype=torch.float64)
    noise = 30 * torch.randn(200, 2, generator=rng, dtype=torch.float64)
    clean = Ridge.fit(lambda rows: x[rows], signal)
    noisy = Ridge.fit(lambda rows: x[rows], signal + noise)
    assert clean.strength < noisy.strength
    monkeypatch.setattr("engine.encoders.ridge.BLOCK", 33)
    told: list[tuple[int, int]] = []
    split = Ridge.fit(lambda rows: x[rows], signal, report=lambda *at: told.append(at))
    assert split.strength == clean.strength
    torch.testing.assert_close(split.predict(x), clean.predict(x))
    assert told[:2] == [(33, 200), (66, 200)]
    assert told[-1] == (200, 200)
