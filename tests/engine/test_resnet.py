import pytest
import torch

from engine.models.resnet import ARCHITECTURES, image_model


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


# CIFAR counts: the models of Tian et al. 2020 and the usual torchvision bodies with a CIFAR stem;
# ImageNet counts: torchvision's own documentation.
@pytest.mark.parametrize(
    ("arch", "classes", "count"),
    [
        ("resnet8", 10, 78_042),
        ("resnet20", 10, 272_474),
        ("resnet20", 100, 278_324),
        ("resnet32", 100, 472_756),
        ("resnet56", 100, 861_620),
        ("resnet18-cifar", 100, 11_220_132),
        ("resnet50-cifar", 100, 23_705_252),
        ("resnet18", 1000, 11_689_512),
        ("resnet50", 1000, 25_557_032),
    ],
)
def test_parameter_counts_are_the_published_ones(arch: str, classes: int, count: int) -> None:
    assert parameters(image_model(arch, classes=classes, channels=3, seed=0)) == count


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_trains_on_small_one_channel_images(arch: str) -> None:
    model = image_model(arch, classes=7, channels=1, seed=0)
    images = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    logits = model(images)
    assert logits.shape == (3, 7)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_the_stems_differ_in_resolution_only() -> None:
    images = torch.zeros(1, 3, 32, 32)
    sizes = {}
    for arch in ("resnet18", "resnet18-cifar"):
        model = image_model(arch, classes=10, channels=3, seed=0).eval()
        model.layer1.register_forward_hook(
            lambda _module, _input, out, arch=arch: sizes.update({arch: tuple(out.shape[2:])})
        )
        model(images)
    assert sizes == {"resnet18": (8, 8), "resnet18-cifar": (32, 32)}


@pytest.mark.parametrize("arch", ["resnet18", "resnet50"])
def test_torchvision_state_dicts_load_as_they_are(arch: str) -> None:
    import torchvision

    theirs = torchvision.models.get_model(arch, weights=None, num_classes=5).eval()
    mine = image_model(arch, classes=5, channels=3, seed=0).eval()
    mine.load_state_dict(theirs.state_dict())
    images = torch.randn(2, 3, 40, 40)
    with torch.no_grad():
        torch.testing.assert_close(mine(images), theirs(images), rtol=0, atol=0)


@pytest.mark.parametrize("arch", ["resnet8", "resnet18-cifar"])
def test_weights_depend_on_the_seed_and_nothing_else(arch: str) -> None:
    torch.manual_seed(1)
    first = image_model(arch, classes=10, channels=3, seed=5).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = image_model(arch, classes=10, channels=3, seed=5).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    with torch.device("meta"):  # a default device must not decide where weights are drawn
        third = image_model(arch, classes=10, channels=3, seed=5).state_dict()
    other = image_model(arch, classes=10, channels=3, seed=6).state_dict()
    for name, weight in first.items():
        assert torch.equal(weight, second[name])
        assert torch.equal(weight, third[name])
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


@pytest.mark.parametrize("arch", ["resnet20", "resnet50-cifar"])
def test_convolutions_start_at_fan_out_scale(arch: str) -> None:
    model = image_model(arch, classes=10, channels=3, seed=0)
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d) and module.weight.numel() > 2000:
            fan_out = module.out_channels * module.kernel_size[0] ** 2
            assert module.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.1)


def test_an_unknown_architecture_is_named_beside_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'vgg8'.*resnet8, resnet20.*resnet50"):
        image_model("vgg8", classes=10, channels=3, seed=0)
