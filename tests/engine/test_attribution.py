"""Integrated gradients and shares: a linear T_x has them in closed form."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.attribution import Shares, attribute
from engine.errors import ArtifactError
from engine.relax import retrieve
from engine.stages import attribution, multimodal, tables

CLASSES, TRAIN, VAL, DIM, NOUNS = 3, 1100, 15, 8, 6  # more than one block of training samples
TEMPERATURE = 0.05
RTOL = 1e-6  # Captum's steps are float32, whatever the network is
Doubles = NDArray[np.float64]


def unit(*shape: int, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def shares(network: nn.Module, inputs: Tensor, target: Tensor, **changes: Any) -> Shares:
    options = {"baseline": torch.zeros_like(inputs[0]), "image_dims": 4, "steps": 8}
    return attribute(network, inputs, target, progress=lambda done: None, **(options | changes))


def test_a_linear_network_has_weight_times_distance_from_the_baseline() -> None:
    network = nn.Linear(10, 3).double()
    inputs, baseline = unit(300, 10).double(), unit(10, seed=5).double()  # two batches
    target = torch.arange(300) % 3
    found = shares(network, inputs, target, baseline=baseline)
    weight = network.weight.detach().numpy()[target]
    by_hand = np.abs(weight * (inputs.numpy() - baseline.numpy()))
    np.testing.assert_allclose(found.image, by_hand[:, :4].sum(1), rtol=RTOL)
    np.testing.assert_allclose(found.total, by_hand.sum(1), rtol=RTOL)
    assert found.pooled == pytest.approx(by_hand[:, :4].sum() / by_hand.sum())
    own = by_hand[:, :4].sum(1) / by_hand.sum(1)
    np.testing.assert_allclose(found.per_sample, own, rtol=RTOL)
    assert found.delta_share == pytest.approx(0, abs=RTOL)


def test_a_square_has_its_integral() -> None:
    """f = Σ x²: the path integral of 2·x·α over α is exactly x² from zero."""

    class Square(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.square().sum(1, keepdim=True).repeat(1, 2)

    inputs = unit(6, 10).double()
    found = shares(Square(), inputs, torch.zeros(6, dtype=torch.int64), steps=3)
    np.testing.assert_allclose(found.image, inputs.square()[:, :4].sum(1), rtol=RTOL)
    np.testing.assert_allclose(found.total, inputs.square().sum(1), rtol=RTOL)


def test_a_coarse_path_has_a_large_delta() -> None:
    class Steep(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(50 * (x.sum(1, keepdim=True) - 0.3)).repeat(1, 2)

    inputs = unit(20, 10).abs().double()
    target = torch.zeros(20, dtype=torch.int64)
    coarse, fine = (shares(Steep(), inputs, target, steps=n).delta_share for n in (2, 400))
    assert coarse > 10 * fine


def test_samples_without_any_attribution_have_no_share() -> None:
    network = nn.Linear(10, 3).double()
    inputs = unit(5, 10).double()
    inputs[2] = 0
    found = shares(network, inputs, torch.zeros(5, dtype=torch.int64))
    assert found.per_sample.shape == (4,)
    assert 0 <= float(found.per_sample.min()) <= float(found.per_sample.max()) <= 1


def test_a_network_that_says_the_same_of_everything_is_told() -> None:
    network = nn.Linear(10, 3)
    nn.init.zeros_(network.weight)
    with pytest.raises(ArtifactError, match="the same of every input"):
        shares(network, unit(5, 10), torch.zeros(5, dtype=torch.int64))


def test_a_network_that_diverged_is_told() -> None:
    network = nn.Linear(10, 3)
    nn.init.constant_(network.weight, 3e38)
    with pytest.raises(ArtifactError, match="its training diverged"):
        shares(network, unit(5, 10).abs(), torch.zeros(5, dtype=torch.int64))


class Case:
    """A linear T_x with drawn weights, and the stage's answer."""

    def __init__(self, desk: Any, **changes: Any) -> None:
        self.desk = desk
        self.teacher = {
            "stem": "linear",
            "mix": "per_sample",
            "modality": "img+text",
            "wn": 50,
            "noise": 0,
            "temperature": TEMPERATURE,
            "text_update": "learned",
            "seed": 0,
        } | changes
        self.bank = unit(NOUNS, DIM, seed=4)
        tables.save({"bank": self.bank}, desk.artifact("relax") / tables.BANK)
        teacher_at = desk.artifact("T_x", **self.teacher)
        embed = desk.job("attribution", {}).input("embed")
        self.embedded = tables.Embedded.load(embed, "cpu")
        module = multimodal.tx_module(self.teacher, self.embedded, self.bank)
        self.learned = unit(NOUNS, DIM, seed=12)  # what training made of the bank
        with torch.no_grad():
            module.bank.copy_(self.learned)
        tables.save(module.state_dict(), teacher_at / tables.MODEL)
        self.weight = module.network.fc.weight.detach().double().numpy()
        self.bias = module.network.fc.bias.detach().double().numpy()

    def run(self, **changes: Any) -> dict[str, Any]:
        settings = {
            "steps": 50,
            "samples": 0,
            "baseline": "zero",
            "target": "label",
            "share": "pooled",
            "seed": 0,
        }
        return attribution.run(self.desk.job("attribution", settings | changes))

    def inputs(self, split: int, images: Tensor | None = None) -> Doubles:
        """A split's inputs, of its own texts and the learned bank."""
        part = self.embedded.train if split == 0 else self.embedded.val
        images = part.images if images is None else images
        texts = multimodal.text_split(self.teacher, self.embedded, split, (50, 0)).texts
        relaxed = retrieve(images, self.learned, TEMPERATURE)
        names = self.embedded.class_texts[part.labels]
        text = torch.where((texts.kinds == 1)[:, None], relaxed, names)
        return torch.cat([images, text], 1).double().numpy()

    def by_hand(self, baseline: Doubles | float = 0.0, *, prediction: bool = False) -> Doubles:
        """|attributions| [M, 2D]."""
        x = self.inputs(1)
        target = self.embedded.val.labels.numpy()
        if prediction:
            target = (x @ self.weight.T + self.bias).argmax(1)
        return np.abs(self.weight[target] * (x - baseline))


