"""T_x's batches and their loss, against float64 NumPy written from the formulas."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from engine.models.t_x import multimodal_teacher
from engine.settings import MultimodalRecipe
from engine.spec import Modality
from engine.texts import Text, sample_texts
from engine.train.batch import Batch, epoch_batches
from engine.train.multimodal import (
    MultimodalTask,
    TextSplit,
    TrainingInputs,
    TxModule,
    split_inputs,
    tx_logits,
)

N, C, D, K = 30, 4, 6, 9
TEMPERATURE, LAMBDA_HIER, LAMBDA_COSREG = 0.05, 0.1, 0.01
Doubles = NDArray[np.float64]


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def split(wn: int = 0, noise: int = 0) -> TextSplit:
    labels, ids, names = torch.arange(N) % C, torch.arange(N) + 100, unit(C, D, seed=1)
    texts = sample_texts(
        labels, ids, names, wn=wn, noise=noise, seed=3, split=0, temperature=TEMPERATURE
    )
    return TextSplit(unit(N, D), labels, ids, texts)


def views(epochs: int = 2) -> NDArray[np.float16]:
    return unit(epochs, N, D, seed=7).half().numpy()


def training(**mix: Any) -> TrainingInputs:
    mix = {"mix": "per_sample", "wn": 0, "noise": 0, "views": None} | mix
    return TrainingInputs(split(mix["wn"], mix["noise"]), **mix)


def recipe(**changes: object) -> MultimodalRecipe:
    optimiser = {
        "epochs": 1,
        "batch": 8,
        "lr": 0.5,
        "momentum": 0.0,
        "nesterov": False,
        "weight_decay": 0.0,
        "schedule": "cosine",
        "warmup_epochs": 0,
    }
    return MultimodalRecipe.model_validate(
        {
            "stem": "linear",
            "weights": "none",
            "mix": "per_sample",
            "optimiser": optimiser,
            "bank_weight_decay": 0.0,
            "lambda_hier": LAMBDA_HIER,
            "lambda_cosreg": LAMBDA_COSREG,
            "text_update": "learned",
        }
        | changes
    )


def task(inputs: TrainingInputs, *, learned: bool = True) -> MultimodalTask:
    network = multimodal_teacher("linear", dim=2 * D, classes=C, seed=0)
    module = TxModule(network, unit(K, D, seed=2), learned=learned)
    return MultimodalTask(module, inputs, split(), recipe(), Modality.IMG_TEXT, seed=0)


def rows(x: Doubles) -> Doubles:
    out: Doubles = x / np.linalg.norm(x, axis=1, keepdims=True)
    return out


def retrieved(images: Doubles, bank: Doubles) -> Doubles:
    z = images @ bank.T / TEMPERATURE
    w = np.exp(z - z.max(1, keepdims=True))
    return rows(w / w.sum(1, keepdims=True) @ bank)


def loss_by_hand(t_x: MultimodalTask, images: Tensor, index: Tensor, kinds: list[int]) -> float:
    """Eq. 6 in float64: cross-entropy, and both terms over the samples that take wn."""
    parts = split(noise=100).texts
    names, drawn = parts.class_texts.double().numpy(), parts.drawn.numpy()
    bank = t_x.module.bank.detach().double().numpy()
    image = images.double().numpy()
    labels, which = (torch.arange(N) % C).numpy()[index], index.numpy()
    text = np.stack(
        [
            {
                Text.GT: names[labels[i]],
                Text.NOISE: names[drawn[which[i]]],
                Text.WN: retrieved(image[i : i + 1], bank)[0],
            }[Text(kinds[i])]
            for i in range(len(which))
        ]
    )
    weight = t_x.module.network.fc.weight.detach().double().numpy()
    bias = t_x.module.network.fc.bias.detach().double().numpy()
    z = np.concatenate([image, text], 1) @ weight.T + bias
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    loss = -log_p[np.arange(len(which)), labels].mean()
    active = np.array(kinds) == Text.WN
    cosine = (text * names[labels]).sum(1)
    hier = np.where(active, 1 - cosine, 0).mean()
    start = unit(K, D, seed=2).double().numpy()
    cosreg = active.mean() * (1 - (rows(bank) * rows(start)).sum(1)).mean()
    return float(loss + LAMBDA_HIER * hier + LAMBDA_COSREG * cosreg)


def moved(t_x: MultimodalTask) -> MultimodalTask:
    """With a bank that is no longer the one it began with."""
    with torch.no_grad():
        t_x.module.bank.add_(0.1 * unit(K, D, seed=9))
    t_x.after_step()
    return t_x


@pytest.mark.parametrize("noise", [False, True])
def test_eq_6_where_each_sample_has_its_own_text(noise: bool) -> None:
    inputs = training(**({"noise": 50} if noise else {"wn": 50}))
    t_x = moved(task(inputs))
    index = torch.tensor([3, 29, 0, 11, 17, 8])
    kinds = inputs.split.texts.kinds[index].tolist()
    assert len(set(kinds)) == 2
    expected = loss_by_hand(t_x, inputs.split.images[index], index, kinds)
    found = t_x.losses(Batch(index, 4, 0, 5))
    assert found["loss"].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("other", ["wn", "noise"])
def test_eq_6_where_the_text_is_the_batch_s(other: str) -> None:
    inputs = training(mix="first_batches", **{other: 60})
    t_x = moved(task(inputs))
    losses = []
    for batch in epoch_batches(N, 6, seed=1, epoch=0, device="cpu"):
        kind = Text.GT if batch.step < 2 else Text.WN if other == "wn" else Text.NOISE
        images = inputs.split.images[batch.index]
        expected = loss_by_hand(t_x, images, batch.index, [kind] * 6)
        found = t_x.losses(batch)
        assert found["loss"].item() == pytest.approx(expected, rel=1e-5)
        losses.append((found["loss_hier"].item(), found["loss_cosreg"].item()))
    gt, rest = losses[:2], losses[2:]
    assert gt == [(0.0, 0.0)] * 2
    assert all((hier > 0) == (other == "wn") and (reg > 0) == (other == "wn") for hier, reg in rest)


@pytest.mark.parametrize("epoch", [0, 1, 2, 5])
def test_views_serve_as_images_and_for_retrieval_in_turn(epoch: int) -> None:
    table = views()
    inputs = training(wn=100, views=table)
    t_x = moved(task(inputs))
    index = torch.tensor([5, 2, 20])
    images = torch.from_numpy(table[epoch % 2]).float()[index]
    expected = loss_by_hand(t_x, images, index, [Text.WN] * 3)
    found = t_x.losses(Batch(index, epoch, 0, 1))
    assert found["loss"].item() == pytest.approx(expected, rel=1e-5)


def test_views_are_taken_whatever_epoch_was_asked_before() -> None:
    inputs = training(views=views(3))
    straight = [inputs.images(epoch) for epoch in range(4)]
    for epoch in (3, 0, 0, 2, 1):
        assert torch.equal(inputs.images(epoch), straight[epoch])
    assert torch.equal(straight[3], straight[0])
    assert not torch.equal(straight[1], straight[0])


def test_validation_is_clean_and_has_the_fixed_draw() -> None:
    val = split(wn=50)
    t_x = MultimodalTask(
        task(training()).module,
        training(mix="first_batches", wn=50, views=views()),
        val,
        recipe(),
        Modality.IMG_TEXT,
        seed=0,
    )
    everyone = torch.arange(N)
    texts = val.texts.embed(everyone, val.texts.kinds, val.images, t_x.module.bank)
    expected = t_x.module.network(torch.cat([val.images, texts], 1))
    torch.testing.assert_close(t_x.predict(), expected)
    torch.testing.assert_close(t_x.predict(), tx_logits(t_x.module, val, Modality.IMG_TEXT))


@pytest.mark.parametrize("modality", Modality)
def test_what_each_modality_is_fed(modality: Modality) -> None:
    val, bank = split(wn=100), unit(K, D, seed=2)
    index = torch.tensor([4, 9])
    images = val.images[index]
    texts = torch.from_numpy(retrieved(images.double().numpy(), bank.double().numpy())).float()
    fed = split_inputs(val, index, bank, modality)
    expected = {
        Modality.IMG: images,
        Modality.TEXT: texts,
        Modality.IMG_TEXT: torch.cat([images, texts], 1),
    }[modality]
    torch.testing.assert_close(fed, expected)


@pytest.mark.parametrize("learned", [True, False])
def test_the_bank_moves_where_it_is_learned_and_only_there(learned: bool) -> None:
    t_x = task(training(wn=100), learned=learned)
    before = t_x.module.bank.detach().clone()
    groups = t_x.parameter_groups()
    assert len(groups) == (2 if learned else 1)
    sgd = torch.optim.SGD(groups, lr=0.5)
    t_x.losses(Batch(torch.arange(N), 0, 0, 1))["loss"].backward()
    assert (t_x.module.bank.grad is not None) == learned
    sgd.step()
    t_x.after_step()
    assert torch.equal(t_x.module.bank, before) == (not learned)
    torch.testing.assert_close(t_x.module.bank.norm(dim=1), torch.ones(K))


def test_changing_tells_whether_a_sample_is_seen_otherwise_later() -> None:
    assert not training(wn=50).changing
    assert training(wn=50, mix="first_batches").changing
    assert training(views=views()).changing
