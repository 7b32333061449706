"""LFME's parts against float64 NumPy; its jobs are in test_student."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from engine.train.methods.lfme import Lfme, expert_weight, initial_weights
from engine.train.teachers import Table
from engine.train.teaching import TeacherLogits

CPU = torch.device("cpu")
EPOCHS, CLASSES, TAU, START, CURRICULUM = 4, 5, 2.0, 0.3, 0.5
GROUPS = {"E_few": [1, 4], "E_many": [2, 0, 3]}  # in any order
LABELS = np.array([2, 0, 3, 2, 0, 3, 2, 0, 1, 4, 4])
RNG = np.random.default_rng(3)
TABLES = {name: RNG.normal(0, 2, (EPOCHS, len(LABELS), CLASSES)) for name in GROUPS}
STUDENT = RNG.normal(0, 2, (EPOCHS, len(LABELS), CLASSES))
BATCHES = [np.array([10, 0, 3, 8, 5]), np.array([1, 9, 2, 7, 4])]  # sample 6 is left out


def lfme(tables: dict[str, np.ndarray] = TABLES) -> Lfme:
    return Lfme(
        TeacherLogits({name: Table(rows, CPU) for name, rows in tables.items()}, device=CPU),
        torch.from_numpy(LABELS),
        GROUPS,
        tau=TAU,
        start=START,
        curriculum=CURRICULUM,
        epochs=EPOCHS,
    )


def step(criterion: Lfme, epoch: int, index: np.ndarray) -> dict[str, float]:
    losses = criterion.losses(
        torch.from_numpy(STUDENT[epoch, index]),
        torch.from_numpy(LABELS[index]),
        torch.from_numpy(index),
    )
    return {name: value.item() for name, value in losses.items()}


def np_softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def np_easiness() -> np.ndarray:
    """Each sample's first weight, one after the other."""
    shots = {name: np.isin(LABELS, ids).sum() / len(ids) for name, ids in GROUPS.items()}
    confidence = np.zeros(len(LABELS))
    for i, label in enumerate(LABELS):
        name = next(name for name, ids in GROUPS.items() if label in ids)
        ids = GROUPS[name]
        confidence[i] = np_softmax(TABLES[name][0, i, ids])[ids.index(label)]
    out = np.zeros(len(LABELS))
    for i, label in enumerate(LABELS):
        name = next(name for name, ids in GROUPS.items() if label in ids)
        floor = min(shots.values()) / shots[name]
        same = confidence[label == LABELS]
        spread = same.max() - same.min()
        easy = (confidence[i] - same.min()) / spread if spread else 1.0
        out[i] = floor + (1 - floor) * easy
    return out


def test_training_is_the_formula_epoch_by_epoch() -> None:
    criterion, easiness = lfme(), np_easiness()
    weights = dict.fromkeys(GROUPS, 1.0)
    seen_weights = []
    for epoch in range(EPOCHS):
        criterion.begin_epoch(epoch)
        right = {name: [0, 0, 0] for name in GROUPS}  # student, expert, all
        for index in BATCHES:
            z, y = STUDENT[epoch, index], LABELS[index]
            trust = easiness[index] + (1 - easiness[index]) * min(1, epoch / (CURRICULUM * EPOCHS))
            q = np_softmax(z * trust[:, None])
            expected = -np.log(q[np.arange(len(y)), y]).mean()
            for name, ids in GROUPS.items():
                p = np_softmax(TABLES[name][epoch, index][:, ids] / TAU)
                q = np_softmax(z[:, ids] / TAU)
                expected += weights[name] * (p * np.log(p / q)).sum(1).mean()
                for i, label in enumerate(y):
                    if label in ids:
                        best = ids[TABLES[name][epoch, index[i]][ids].argmax()]
                        right[name][0] += z[i].argmax() == label
                        right[name][1] += best == label
                        right[name][2] += 1
            found = step(criterion, epoch, index)
            assert found["loss"] == pytest.approx(expected, rel=1e-6)
            for name in GROUPS:
                assert found[f"weight_{name}"] == pytest.approx(weights[name], rel=1e-6)
        for name, (student, expert, count) in right.items():
            acc_s, acc_e = student / count, expert / count
            if acc_e == 0:
                weights[name] = 0
            elif acc_s < START * acc_e:
                weights[name] = 1
            else:
                weights[name] = max(0, (acc_e - acc_s) / ((1 - START) * acc_e))
        seen_weights.append(dict(weights))
    assert any(0 < w < 1 for each in seen_weights for w in each.values())


