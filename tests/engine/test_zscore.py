"""Logit standardisation: by hand, against float64 NumPy, and that no scale counts."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor
from torch.autograd import gradcheck

from engine.train.methods.zscore import ZScore, standardised, zscore_loss
from engine.train.teachers import Table
from engine.train.teaching import TeacherLogits

RNG = np.random.default_rng(2)
STUDENT, TEACHER = RNG.normal(0, 3, (2, 5, 4))
LABELS = np.array([3, 0, 1, 1, 2])


def t(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array)


def np_standardised(z: np.ndarray) -> np.ndarray:
    return (z - z.mean(1, keepdims=True)) / (z.std(1, keepdims=True, ddof=1) + 1e-7)


def np_log_softmax(z: np.ndarray) -> np.ndarray:
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def test_standardising_done_by_hand() -> None:
    # (1, 2, 3): mean 2, squares 1 + 0 + 1 over n − 1 = 2, so the deviation is 1.
    z = standardised(torch.tensor([[1.0, 2.0, 3.0], [12.0, 10.0, 8.0]], dtype=torch.float64))
    np.testing.assert_allclose(z, [[-1, 0, 1], [1, 0, -1]], atol=2e-7)


def test_the_loss_done_by_hand() -> None:
    # Two classes: logits ±a standardise to ±1/√2 whatever a > 0 is. At τ = 1/√2 that is ±1:
    # p = σ(2) for the teacher, q = σ(−2) for the student, and p ln(p/q) + (1−p) ln((1−p)/(1−q))
    # = 4σ(2) − 2 = 1.5231883119115; τ² = 1/2. CE of (−3, 3) at label 1: ln(1 + e⁻⁶).
    loss = zscore_loss(
        torch.tensor([[-3.0, 3.0]], dtype=torch.float64),
        torch.tensor([1]),
        torch.tensor([[20.0, -7.0]], dtype=torch.float64),
        tau=2**-0.5,
        ce=0.1,
        kd=9.0,
    )
    kl = 2 * (2 / (1 + np.exp(-2)) - 1)
    expected = 0.1 * np.log1p(np.exp(-6)) + 9 * 0.5 * kl
    assert kl == pytest.approx(1.5231883119115)
    assert loss.item() == pytest.approx(expected, rel=1e-6)  # the 1e-7 beside the deviation
    assert loss.item() == pytest.approx(6.854595144, rel=1e-6)


@pytest.mark.parametrize(("tau", "ce", "kd"), [(2.0, 0.1, 9.0), (2.0, 1.0, 9.0), (4.5, 0.0, 1.0)])
def test_the_loss_is_the_formula(tau: float, ce: float, kd: float) -> None:
    log_q = np_log_softmax(np_standardised(STUDENT) / tau)
    log_p = np_log_softmax(np_standardised(TEACHER) / tau)
    kl = (np.exp(log_p) * (log_p - log_q)).sum(1).mean()
    supervised = -np_log_softmax(STUDENT)[np.arange(5), LABELS].mean()
    loss = zscore_loss(t(STUDENT), t(LABELS), t(TEACHER), tau=tau, ce=ce, kd=kd)
    assert loss.item() == pytest.approx(ce * supervised + kd * tau**2 * kl, rel=1e-12)


def test_several_teachers_are_combined_before_they_are_standardised() -> None:
    tables = {name: RNG.normal(0, 2, (1, 5, 4)) for name in ("T_1s", "T_2w", "T_x")}
    teachers = {name: Table(rows, torch.device("cpu")) for name, rows in tables.items()}
    criterion = ZScore(TeacherLogits(teachers, device=torch.device("cpu")), tau=2.0, ce=0.1, kd=9.0)
    criterion.begin_epoch(0)
    mean = (tables["T_1s"][0] + tables["T_2w"][0]) / 4 + tables["T_x"][0] / 2
    expected = zscore_loss(t(STUDENT), t(LABELS), t(mean), tau=2.0, ce=0.1, kd=9.0)
    found = criterion.losses(t(STUDENT), t(LABELS), torch.arange(5))["loss"]
    assert found.item() == pytest.approx(expected.item(), rel=1e-12)


logits = arrays(np.float64, (2, 4), elements=st.floats(-20, 20, width=32))


@given(logits, logits, st.floats(0.01, 100), st.floats(-50, 50))
def test_shift_and_scale_of_the_teacher_do_not_count(
    student: np.ndarray, teacher: np.ndarray, scale: float, shift: float
) -> None:
    assume((teacher.std(1) > 0.1).all())
    labels = torch.tensor([0, 3])

    def loss(answer: np.ndarray) -> float:
        return zscore_loss(t(student), labels, t(answer), tau=2.0, ce=0.1, kd=9.0).item()

    assert loss(scale * teacher + shift) == pytest.approx(loss(teacher), rel=1e-3, abs=1e-3)


@given(logits, st.floats(0.1, 10), st.floats(-50, 50))
def test_a_student_in_the_teachers_proportions_has_nothing_left_to_learn(
    teacher: np.ndarray, scale: float, shift: float
) -> None:
    assume((teacher.std(1) > 0.1).all())
    student = t(scale * teacher + shift).requires_grad_()
    loss = zscore_loss(student, torch.tensor([0, 3]), t(teacher), tau=2.0, ce=0.0, kd=9.0)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-9)
    assert student.grad is not None
    assert student.grad.abs().max() < 1e-4


def test_a_student_that_says_the_same_of_all_classes_gets_finite_gradients() -> None:
    student = torch.zeros(5, 4, requires_grad=True)
    zscore_loss(student, t(LABELS), t(TEACHER), tau=2.0, ce=0.1, kd=9.0).backward()
    assert student.grad is not None
    assert student.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    half, full = t(STUDENT).to(dtype), t(STUDENT).to(dtype).float()
    arguments = {"tau": 2.0, "ce": 0.1, "kd": 9.0}
    loss = zscore_loss(half, t(LABELS), t(TEACHER).half(), **arguments)
    assert loss.dtype == torch.float32
    expected = zscore_loss(full, t(LABELS), t(TEACHER).half().float(), **arguments)
    torch.testing.assert_close(loss, expected, rtol=0, atol=0)


def test_gradients() -> None:
    student, teacher = (t(array).clone().requires_grad_() for array in (STUDENT, TEACHER))
    labels = t(LABELS)
    assert gradcheck(
        lambda s, z: zscore_loss(s, labels, z, tau=2.0, ce=0.1, kd=9.0), (student, teacher)
    )