@pytest.fixture
def case(desk: Any) -> Callable[..., Case]:
    desk.embedded(classes=CLASSES, train=TRAIN, val=VAL, dim=DIM)
    return lambda **changes: Case(desk, **changes)


def pooled(sizes: Doubles) -> float:
    return float(sizes[:, :DIM].sum() / sizes.sum())


def test_the_default_is_pooled_from_zero_for_the_label(case: Callable[..., Case]) -> None:
    one = case()
    result = one.run()
    assert result["image_share"] == pytest.approx(pooled(one.by_hand()), rel=1e-5)
    assert result["text_share"] == pytest.approx(1 - result["image_share"])
    assert result["image_share_sd"] is None
    assert result["delta_share"] < 1e-5
    options = {"steps": 50, "baseline": "zero", "target": "label", "share": "pooled"}
    assert {name: result[name] for name in options} == options
    assert result["samples"] == VAL


def test_baseline_mean_is_that_of_the_training_inputs(case: Callable[..., Case]) -> None:
    one = case()
    result = one.run(baseline="mean")
    expected = pooled(one.by_hand(one.inputs(0).mean(0)))
    assert result["image_share"] == pytest.approx(expected, rel=1e-4)
    assert result["baseline"] == "mean"
    assert result["image_share"] != pytest.approx(one.run()["image_share"], rel=1e-3)


@pytest.mark.parametrize("mix", ["per_sample", "first_batches"])
def test_baseline_mean_where_t_x_trains_on_views(
    case: Callable[..., Case], desk: Any, mix: str
) -> None:
    views = unit(2, TRAIN, DIM, seed=5).half()
    one = case(mix=mix)
    desk.views(views.numpy())
    expected = pooled(one.by_hand(one.inputs(0, views[0].float()).mean(0)))
    assert one.run(baseline="mean")["image_share"] == pytest.approx(expected, rel=1e-4)


def test_target_prediction_explains_what_t_x_says(case: Callable[..., Case]) -> None:
    one = case()
    expected = pooled(one.by_hand(prediction=True))
    assert one.run(target="prediction")["image_share"] == pytest.approx(expected, rel=1e-5)


def test_share_per_sample_is_the_mean_of_each_one_s_own(case: Callable[..., Case]) -> None:
    one = case()
    result = one.run(share="per_sample")
    sizes = one.by_hand()
    own = sizes[:, :DIM].sum(1) / sizes.sum(1)
    assert result["image_share"] == pytest.approx(own.mean(), rel=1e-5)
    assert result["image_share_sd"] == pytest.approx(own.std(), rel=1e-5)
    assert result["text_share"] == pytest.approx(1 - own.mean(), rel=1e-5)


def test_some_samples_are_the_same_for_the_same_seed(case: Callable[..., Case]) -> None:
    one = case()
    some = one.run(samples=5)
    assert some["samples"] == 5
    assert one.run(samples=5) == some
    assert one.run(samples=5, seed=1)["image_share"] != some["image_share"]
    assert one.run(samples=VAL)["image_share"] == one.run()["image_share"]
