"""Each loss against its formula, written out once more in float64 NumPy, and what must hold."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor
from torch.autograd import gradcheck

from engine.losses import (
    combined_logits,
    cosine_regulariser,
    hierarchical_loss,
    kd_loss,
    kl_loss,
    student_loss,
    t_x_loss,
)

RNG = np.random.default_rng(0)
STUDENT, TEACHER, OTHER = (RNG.normal(0, 2, (4, 3)) for _ in range(3))
LABELS = np.array([0, 2, 1, 1])
RELAXED, GT = RNG.normal(size=(2, 4, 6))
BANK, PRETRAINED = RNG.normal(size=(2, 9, 6))
ACTIVE = np.array([True, False, True, True])
EVERYONE = torch.ones(4, dtype=torch.bool)
HALVES = [torch.float16, torch.bfloat16]


def t(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array)


def np_log_softmax(z: np.ndarray) -> np.ndarray:
    z = z - z.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def np_ce(logits: np.ndarray, labels: np.ndarray) -> float:
    return -np_log_softmax(logits)[np.arange(len(labels)), labels].mean()


def np_kd(student: np.ndarray, teacher: np.ndarray, tau: float) -> float:
    target = np.exp(np_log_softmax(teacher / tau))
    return -(tau**2) * (target * np_log_softmax(student / tau)).sum(1).mean()


def np_cosine_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return 1 - (a * b).sum(1) / norms


# --- Eq. 1


def test_combined_logits_weigh_t_m_as_one_teacher() -> None:
    expected = ((STUDENT + OTHER) / 2 + TEACHER) / 2
    np.testing.assert_allclose(combined_logits([t(STUDENT), t(OTHER)], t(TEACHER)), expected)
    np.testing.assert_allclose(combined_logits(t(np.stack([STUDENT, OTHER])), t(TEACHER)), expected)


def test_combined_logits_without_one_side() -> None:
    np.testing.assert_allclose(
        combined_logits([t(STUDENT), t(OTHER), t(TEACHER)], None), (STUDENT + OTHER + TEACHER) / 3
    )
    np.testing.assert_array_equal(combined_logits([], t(TEACHER)), TEACHER)
    with pytest.raises(ValueError, match="no teacher"):
        combined_logits([], None)


# --- Eq. 2 and 3


@pytest.mark.parametrize("tau", [1.0, 3.0, 7.5])
def test_kd_loss_is_equation_2(tau: float) -> None:
    assert kd_loss(t(STUDENT), t(TEACHER), tau).item() == pytest.approx(
        np_kd(STUDENT, TEACHER, tau), rel=1e-12
    )


def test_kd_loss_of_numbers_done_by_hand() -> None:
    # softmax([ln 3, 0]) = (3/4, 1/4), so at τ = 2 logits 2·ln 3 and 0 give the same;
    # a student of equal logits has log-softmax -ln 2 whatever the teacher says.
    teacher = torch.tensor([[2 * np.log(3), 0.0]])
    assert kd_loss(torch.zeros(1, 2), teacher, 2.0).item() == pytest.approx(4 * 0.6931471805599453)
    # 4 times the entropy of (3/4, 1/4), 0.5623351446188083
    assert kd_loss(teacher, teacher, 2.0).item() == pytest.approx(2.2493405784752336)


def test_kd_loss_is_least_at_the_teacher() -> None:
    student = t(TEACHER).clone().requires_grad_()
    least = kd_loss(student, t(TEACHER), 3.0)
    least.backward()
    assert student.grad is not None
    assert student.grad.abs().max() < 1e-12
    for seed in range(5):
        noise = torch.randn(4, 3, generator=torch.Generator().manual_seed(seed)).double()
        assert kd_loss(t(TEACHER) + 0.1 * noise, t(TEACHER), 3.0) > least.detach()


def test_kd_loss_scales_with_temperature() -> None:
    scaled = kd_loss(t(3 * STUDENT), t(3 * TEACHER), 3.0)
    assert scaled.item() == pytest.approx(9 * kd_loss(t(STUDENT), t(TEACHER), 1.0).item())


def test_kd_loss_on_one_hot_teachers_is_cross_entropy() -> None:
    certain = torch.full((4, 3), -1e4).scatter(1, t(LABELS)[:, None], 1e4)
    assert kd_loss(t(STUDENT), certain.double(), 1.0).item() == pytest.approx(
        np_ce(STUDENT, LABELS)
    )


@pytest.mark.parametrize("tau", [0.0, -1.0, float("nan")])
def test_a_temperature_is_positive(tau: float) -> None:
    with pytest.raises(ValueError, match="temperature"):
        kd_loss(t(STUDENT), t(TEACHER), tau)


def test_student_loss_is_equation_3() -> None:
    with_teacher = student_loss(t(STUDENT), t(LABELS), t(TEACHER), 3.0, 2 / 3)
    expected = np_ce(STUDENT, LABELS) + 2 / 3 * np_kd(STUDENT, TEACHER, 3.0)
    assert with_teacher.item() == pytest.approx(expected, rel=1e-12)
    alone = student_loss(t(STUDENT), t(LABELS), None, 3.0, 2 / 3)
    assert alone.item() == pytest.approx(np_ce(STUDENT, LABELS), rel=1e-12)


def test_student_loss_of_numbers_done_by_hand() -> None:
    # CE: -ln(1/2); KD at τ = 3 from a student of equal logits: 9 ln 2; ln 2 (1 + 2/3 · 9) = 7 ln 2
    loss = student_loss(
        torch.zeros(1, 2), torch.tensor([1]), torch.tensor([[5.0, -1.0]]), 3.0, 2 / 3
    )
    assert loss.item() == pytest.approx(4.852030263919617)


# 32-bit values: in float64 hypothesis would draw logits that differ by less than float32 can show.
def logits(limit: float) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float32, (2, 4), elements=st.floats(-limit, limit, width=32))


@settings(deadline=None, max_examples=50)
@given(logits(32), logits(32), st.floats(-100, 100), st.floats(-100, 100), st.floats(0.5, 20))
def test_kd_loss_ignores_shifts(
    student: np.ndarray, teacher: np.ndarray, a: float, b: float, tau: float
) -> None:
    s, z = t(student).double(), t(teacher).double()
    expected = kd_loss(s, z, tau).item()
    assert kd_loss(s + a, z + b, tau).item() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(logits(2.0**14), logits(2.0**14), st.sampled_from([torch.float32, *HALVES]))
def test_student_loss_is_finite_on_extreme_logits(
    student: np.ndarray, teacher: np.ndarray, dtype: torch.dtype
) -> None:
    s, z = t(student).to(dtype).requires_grad_(), t(teacher).to(dtype)
    loss = student_loss(s, torch.tensor([0, 3]), z, 1.0, 1.0)
    loss.backward()
    assert loss.isfinite()
    assert s.grad is not None
    assert s.grad.isfinite().all()
    s64, z64 = s.detach().double().numpy(), z.double().numpy()
    exact = np_ce(s64, np.array([0, 3])) + np_kd(s64, z64, 1.0)
    assert loss.item() == pytest.approx(exact, rel=1e-5, abs=1e-5)


# --- the baselines' KL


def test_kl_loss_is_the_distillation_without_the_teachers_entropy() -> None:
    entropy = np_kd(TEACHER, TEACHER, 1.0)
    expected = np_kd(STUDENT, TEACHER, 1.0) - entropy
    assert kl_loss(t(STUDENT), t(TEACHER)).item() == pytest.approx(expected, rel=1e-12)


def test_kl_loss_of_numbers_done_by_hand() -> None:
    # p = (3/4, 1/4), q = (1/2, 1/2): 3/4 ln(3/2) + 1/4 ln(1/2)
    teacher = torch.tensor([[np.log(3), 0.0]])
    assert kl_loss(torch.zeros(1, 2), teacher).item() == pytest.approx(0.1308120359391)
    assert kl_loss(teacher, teacher + 5).item() == pytest.approx(0, abs=1e-15)


# --- Eq. 4 to 6


def test_hierarchical_loss_is_equation_4() -> None:
    expected = (np_cosine_distance(RELAXED, GT) * ACTIVE).sum() / 4
    loss = hierarchical_loss(t(RELAXED), t(GT), t(ACTIVE))
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_hierarchical_loss_of_numbers_done_by_hand() -> None:
    # distances 0 (parallel), 1 (orthogonal), 2 (opposite), 1 - 0.6 (a 3-4-5 triangle)
    relaxed = torch.tensor([[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [3.0, 4.0]])
    gt = torch.tensor([[1.0, 0.0]]).expand(4, 2)
    assert hierarchical_loss(relaxed, gt, EVERYONE).item() == pytest.approx(0.85)
    third_left_out = torch.tensor([True, True, False, True])
    assert hierarchical_loss(relaxed, gt, third_left_out).item() == pytest.approx(0.35)
    assert hierarchical_loss(relaxed, gt, ~EVERYONE).item() == 0


def test_inactive_samples_send_no_gradient() -> None:
    relaxed = t(RELAXED).clone().requires_grad_()
    hierarchical_loss(relaxed, t(GT), t(ACTIVE)).backward()
    assert relaxed.grad is not None
    assert (relaxed.grad.abs().sum(1) > 0).tolist() == ACTIVE.tolist()

    bank = t(BANK).clone().requires_grad_()
    cosine_regulariser(bank, t(PRETRAINED), ~EVERYONE).backward()
    assert bank.grad is not None
    assert bank.grad.count_nonzero() == 0


def test_cosine_regulariser_is_equation_5() -> None:
    expected = np_cosine_distance(BANK, PRETRAINED).mean()
    whole = cosine_regulariser(t(BANK), t(PRETRAINED), EVERYONE)
    assert whole.item() == pytest.approx(expected, rel=1e-12)
    share = cosine_regulariser(t(BANK), t(PRETRAINED), t(ACTIVE))
    assert share.item() == pytest.approx(expected * 3 / 4, rel=1e-12)
    unmoved = cosine_regulariser(t(BANK), t(BANK), EVERYONE)
    assert unmoved.item() == pytest.approx(0, abs=1e-12)


def test_t_x_loss_is_the_mean_of_the_samples_own_losses() -> None:
    """Eq. 6 sample by sample: both terms are 0 for those that take class-name text."""
    own = []
    for i, active in enumerate(ACTIVE):
        loss = np_ce(STUDENT[i : i + 1], LABELS[i : i + 1])
        if active:
            loss += 0.1 * np_cosine_distance(RELAXED[i : i + 1], GT[i : i + 1])[0]
            loss += 0.01 * np_cosine_distance(BANK, PRETRAINED).mean()
        own.append(loss)
    total = t_x_loss(
        t(STUDENT),
        t(LABELS),
        hierarchical_loss(t(RELAXED), t(GT), t(ACTIVE)),
        cosine_regulariser(t(BANK), t(PRETRAINED), t(ACTIVE)),
        lambda_hier=0.1,
        lambda_cosreg=0.01,
    )
    assert total.item() == pytest.approx(np.mean(own), rel=1e-12)


# --- all of them


def test_gradients() -> None:
    def grad(array: np.ndarray) -> Tensor:
        return t(array).clone().requires_grad_()

    labels, active = t(LABELS), t(ACTIVE)
    scalars = (torch.tensor(x, dtype=torch.double, requires_grad=True) for x in (0.3, 0.2))
    z1, z2, z3 = map(grad, (STUDENT, TEACHER, OTHER))
    assert gradcheck(lambda a, b, x: combined_logits([a, b], x), (z1, z2, z3))
    assert gradcheck(lambda s, z: student_loss(s, labels, z, 3.0, 0.5), (z1, z2))
    assert gradcheck(kl_loss, (z1, z2))
    assert gradcheck(lambda n, g: hierarchical_loss(n, g, active), (grad(RELAXED), grad(GT)))
    assert gradcheck(lambda b, p: cosine_regulariser(b, p, active), (grad(BANK), grad(PRETRAINED)))
    assert gradcheck(
        lambda z, h, c: t_x_loss(z, labels, h, c, lambda_hier=0.1, lambda_cosreg=0.01),
        (z1, *scalars),
    )


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    def pairs(*arrays: np.ndarray) -> list[tuple[Tensor, Tensor]]:
        return [(t(a).to(dtype), t(a).to(dtype).float()) for a in arrays]

    (s, s32), (z, z32), (n, n32), (g, g32) = pairs(STUDENT, TEACHER, RELAXED, GT)
    labels, active = t(LABELS), t(ACTIVE)
    for half, full in (
        (combined_logits([s, z], z), combined_logits([s32, z32], z32)),
        (student_loss(s, labels, z, 3.0, 0.5), student_loss(s32, labels, z32, 3.0, 0.5)),
        (kl_loss(s, z), kl_loss(s32, z32)),
        (hierarchical_loss(n, g, active), hierarchical_loss(n32, g32, active)),
        (cosine_regulariser(n, g, active), cosine_regulariser(n32, g32, active)),
    ):
        assert half.dtype == torch.float32
        torch.testing.assert_close(half, full, rtol=0, atol=0)

    s.requires_grad_()
    kd_loss(s, z, 3.0).backward()
    assert s.grad is not None
    assert s.grad.dtype == dtype


def test_autocast_changes_nothing() -> None:
    s, z = t(STUDENT).float(), t(TEACHER).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = student_loss(s, t(LABELS), z, 3.0, 0.5)
    torch.testing.assert_close(inside, student_loss(s, t(LABELS), z, 3.0, 0.5), rtol=0, atol=0)
