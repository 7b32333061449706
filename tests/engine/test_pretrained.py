"""ImageNet weights: from files of torchvision's layout, from its cache, and the faults of both."""

import re
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from engine.errors import ArtifactError, SpecError
from engine.models.pretrained import imagenet_weights, load_pretrained, load_t_x
from engine.models.resnet import image_model
from engine.models.t_x import multimodal_teacher

Weights = dict[str, torch.Tensor]


def published(arch: str) -> Weights:
    torch.manual_seed(0)
    return dict(torchvision.models.get_model(arch, weights=None).state_dict())


@pytest.fixture(scope="module")
def weights() -> Weights:
    """A ResNet18 as torchvision publishes it, with numbers of no training."""
    return published("resnet18")


@pytest.fixture
def file(weights: Weights, tmp_path: Path) -> Path:
    torch.save(weights, tmp_path / "resnet18.pth")
    return tmp_path / "resnet18.pth"


def given(path: Path, arch: str = "resnet18") -> Weights:
    found = imagenet_weights(arch, f"file:{path.name}", path.parent)
    assert found is not None
    return found


def refusal(path: Path, arch: str = "resnet18") -> str:
    with pytest.raises(ArtifactError) as caught:
        given(path, arch)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_same(found: Weights, expected: Weights) -> None:
    assert found.keys() == expected.keys()
    assert all(found[name].equal(tensor) for name, tensor in expected.items())


def test_none_is_none() -> None:
    assert imagenet_weights("resnet8", "none", None) is None


@pytest.mark.parametrize("weights", ["Imagenet", "", "/a/path.pth"])
def test_other_words_are_refused(weights: str) -> None:
    with pytest.raises(SpecError, match="give none, imagenet or the path of a file"):
        imagenet_weights("resnet18", weights, None)


# Files


def test_files_of_torchvision_s_layout(weights: Weights, tmp_path: Path) -> None:
    torch.save(weights, tmp_path / "a.pth")
    save_file(weights, tmp_path / "b.safetensors")
    parallel = {f"module.{name}": tensor for name, tensor in weights.items()}
    torch.save({"epoch": 90, "state_dict": parallel, "best": 0.5}, tmp_path / "c.pth.tar")
    torch.save({"model": weights, "args": {"lr": 0.1}}, tmp_path / "d.pth")
    for name in ("a.pth", "b.safetensors", "c.pth.tar", "d.pth"):
        assert_same(given(tmp_path / name), weights)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"'x\.pth' is not in .*give it again"):
        imagenet_weights("resnet18", "file:x.pth", tmp_path)


def test_another_network_is_refused(file: Path, weights: Weights) -> None:
    text = (
        "resnet18.pth: not a ResNet50 in torchvision's layout: "
        "layer1.0.conv1.weight is [64, 64, 3, 3], not [64, 64, 1, 1]"
    )
    assert refusal(file, "resnet50") == text
    assert refusal(file, "resnet50-cifar") == text
    assert refusal(file, "resnet20").startswith("resnet18.pth: not a ResNet20")
    # A deeper network holds all that a ResNet18 has, and more.
    torch.save({**weights, "layer1.2.conv1.weight": weights["layer1.1.conv1.weight"]}, file)
    assert refusal(file).endswith("layout: layer1.2.conv1.weight is not of it")


def test_a_wrong_shape_is_refused(file: Path, weights: Weights) -> None:
    torch.save({**weights, "layer2.0.bn1.bias": torch.zeros(64)}, file)
    assert refusal(file).endswith("layout: layer2.0.bn1.bias is [64], not [128]")


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("sprung"),))


