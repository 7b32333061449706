"""Teachers' tables, and three ways of combining what they say, against float64 NumPy."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from engine.losses import combined_logits, kd_loss, student_loss
from engine.train.methods.kd import Distillation, inverse_weights
from engine.train.teachers import Constant, Table, open_table
from engine.train.teaching import TeacherLogits, combined

CPU = torch.device("cpu")
EPOCHS, SAMPLES, CLASSES = 2, 6, 3
RNG = np.random.default_rng(1)
TABLES = {
    "T_2w": RNG.normal(0, 2, (EPOCHS, SAMPLES, CLASSES)),
    "T_x": RNG.normal(0, 2, (EPOCHS, SAMPLES, CLASSES)),
    "T_1s": RNG.normal(0, 2, (EPOCHS, SAMPLES, CLASSES)),
}
LABELS = np.array([0, 1, 2, 2, 1, 0])
STUDENT = RNG.normal(0, 2, (SAMPLES, CLASSES))
BATCHES = [np.array([4, 0, 2]), np.array([1, 5, 3])]
TAU, LAM, DECAY = 3.0, 2 / 3, 0.9


def np_log_softmax(z: np.ndarray) -> np.ndarray:
    z = z - z.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def np_ce(index: np.ndarray) -> float:
    return -np_log_softmax(STUDENT[index])[np.arange(len(index)), LABELS[index]].mean()


def np_kd(teacher: np.ndarray, index: np.ndarray) -> float:
    target = np.exp(np_log_softmax(teacher[index] / TAU))
    return -(TAU**2) * (target * np_log_softmax(STUDENT[index] / TAU)).sum(1).mean()


def teachers() -> TeacherLogits:
    return TeacherLogits({name: Table(rows, CPU) for name, rows in TABLES.items()}, device=CPU)


def criterion(combine: str) -> Distillation:
    return Distillation(teachers(), tau=TAU, lam=LAM, combine=combine, ema_decay=DECAY)


def loss_of(criterion: Distillation, index: np.ndarray) -> dict[str, float]:
    student, labels = torch.from_numpy(STUDENT[index]), torch.from_numpy(LABELS[index])
    losses = criterion.losses(student, labels, torch.from_numpy(index))
    return {name: value.item() for name, value in losses.items()}


# --- tables


def test_teachers_answer_apart_and_by_epoch() -> None:
    taught = teachers()
    assert taught.names == ("T_1s", "T_2w", "T_x")
    for epoch in range(EPOCHS):
        taught.begin_epoch(epoch)
        answers = taught(torch.tensor([4, 1]))
        assert list(answers) == ["T_1s", "T_2w", "T_x"]
        for name, answer in answers.items():
            np.testing.assert_array_equal(answer, TABLES[name][epoch, [4, 1]])


def test_a_teacher_may_say_the_same_in_every_epoch() -> None:
    once = torch.from_numpy(TABLES["T_x"][0])
    taught = TeacherLogits({"T_x": Constant(once), "T_1s": Table(TABLES["T_1s"], CPU)}, device=CPU)
    for epoch in range(EPOCHS):
        taught.begin_epoch(epoch)
        np.testing.assert_array_equal(taught(torch.arange(SAMPLES))["T_x"], once)


def test_the_mean_is_equation_1() -> None:
    one = {name: torch.from_numpy(table[0]) for name, table in TABLES.items()}
    expected = ((TABLES["T_1s"][0] + TABLES["T_2w"][0]) / 2 + TABLES["T_x"][0]) / 2
    np.testing.assert_allclose(combined(one), expected, rtol=1e-12)
    image = {name: logits for name, logits in one.items() if name != "T_x"} | {"T_3s": one["T_x"]}
    np.testing.assert_allclose(combined(image), sum(TABLES[n][0] for n in TABLES) / 3, rtol=1e-12)


def test_memory_maps_of_half_floats_give_the_bits_of_the_whole_combined(tmp_path: Path) -> None:
    maps = {}
    for name in ("T_1s", "T_2w"):
        np.save(tmp_path / f"{name}.npy", TABLES[name].astype(np.float16))
        maps[name] = open_table(tmp_path / f"{name}.npy", CLASSES, CPU)
    t_x = torch.from_numpy(TABLES["T_x"][0]).float()
    taught = TeacherLogits({**maps, "T_x": Constant(t_x)}, device=CPU)
    taught.begin_epoch(1)
    index = torch.tensor([5, 2, 0])
    members = [torch.from_numpy(TABLES[name][1]).half() for name in maps]
    assert torch.equal(combined(taught(index)), combined_logits(members, t_x)[index])


# --- combining


def test_logit_mean_is_equation_3_of_equation_1() -> None:
    kd = criterion("logit_mean")
    for epoch in range(EPOCHS):
        kd.begin_epoch(epoch)
        for index in BATCHES:
            mean = combined({n: torch.from_numpy(z[epoch, index]) for n, z in TABLES.items()})
            expected = student_loss(
                torch.from_numpy(STUDENT[index]), torch.from_numpy(LABELS[index]), mean, TAU, LAM
            )
            assert loss_of(kd, index) == {"loss": expected.item()}
            assert expected.item() == pytest.approx(
                np_ce(index)
                + LAM
                * np_kd(
                    (TABLES["T_1s"][epoch] + TABLES["T_2w"][epoch]) / 4 + TABLES["T_x"][epoch] / 2,
                    index,
                ),
                rel=1e-12,
            )


def test_loss_mean_weighs_every_teacher_alike() -> None:
    kd = criterion("loss_mean")
    kd.begin_epoch(1)
    for index in BATCHES:
        expected = np_ce(index) + LAM * np.mean([np_kd(z[1], index) for z in TABLES.values()])
        assert loss_of(kd, index)["loss"] == pytest.approx(expected, rel=1e-12)


def test_ema_inverse_loss_follows_each_teachers_training_loss() -> None:
    kd = criterion("ema_inverse_loss")
    ema: dict[str, float] = {}
    for epoch in range(EPOCHS):
        kd.begin_epoch(epoch)
        for index in BATCHES:
            terms = {name: np_kd(TABLES[name][epoch], index) for name in sorted(TABLES)}
            ema = {n: DECAY * ema.get(n, term) + (1 - DECAY) * term for n, term in terms.items()}
            total = sum(1 / value for value in ema.values())
            weights = {name: 1 / value / total for name, value in ema.items()}
            found = loss_of(kd, index)
            for name, weight in weights.items():
                assert found[f"weight_{name}"] == pytest.approx(weight, rel=1e-12)
            expected = np_ce(index) + LAM * sum(weights[n] * terms[n] for n in terms)
            assert found["loss"] == pytest.approx(expected, rel=1e-12)


def test_weights_of_ema_inverse_loss_send_no_gradient() -> None:
    index, labels = BATCHES[0], torch.from_numpy(LABELS[BATCHES[0]])
    kd = criterion("ema_inverse_loss")
    kd.begin_epoch(0)
    student, again = (torch.from_numpy(STUDENT[index]).requires_grad_() for _ in range(2))
    losses = kd.losses(student, labels, torch.from_numpy(index))
    losses["loss"].backward()
    terms = [
        losses[f"weight_{name}"] * kd_loss(again, torch.from_numpy(TABLES[name][0, index]), TAU)
        for name in TABLES
    ]
    (F.cross_entropy(again, labels) + LAM * torch.stack(terms).sum()).backward()
    torch.testing.assert_close(student.grad, again.grad)


def test_a_restored_criterion_goes_on_with_the_same_bits() -> None:
    first, second = criterion("ema_inverse_loss"), criterion("ema_inverse_loss")
    first.begin_epoch(0)
    loss_of(first, BATCHES[0])
    second.restore(first.state())
    first.begin_epoch(1)
    second.begin_epoch(1)
    assert loss_of(first, BATCHES[1]) == loss_of(second, BATCHES[1])
    fresh = criterion("ema_inverse_loss")
    assert fresh.state() == {}
    fresh.restore({})
    fresh.begin_epoch(1)
    assert loss_of(fresh, BATCHES[1]) != loss_of(second, BATCHES[1])


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=5))
def test_inverse_weights_share_out_one_and_favour_the_smaller_loss(losses: list[float]) -> None:
    weights = inverse_weights(torch.tensor(losses, dtype=torch.float64))
    assert weights.sum().item() == pytest.approx(1)
    assert (weights >= 0).all()
    order = np.argsort(losses, kind="stable")
    assert (np.diff(weights.numpy()[order]) <= 1e-12).all()


# --- reading ahead


class Noting(Table):
    """Notes which epochs are read, and by which thread."""

    def __init__(self, array: np.ndarray) -> None:
        super().__init__(array, CPU)
        self.read_by: list[tuple[int, str]] = []

    def read(self, epoch: int) -> tuple[torch.Tensor, ...]:
        self.read_by.append((epoch, threading.current_thread().name))
        return super().read(epoch)


def test_the_next_epoch_is_read_meanwhile_and_whatever_is_asked_is_right() -> None:
    array = RNG.normal(0, 2, (4, SAMPLES, CLASSES))
    table = Noting(array)
    taught = TeacherLogits({"T_1s": table}, device=CPU)
    everyone = torch.arange(SAMPLES)
    for epoch in (1, 2, 0, 3):  # on, back, and to one that was not read ahead
        taught.begin_epoch(epoch)
        np.testing.assert_array_equal(taught(everyone)["T_1s"], array[epoch])
    main = threading.current_thread().name
    assert [epoch for epoch, thread in table.read_by if thread == main] == [1, 0, 3]
    ahead = {epoch for epoch, thread in table.read_by if thread != main}
    assert {2} <= ahead <= {1, 2, 3}  # 2 was waited for; nothing lies behind the last


def test_what_could_not_be_read_ahead_is_told_when_it_is_needed() -> None:
    class Broken(Table):
        def read(self, epoch: int) -> tuple[torch.Tensor, ...]:
            if epoch == 1:
                raise OSError("disk gone")
            return super().read(epoch)

    taught = TeacherLogits({"T_1s": Broken(TABLES["T_1s"], CPU)}, device=CPU)
    taught.begin_epoch(0)
    assert torch.isfinite(taught(torch.arange(SAMPLES))["T_1s"]).all()
    taught.begin_epoch(1)
    for _ in range(2):  # nor is another epoch's taken for it
        with pytest.raises(OSError, match="disk gone"):
            taught(torch.arange(SAMPLES))
