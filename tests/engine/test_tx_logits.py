"""T_x's logits in a student's epochs: by its views, by its batches, and the same after a kill."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from engine.counter import Stream, permutation
from engine.errors import DiskFullError, Paused
from engine.events import PAUSE
from engine.job import subseed
from engine.relax import retrieve
from engine.spec import Modality
from engine.stages import tables, tx_logits
from engine.stages.multimodal import trained_tx, training_inputs
from engine.train.batch import epoch_batches
from engine.train.multimodal import TrainingInputs, TxModule

CLASSES, N, DIM, NOUNS, EPOCHS, BATCH = 3, 40, 8, 6, 3, 16
SEED = 4  # the trial's


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


class Case:
    """A T_x whose weights are drawn, with its inputs, and what the stage makes of them."""

    def __init__(self, desk: Any, **changes: Any) -> None:
        self.desk = desk
        self.teacher = {
            "stem": "conv1_replace",
            "mix": "per_sample",
            "modality": "img+text",
            "wn": 50,
            "noise": 0,
            "temperature": 0.05,
            "text_update": "learned",
            "seed": SEED,
        } | changes
        self.bank = unit(NOUNS, DIM, seed=4)
        folder = desk.artifact("relax")
        tables.save({"bank": self.bank}, folder / tables.BANK)
        self.teacher_at = desk.artifact("teacher", **self.teacher)
        embedded = tables.Embedded.load(desk.job("logits", {}).input("embed"), "cpu")
        self.images, self.labels = embedded.train.images, embedded.train.labels
        self.names = embedded.class_texts
        from engine.stages.multimodal import tx_module

        module = tx_module(self.teacher, embedded, self.bank)
        generator = torch.Generator().manual_seed(8)
        for name, buffer in module.named_buffers():  # statistics of their own
            if name.endswith("running_mean"):
                buffer.normal_(0, 0.1, generator=generator)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5, generator=generator)
        tables.save(module.state_dict(), self.teacher_at / tables.MODEL)
        self.embedded = embedded

    def with_views(self) -> NDArray[np.float16]:
        table = unit(EPOCHS, N, DIM, seed=5).half().numpy()
        self.desk.views(table)
        return table

    def job(self, teacher_bn: str = "eval") -> Any:
        order = {"epochs": EPOCHS, "batch": BATCH, "teacher_bn": teacher_bn}
        return self.desk.job("logits", {"order": order, "seed": SEED})

    def run(self, teacher_bn: str = "eval") -> NDArray[np.float16]:
        job = self.job(teacher_bn)
        result = tx_logits.run(job)
        table: NDArray[np.float16] = np.load(job.out / "logits.npy")
        assert table.dtype == np.float16
        assert table.shape == (EPOCHS, N, CLASSES)
        assert result["epochs"] == EPOCHS
        assert result["train_n"] == N
        assert result["bytes"] == (job.out / "logits.npy").stat().st_size
        return table

    def parts(self, teacher_bn: str = "eval") -> tuple[TxModule, TrainingInputs]:
        job = self.job(teacher_bn)
        return trained_tx(job, "teacher", self.embedded), training_inputs(
            job, self.teacher, self.embedded
        )


@pytest.fixture
def case(desk: Any) -> Callable[..., Case]:
    desk.embedded(classes=CLASSES, train=N, val=15, dim=DIM)
    return lambda **changes: Case(desk, **changes)


def student_batches(epoch: int) -> Iterator[Tensor]:
    """The student's own: 16, 16, and 8 samples that it leaves out."""
    order = permutation(subseed(SEED, "S_s"), epoch, N, Stream.ORDER)
    yield from order.split(BATCH)


def close(found: NDArray[np.float16], expected: Tensor) -> None:
    torch.testing.assert_close(
        torch.from_numpy(found).float(), expected.detach().float(), rtol=2e-3, atol=2e-3
    )


def text_of(case: Case, index: Tensor, images: Tensor, wn: Tensor) -> Tensor:
    names = case.names[case.labels[index]]
    return torch.where(wn[:, None], retrieve(images, case.bank, 0.05), names)


def test_batch_norm_goes_by_the_student_s_batches(case: Callable[..., Case]) -> None:
    one = case()
    table = one.run("batch")
    module, inputs = one.parts()
    wn = inputs.split.texts.kinds == 1
    for epoch in range(EPOCHS):
        for place, index in enumerate(student_batches(epoch)):
            images = one.images[index]
            network = copy.deepcopy(module.network)
            network.train(place < 2)  # what is left out: the network's own statistics
            x = torch.cat([images, text_of(one, index, images, wn[index])], 1)
            close(table[epoch][index.numpy()], network(x))
    assert not np.array_equal(table[0], table[1])


