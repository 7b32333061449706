"""T_x, the multimodal teacher: a classifier of CLIP embeddings (image, text, or both, joined).

Three stems: `conv1_replace` is the paper's, `linear` and `mlp` are the plain alternatives.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models import UNREAD, seeded_init


class MultimodalTeacher(nn.Module, ABC):
    """What every stem has: embeddings [B, D] (and its dropout's draws) in, logits [B, C] out.

    `dropout_draws` is how many uniform numbers per sample the stem wants in training mode. Training
    passes `uniforms` [B, dropout_draws] in [0, 1), a function of (seed, epoch, sample id), so that
    a mask depends on no call order; it passes None where `dropout_draws` is 0. In eval mode there
    is no dropout and `uniforms` is ignored.
    """

    dropout_draws: ClassVar[int] = 0

    @abstractmethod
    def forward(self, x: Tensor, uniforms: Tensor | None = None) -> Tensor: ...


class LinearStem(MultimodalTeacher):
    """Multinomial logistic regression: D-C."""

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.fc = nn.Linear(dim, classes)

    def forward(self, x: Tensor, uniforms: Tensor | None = None) -> Tensor:
        logits: Tensor = self.fc(x)
        return logits


class MlpStem(MultimodalTeacher):
    """D-512-512-C; ReLU, then dropout 0.1, after both hidden layers.

    In training mode `forward` raises ValueError where `uniforms` is missing or not [B, 1024].
    """

    width: ClassVar[int] = 512
    dropout: ClassVar[float] = 0.1
    dropout_draws: ClassVar[int] = 2 * width

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.hidden1 = nn.Linear(dim, self.width)
        self.hidden2 = nn.Linear(self.width, self.width)
        self.fc = nn.Linear(self.width, classes)

    def forward(self, x: Tensor, uniforms: Tensor | None = None) -> Tensor:
        hidden = [self.hidden1, self.hidden2]
        if not self.training:
            for layer in hidden:
                x = F.relu(layer(x))
        else:
            if uniforms is None or uniforms.shape != (len(x), self.dropout_draws):
                raise ValueError(
                    f"the mlp stem trains with dropout: it needs uniforms of shape "
                    f"[{len(x)}, {self.dropout_draws}], got "
                    f"{None if uniforms is None else list(uniforms.shape)}"
                )
            kept = (uniforms >= self.dropout).chunk(2, dim=1)
            for layer, keep in zip(hidden, kept, strict=True):
                x = F.relu(layer(x)) * keep / (1 - self.dropout)
        logits: Tensor = self.fc(x)
        return logits


class Conv1ReplaceStem(MultimodalTeacher):
    """ResNet50 whose conv1 is Conv2d(D, 64, 7, 2, 3, bias=False), fed the vector as D x 1 x 1.

    On one pixel a padded convolution sees data through its kernel's centre tap alone, max-pool and
    average-pool do nothing, and BatchNorm2d is BatchNorm1d: what is left is this residual MLP. It
    is that network's exact function, gradients and running statistics (taps off the centre have
    gradient 0), for a fraction of the work. Modules bear torchvision's names, so that a state dict
    differs from torchvision's by its taps only.

    Weights start as the authors' network starts without ImageNet weights: He et al. 2015, fan-out,
    counted over whole kernels; conv1 and fc by PyTorch's defaults for Conv2d and Linear.

    In training mode BatchNorm needs B > 1 and raises ValueError for less.
    """

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Linear(dim, 64, bias=False)
        bound = 1 / math.sqrt(dim * 7 * 7)
        nn.init.uniform_(self.conv1.weight, -bound, bound)
        self.bn1 = nn.BatchNorm1d(64)
        self.layer1 = _stage(64, 64, blocks=3)
        self.layer2 = _stage(256, 128, blocks=4)
        self.layer3 = _stage(512, 256, blocks=6)
        self.layer4 = _stage(1024, 512, blocks=3)
        self.fc = nn.Linear(2048, classes)

    def forward(self, x: Tensor, uniforms: Tensor | None = None) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        logits: Tensor = self.fc(self.layer4(self.layer3(self.layer2(self.layer1(x)))))
        return logits

    @torch.no_grad()
    def from_resnet50(self, resnet50: nn.Module | Mapping[str, Tensor]) -> list[str]:
        """Take a torchvision-layout ResNet50's centre taps and statistics, in place.

        conv1 and fc keep what they have where their shapes differ, as they do for ImageNet weights
        (3 channels, 1000 classes). Returns the names kept.

        Raises ValueError, with nothing changed, where any other tensor is missing or misshapen.
        """
        theirs = resnet50.state_dict() if isinstance(resnet50, nn.Module) else resnet50
        taken: dict[str, Tensor] = {}
        kept: list[str] = []
        for name, mine in self.state_dict().items():
            if name not in theirs:
                if name.endswith(UNREAD):
                    continue
                raise ValueError(f"not a ResNet50 in torchvision's layout: no {name}")
            tensor = theirs[name]
            if tensor.ndim == 4:
                tensor = tensor[:, :, tensor.shape[2] // 2, tensor.shape[3] // 2]
            if tensor.shape == mine.shape:
                taken[name] = tensor
            elif name.startswith(("conv1.", "fc.")):
                kept.append(name)
            else:
                raise ValueError(
                    f"not a ResNet50 in torchvision's layout: {name} has shape "
                    f"{list(theirs[name].shape)}, its centre tap should have {list(mine.shape)}"
                )
        self.load_state_dict(taken, strict=False)
        return kept


class _Bottleneck(nn.Module):
    def __init__(self, width_in: int, width: int, *, project: bool) -> None:
        super().__init__()
        self.conv1 = _tap(width_in, width, kernel=1)
        self.bn1 = nn.BatchNorm1d(width)
        self.conv2 = _tap(width, width, kernel=3)
        self.bn2 = nn.BatchNorm1d(width)
        self.conv3 = _tap(width, 4 * width, kernel=1)
        self.bn3 = nn.BatchNorm1d(4 * width)
        self.downsample: nn.Module = nn.Identity()
        if project:
            self.downsample = nn.Sequential(
                _tap(width_in, 4 * width, kernel=1), nn.BatchNorm1d(4 * width)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        return F.relu(self.bn3(self.conv3(out)) + self.downsample(x))


def _stage(width_in: int, width: int, blocks: int) -> nn.Sequential:
    first = _Bottleneck(width_in, width, project=True)
    rest = (_Bottleneck(4 * width, width, project=False) for _ in range(blocks - 1))
    return nn.Sequential(first, *rest)


def _tap(width_in: int, width: int, *, kernel: int) -> nn.Linear:
    """The centre tap of a kernel x kernel convolution, drawn as that convolution's would be."""
    tap = nn.Linear(width_in, width, bias=False)
    nn.init.normal_(tap.weight, std=math.sqrt(2 / (width * kernel**2)))
    return tap


STEMS: dict[str, type[LinearStem] | type[MlpStem] | type[Conv1ReplaceStem]] = {
    "conv1_replace": Conv1ReplaceStem,
    "linear": LinearStem,
    "mlp": MlpStem,
}


def multimodal_teacher(stem: str, *, dim: int, classes: int, seed: int) -> MultimodalTeacher:
    """An untrained T_x from embeddings [B, dim] to logits [B, classes], float32, on the CPU.

    Its weights are a pure function of the arguments: the global random state is neither read nor
    changed. `Conv1ReplaceStem.from_resnet50` then puts ImageNet weights into the default stem.

    Raises ValueError for a stem not in `STEMS`.
    """
    if stem not in STEMS:
        raise ValueError(f"unknown stem {stem!r}; known: {', '.join(STEMS)}")
    with seeded_init(seed):
        return STEMS[stem](dim, classes)
