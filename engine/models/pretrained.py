"""ImageNet's weights for the ResNets: torchvision's published ones, or a file of that layout."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import Request, urlopen

import torch
from torch import Tensor, nn

from engine.errors import ArtifactError, SpecError
from engine.files import FILE, reason, resolve
from engine.models import UNREAD
from engine.models.resnet import ARCHITECTURES
from engine.models.t_x import Conv1ReplaceStem, MultimodalTeacher

PUBLISHED = {  # the authors' era; V2 is another training recipe
    "resnet18": "ResNet18_Weights.IMAGENET1K_V1",
    "resnet50": "ResNet50_Weights.IMAGENET1K_V1",
}
PATIENCE = 10  # seconds that the server has to answer
OWN = ("conv1.weight", "fc.weight", "fc.bias")  # depend on the images and classes at hand


def imagenet_weights(arch: str, weights: str, files: Path | None) -> dict[str, Tensor] | None:
    """The state dict that `weights` names for `arch`, on the CPU; None for "none".

    "imagenet": torchvision's IMAGENET1K_V1, from torch.hub's folder or fetched into it; the *-cifar
    networks take those of the network that they alter. "file:NAME": a .pth or .safetensors of the
    same layout, in `files`; also one that training left, which holds it as "state_dict" or "model",
    with "module." before its names. Channels and classes need not be the job's (`load_pretrained`).

    SpecError: there are none for `arch`, or no such `weights`. ArtifactError: they cannot be
    fetched, are unreadable, damaged or another network's.
    """
    if weights == "none":
        return None
    if weights.startswith(FILE):
        path = resolve(files, weights)
    elif weights == "imagenet":
        path = _published(arch)
    else:
        raise SpecError(f"weights {weights!r}: give none, imagenet or the path of a file")
    state = read_state(path)
    _check(state, arch, path)
    return state


def load_pretrained(module: nn.Module, state: Mapping[str, Tensor]) -> list[str]:
    """Puts `state` (of `imagenet_weights`) into an image network; the names that stay as they were.

    Those are conv1 of another kernel (the 3x3 stem) and fc of other classes. For grey images conv1
    is summed over the channels, so that they give what they would as three equal ones.
    ArtifactError where anything else does not fit; nothing is changed then.
    """
    taken, kept = {}, []
    for name, mine in module.state_dict().items():
        if name not in state and name.endswith(UNREAD):
            continue
        tensor = state.get(name)
        if name == "conv1.weight" and tensor is not None and mine.shape[1] == 1:
            tensor = tensor.sum(1, keepdim=True)
        if tensor is not None and tensor.shape == mine.shape:
            taken[name] = tensor
        elif name in OWN:
            kept.append(name)
        else:
            raise ArtifactError(f"the weights are of another network: {name} does not fit")
    module.load_state_dict(taken, strict=False)
    return kept


def load_t_x(network: MultimodalTeacher, state: Mapping[str, Tensor]) -> list[str]:
    """Puts a ResNet50's centre taps into T_x; the names that stay as they were.

    SpecError for a stem that is no ResNet; ArtifactError for the weights of another network.
    """
    if not isinstance(network, Conv1ReplaceStem):
        raise SpecError("T_x.weights: only the stem conv1_replace is a ResNet; give none")
    try:
        return network.from_resnet50(state)
    except ValueError as error:
        raise ArtifactError(f"T_x.weights: {error}") from None


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, or of one by torch.save that holds nothing but weights.

    Raises ArtifactError. Nothing in the file is run.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            found: Any = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - zipfile's, pickle's, torch's and safetensors' own
        raise ArtifactError(f"{path}: not readable as weights ({reason(error)})") from None
    for wrapper in ("state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(wrapper), dict):
            found = found[wrapper]
    if not isinstance(found, dict) or not all(isinstance(v, Tensor) for v in found.values()):
        raise ArtifactError(f"{path}: holds no state dict")
    return {str(name).removeprefix("module."): tensor for name, tensor in found.items()}


def _published(arch: str) -> Path:
    """The published file in torch.hub's folder; fetched where it is not there."""
    from torchvision.models import get_weight  # late: a second, and a file needs none of it

    base = arch.removesuffix("-cifar")
    if base not in PUBLISHED:
        known = ", ".join(PUBLISHED)
        raise SpecError(f"{arch} has no ImageNet weights; {known} have. Give weights none")
    url = get_weight(PUBLISHED[base]).url
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = path.stem.rpartition("-")[2]
        try:
            # torch.hub would wait for a silent network for minutes.
            urlopen(Request(url, method="HEAD"), timeout=PATIENCE).close()
            torch.hub.download_url_to_file(url, str(path), hash_prefix=digest, progress=False)
        except (OSError, RuntimeError) as error:
            raise ArtifactError(
                f"{arch}: its ImageNet weights could not be fetched ({reason(error)}); put "
                f"{path.name} into {path.parent}, or give --set teacher.weights=PATH"
            ) from None
    return path


def _check(state: Mapping[str, Tensor], arch: str, path: Path) -> None:
    """Raises ArtifactError where `state` is not of `arch`, whatever its channels and classes."""
    with torch.device("meta"):
        expected = ARCHITECTURES[arch.removesuffix("-cifar")](3, 1000).state_dict()
    wrong = ""
    for name, tensor in expected.items():
        found = state.get(name)
        if found is None:
            wrong = "" if name.endswith(UNREAD) else f"no {name}"
        elif name not in OWN and found.shape != tensor.shape:
            wrong = f"{name} is {list(found.shape)}, not {list(tensor.shape)}"
        if wrong:
            break
    unknown = sorted(state.keys() - expected.keys())
    if not wrong and unknown:
        wrong = f"{unknown[0]} is not of it"
    if wrong:
        network = arch.removesuffix("-cifar").replace("resnet", "ResNet")
        raise ArtifactError(f"{path.name}: not a {network} in torchvision's layout: {wrong}")