def test_a_pickle_that_runs_code_is_refused(
    file: Path, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    torch.save({"state_dict": weights, "extra": Trap()}, file)
    assert "not readable as weights (damaged, or something else" in refusal(file)
    assert not Path("sprung").exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_truncated_file_is_refused(tmp_path: Path, weights: Weights, suffix: str) -> None:
    path = tmp_path / f"cut{suffix}"
    save_file(weights, path) if suffix == ".safetensors" else torch.save(weights, path)
    path.write_bytes(path.read_bytes()[:50_000])
    assert f"cut{suffix}: not readable as weights (" in refusal(path)


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": [1]}, {"a": 1}])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "x.pth")
    assert refusal(tmp_path / "x.pth").endswith("x.pth: holds no state dict")


# Published weights


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch.hub's folder, empty, and no network."""

    def cut(*arguments: object, **named: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(socket.socket, "connect", cut)
    monkeypatch.setattr(socket, "getaddrinfo", cut)
    return tmp_path / "checkpoints"


@pytest.mark.parametrize("arch", ["resnet18", "resnet18-cifar"])
def test_published_weights_are_taken_from_torch_hub_s_folder(
    hub: Path, file: Path, weights: Weights, arch: str
) -> None:
    hub.mkdir()
    shutil.copy(file, hub / "resnet18-f37072fd.pth")
    found = imagenet_weights(arch, "imagenet", None)
    assert found is not None
    assert_same(found, weights)


def test_without_a_network_it_says_which_file_goes_where(hub: Path) -> None:
    with pytest.raises(ArtifactError) as caught:
        imagenet_weights("resnet50-cifar", "imagenet", None)
    assert re.fullmatch(
        r"resnet50-cifar: its ImageNet weights could not be fetched \(.*unreachable.*\); put "
        rf"resnet50-0676ba61\.pth into {re.escape(str(hub))}, or give --set teacher\.weights=PATH",
        str(caught.value),
    )
    assert not list(hub.iterdir())


def test_networks_without_published_weights() -> None:
    with pytest.raises(SpecError, match="resnet20 has no ImageNet weights; resnet18, resnet50"):
        imagenet_weights("resnet20", "imagenet", None)


# Into networks


def loaded(arch: str, state: Weights, classes: int, channels: int) -> tuple[Any, list[str]]:
    module = image_model(arch, classes=classes, channels=channels, seed=0)
    return module, load_pretrained(module, state)


def test_all_that_fits_is_loaded(weights: Weights) -> None:
    module, kept = loaded("resnet18", weights, 1000, 3)
    assert kept == []
    assert_same(dict(module.state_dict()), weights)
    fresh = image_model("resnet18-cifar", classes=7, channels=3, seed=0).state_dict()
    module, kept = loaded("resnet18-cifar", weights, 7, 3)
    assert kept == ["conv1.weight", "fc.weight", "fc.bias"]
    for name, tensor in module.state_dict().items():
        assert tensor.equal((fresh if name in kept else weights)[name])


def test_old_files_have_no_counts_of_batches(file: Path, weights: Weights) -> None:
    old = {name: t for name, t in weights.items() if "num_batches_tracked" not in name}
    torch.save(old, file)
    module, kept = loaded("resnet18", given(file), 1000, 3)
    assert kept == []
    assert module.state_dict()["layer4.1.bn2.running_var"].equal(old["layer4.1.bn2.running_var"])


def test_grey_images_give_what_three_equal_channels_would(weights: Weights) -> None:
    colour, _ = loaded("resnet18", weights, 5, 3)
    grey, kept = loaded("resnet18", weights, 5, 1)
    assert kept == ["fc.weight", "fc.bias"]
    grey.fc.load_state_dict(colour.fc.state_dict())
    images = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, expected = grey.eval()(images), colour.eval()(images.expand(-1, 3, -1, -1))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert loaded("resnet18-cifar", weights, 1000, 1)[1] == ["conv1.weight"]


def test_a_network_that_does_not_fit_is_not_changed(weights: Weights) -> None:
    module = image_model("resnet20", classes=5, channels=3, seed=0)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(ArtifactError, match=r"of another network: bn1\.weight does not fit"):
        load_pretrained(module, weights)
    assert_same(dict(module.state_dict()), before)


def test_t_x_takes_a_resnet50_s_centre_taps(weights: Weights) -> None:
    state = {
        name: tensor
        for name, tensor in published("resnet50").items()
        if "num_batches_tracked" not in name
    }
    network = multimodal_teacher("conv1_replace", dim=16, classes=5, seed=0)
    assert load_t_x(network, state) == ["conv1.weight", "fc.weight", "fc.bias"]
    tap = network.state_dict()["layer3.2.conv2.weight"]
    assert tap.equal(state["layer3.2.conv2.weight"][:, :, 1, 1])
    with pytest.raises(ArtifactError, match=r"T_x\.weights: not a ResNet50 in torchvision's"):
        load_t_x(network, weights)


@pytest.mark.parametrize("stem", ["linear", "mlp"])
def test_other_stems_have_no_resnet_s_weights(stem: str, weights: Weights) -> None:
    network = multimodal_teacher(stem, dim=16, classes=5, seed=0)
    with pytest.raises(SpecError, match="only the stem conv1_replace is a ResNet"):
        load_t_x(network, weights)