def test_only_an_experts_own_classes_count() -> None:
    """As an expert's logits outside of its group are -inf, that must leave nothing infinite."""
    masked = {name: table.copy() for name, table in TABLES.items()}
    for name, ids in GROUPS.items():
        masked[name][:, :, [c for c in range(CLASSES) if c not in ids]] = -np.inf
    one, two = lfme(), lfme(masked)
    for epoch in range(2):
        one.begin_epoch(epoch)
        two.begin_epoch(epoch)
        for index in BATCHES:
            assert step(one, epoch, index) == step(two, epoch, index)


def test_a_restored_criterion_goes_on_with_the_same_bits() -> None:
    first, second = lfme(), lfme()
    first.begin_epoch(0)
    for index in BATCHES:
        step(first, 0, index)
    second.restore(first.state())
    first.begin_epoch(1)
    second.begin_epoch(1)
    assert step(first, 1, BATCHES[0]) == step(second, 1, BATCHES[0])
    assert step(first, 1, BATCHES[0])["weight_E_many"] < 1


def weight(student: float, expert: float) -> float:
    return expert_weight(torch.tensor(student), torch.tensor(expert), 0.3).item()


def test_expert_weights_done_by_hand() -> None:
    assert weight(0.0, 0.5) == 1
    assert weight(0.14, 0.5) == 1
    assert weight(0.15, 0.5) == pytest.approx(1)  # the two cases meet
    assert weight(0.325, 0.5) == pytest.approx(0.5)
    assert weight(0.5, 0.5) == 0
    assert weight(0.9, 0.5) == 0
    assert weight(0.1, 0.0) == 0  # an expert that is never right
    assert weight(0.0, 0.0) == 0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_an_expert_weighs_less_as_the_student_improves(a: float, b: float, expert: float) -> None:
    worse, better = sorted((a, b))
    assert 1 >= weight(worse, expert) >= weight(better, expert) >= 0


def test_initial_weights_done_by_hand() -> None:
    confidence = torch.tensor([0.2, 0.6, 0.4, 0.9, 0.1, 0.1], dtype=torch.float64)
    labels = torch.tensor([3, 3, 3, 0, 1, 1])  # one image of class 0, equal ones of class 1
    floor = torch.tensor([0.25, 0.25, 0.25, 0.5, 1, 1], dtype=torch.float64)
    found = initial_weights(confidence, labels, floor)
    np.testing.assert_allclose(found, [0.25, 1, 0.625, 1, 1, 1])


def whole_logits(epoch: int, index: np.ndarray) -> Tensor:
    return torch.from_numpy(STUDENT[epoch, index]).requires_grad_()


def test_the_curriculum_is_whole_after_its_share_of_training() -> None:
    """Then labels teach as they would alone, and experts that weigh 0 add nothing."""
    wrong = {name: np.zeros((EPOCHS, len(LABELS), CLASSES)) for name in GROUPS}
    for name, ids in GROUPS.items():  # always wrong, so they weigh 0 from the second epoch on
        wrong[name][:, np.arange(len(LABELS)), LABELS] = -20
        wrong[name][:, :, [c for c in range(CLASSES) if c not in ids]] = -40
    criterion = lfme(wrong)
    for epoch in range(EPOCHS):
        criterion.begin_epoch(epoch)
        for index in BATCHES:
            logits = whole_logits(epoch, index)
            loss = criterion.losses(
                logits, torch.from_numpy(LABELS[index]), torch.from_numpy(index)
            )["loss"]
            alone = torch.nn.functional.cross_entropy(logits, torch.from_numpy(LABELS[index]))
            if epoch >= CURRICULUM * EPOCHS:
                assert loss.item() == pytest.approx(alone.item(), rel=1e-12)
            elif epoch == 0:
                assert loss.item() != pytest.approx(alone.item(), rel=1e-3)
