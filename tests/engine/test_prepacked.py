import pytest
import torch
from torch import Tensor, nn

from engine.models.folded import folded
from engine.models.prepacked import LEAST, PIXELS, InParts, prepacked
from engine.models.resnet import ARCHITECTURES, image_model
from engine.train.expert import answer_within

has_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN"
)


def trained(arch: str, channels: int) -> nn.Module:
    """As if trained: neither means 0 nor variances 1."""
    module = image_model(arch, classes=10, channels=channels, seed=1).requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.5, 0.5, generator=generator)
            layer.running_var.uniform_(0.5, 2.0, generator=generator)
            layer.weight.uniform_(0.5, 1.5, generator=generator)
            layer.bias.uniform_(-0.5, 0.5, generator=generator)
    return module.eval()


def images(rows: int, channels: int, side: int) -> Tensor:
    generator = torch.Generator().manual_seed(rows)
    return torch.rand(rows, channels, side, side, generator=generator)


def no_word(line: str) -> None:
    raise AssertionError(line)


@has_onednn
@pytest.mark.parametrize(
    ("arch", "channels"), [*((arch, 3) for arch in ARCHITECTURES), ("resnet8", 1)]
)
@torch.no_grad()
def test_a_prepacked_network_answers_the_same(arch: str, channels: int) -> None:
    module = trained(arch, channels)
    packed = prepacked(folded(module), no_word)
    assert isinstance(packed, InParts)
    for x in (images(5, channels, 8), images(1, channels, 8), images(2, channels, 17)):
        before = x.clone()
        expected = module(x)
        for layout in (torch.contiguous_format, torch.channels_last):
            answer = packed(x.contiguous(memory_format=layout))
            # A hundred-thousandth of the largest logit: sums in another order, layer by layer.
            assert (answer - expected).abs().max() < 1e-5 * expected.abs().max()
        assert torch.equal(x, before)


@has_onednn
@torch.no_grad()
def test_its_bits_do_not_depend_on_what_it_was_asked_before() -> None:
    asked, fresh = (prepacked(folded(trained("resnet20", 3)), no_word) for _ in range(2))
    asked(images(3, 3, 9))
    x = images(LEAST + 5, 3, 64)
    assert len(x) > max(LEAST, PIXELS // 64**2)  # more parts than one, of two sizes
    assert torch.equal(asked(x), fresh(x))
    assert torch.equal(asked(x), fresh(x))


@has_onednn
@torch.no_grad()
def test_a_prepacked_expert_answers_within_its_group() -> None:
    module = trained("resnet8", 3)
    answer_within(module, [1, 4], 10)
    packed = prepacked(folded(module), no_word)
    finite = packed(images(2, 3, 8)).isfinite()
    assert finite.nonzero()[:, 1].tolist() == [1, 4, 1, 4]


def test_a_torch_without_onednn_does_without_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    module, said = folded(trained("resnet8", 3)), []
    assert prepacked(module, said.append) is module
    assert said == ["teacher as it is, without oneDNN: this torch has none, or another one"]


def test_only_a_cpus_networks_are_prepacked() -> None:
    module = folded(trained("resnet8", 3)).to("meta")
    assert prepacked(module, no_word) is module


def test_a_network_with_batchnorm_is_refused() -> None:
    with pytest.raises(ValueError, match="fold BatchNorm first"):
        prepacked(trained("resnet8", 3), no_word)