def test_batch_norm_in_float64_on_one_layer(case: Callable[..., Case]) -> None:
    """The first layer by hand: what `batch` means is the batch's mean and variance."""
    module, _ = case().parts()
    bn = module.network.double().bn1
    x = unit(BATCH, 64, seed=3).double()
    with tx_logits.batch_statistics(module):
        found = bn(x).detach().numpy()
    z = x.numpy()
    expected = (z - z.mean(0)) / np.sqrt(z.var(0) + bn.eps)
    expected = expected * bn.weight.detach().numpy() + bn.bias.detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_statistics_do_not_drift_from_epoch_to_epoch(case: Callable[..., Case]) -> None:
    module, inputs = case().parts("batch")
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    seed = subseed(SEED, "S_s")

    def answer(epoch: int) -> Tensor:
        batches = list(epoch_batches(N, BATCH, seed=seed, epoch=epoch, device="cpu"))
        return tx_logits.taught_epoch(module, inputs, batches, Modality.IMG_TEXT, batch_norm=True)

    straight = [answer(epoch) for epoch in range(3)]
    assert torch.equal(answer(1), straight[1])
    assert not module.training
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


def test_dropout_stays_off(case: Callable[..., Case]) -> None:
    table = case(stem="mlp").run("batch")
    one = case(stem="mlp")
    np.testing.assert_array_equal(table, one.run("eval"))
    assert np.array_equal(table[0], table[2])  # no layer that a batch could matter to


@pytest.mark.parametrize("other", ["wn", "noise"])
def test_first_batches_of_the_student_take_gt(case: Callable[..., Case], other: str) -> None:
    mix = {"wn": 50} if other == "wn" else {"wn": 0, "noise": 50}
    one = case(stem="linear", mix="first_batches", **mix)
    table = one.run()
    module, inputs = one.parts()
    for epoch in range(EPOCHS):
        for place, index in enumerate(student_batches(epoch)):
            images = one.images[index]
            if other == "wn":
                text = text_of(one, index, images, torch.full((len(index),), place > 0))
            else:
                drawn = one.names[inputs.split.texts.drawn[index]]
                text = drawn if place else one.names[one.labels[index]]
            x = torch.cat([images, text], 1)
            close(table[epoch][index.numpy()], module.network(x))


@pytest.mark.parametrize("modality", ["img+text", "img"])
def test_views_of_the_epoch_are_images_and_retrieve(
    case: Callable[..., Case], modality: str
) -> None:
    one = case(stem="linear", wn=100, modality=modality)
    views = one.with_views()
    table = one.run()
    module, _ = one.parts()
    everyone = torch.arange(N)
    for epoch in range(EPOCHS):
        images = torch.from_numpy(views[epoch]).float()
        text = text_of(one, everyone, images, torch.ones(N, dtype=torch.bool))
        x = images if modality == "img" else torch.cat([images, text], 1)
        close(table[epoch], module.network(x))


def test_text_alone_with_the_batch_s_statistics(case: Callable[..., Case]) -> None:
    table = case(modality="text", wn=0, noise=50).run("batch")
    assert np.isfinite(table).all()
    assert not np.array_equal(table[0], table[1])


def test_a_killed_job_goes_on_to_the_same_bits(
    case: Callable[..., Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = case(mix="first_batches")
    one.with_views()
    whole = one.run("batch")
    taught, done = tx_logits.taught_epoch, []

    def stop(*arguments: Any, **named: Any) -> Tensor:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return taught(*arguments, **named)

    monkeypatch.setattr(tx_logits, "taught_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        one.run("batch")
    partial = one.job("batch").directory / "logits.npy"
    with partial.open("ab") as file:
        file.write(b"half an epoch")
    done.clear()
    done.append(1)  # one epoch is left: a second would stop
    np.testing.assert_array_equal(one.run("batch"), whole)
    assert not partial.exists()


def test_a_disk_without_room_is_told_before_the_work(
    case: Callable[..., Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = case()
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("engine.stages.epochs.shutil.disk_usage", lambda _: usage)
    monkeypatch.setattr(tx_logits, "taught_epoch", lambda *_, **__: pytest.fail("has begun"))
    with pytest.raises(DiskFullError, match=r"logits\.npy takes .* more"):
        one.run()


def test_numbers_too_large_for_half_precision(desk: Any) -> None:
    from engine.stages.epochs import write_logits

    job = desk.job("logits", {})
    row = torch.tensor([[1e9, -1e9, 1.0], [-torch.inf, torch.inf, 65504.0]])
    write_logits(job, (1, 2, 3), lambda epoch: row)
    expected = [[65504.0, -65504.0, 1.0], [-np.inf, np.inf, 65504.0]]
    np.testing.assert_array_equal(np.load(job.out / "logits.npy")[0], expected)


def test_a_table_may_be_paused_between_epochs(desk: Any) -> None:
    from engine.stages.epochs import write_logits

    asked: list[int] = []

    def rows(epoch: int) -> Tensor:
        asked.append(epoch)
        return torch.full((2, 3), float(epoch))

    job = desk.job("logits", {})
    (job.directory / PAUSE).touch()
    with pytest.raises(Paused, match="paused after epoch 1 of 3"):
        write_logits(job, (3, 2, 3), rows)
    (job.directory / PAUSE).unlink()
    write_logits(job, (3, 2, 3), rows)
    assert asked == [0, 1, 2]
    assert np.load(job.out / "logits.npy")[:, 0, 0].tolist() == [0.0, 1.0, 2.0]
