"""Image classifiers: the students, the image teachers T_m, and small stand-ins for both.

`resnet8` to `resnet56` are the CIFAR ResNets of He et al. 2016 (section 4.2) with projection
shortcuts (option B), as in the distillation literature's common benchmark (Tian et al. 2020, CRD).
`*-cifar` are torchvision's ResNets with a 3x3 stride-1 stem and no max-pool; `resnet18` and
`resnet50` are torchvision's own, whose state dicts (ImageNet weights, say) load as they are.
"""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn
from torchvision.models import ResNet
from torchvision.models.resnet import BasicBlock, Bottleneck

from engine.models import seeded_init


class CifarResNet(nn.Module):
    """Three stages of `blocks` basic blocks, 16-32-64 channels: 6·blocks + 2 layers.

    Maps images [B, channels, H, W] to logits [B, classes]; any H and W.
    """

    def __init__(self, blocks: int, channels: int, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = _stage(16, 16, blocks, stride=1)
        self.layer2 = _stage(16, 32, blocks, stride=2)
        self.layer3 = _stage(32, 64, blocks, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                _init_conv(module)

    def forward(self, images: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(images)))
        x = self.layer3(self.layer2(self.layer1(x)))
        logits: Tensor = self.fc(self.avgpool(x).flatten(1))
        return logits


def _stage(width_in: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    shortcut = None
    if stride != 1:
        shortcut = nn.Sequential(
            nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width)
        )
    first = BasicBlock(width_in, width, stride, shortcut)
    return nn.Sequential(first, *(BasicBlock(width, width) for _ in range(blocks - 1)))


def _init_conv(conv: nn.Conv2d) -> None:
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")


def _torchvision_resnet(
    block: type[BasicBlock] | type[Bottleneck],
    layers: tuple[int, ...],
    channels: int,
    classes: int,
    *,
    cifar_stem: bool,
) -> ResNet:
    model = ResNet(block, list(layers), num_classes=classes)
    if cifar_stem:
        model.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
        model.maxpool = nn.Identity()
    else:
        model.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    _init_conv(model.conv1)
    return model


_resnet18 = partial(_torchvision_resnet, BasicBlock, (2, 2, 2, 2))
_resnet50 = partial(_torchvision_resnet, Bottleneck, (3, 4, 6, 3))

ARCHITECTURES: dict[str, Callable[[int, int], nn.Module]] = {  # (channels, classes) -> module
    "resnet8": partial(CifarResNet, 1),
    "resnet20": partial(CifarResNet, 3),
    "resnet32": partial(CifarResNet, 5),
    "resnet56": partial(CifarResNet, 9),
    "resnet18-cifar": partial(_resnet18, cifar_stem=True),
    "resnet50-cifar": partial(_resnet50, cifar_stem=True),
    "resnet18": partial(_resnet18, cifar_stem=False),
    "resnet50": partial(_resnet50, cifar_stem=False),
}


def image_model(arch: str, *, classes: int, channels: int, seed: int) -> nn.Module:
    """An untrained classifier from images [B, channels, H, W] to logits [B, classes], on the CPU.

    Its weights (float32, He et al. 2015, fan-out) are a pure function of the arguments: the global
    random state is neither read nor changed. 8x8 images are large enough for every architecture,
    though in training mode the ImageNet stems shrink them to one pixel and then need B > 1.

    Raises ValueError for an architecture not in `ARCHITECTURES`.
    """
    if arch not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {arch!r}; known: {', '.join(ARCHITECTURES)}")
    with seeded_init(seed):
        return ARCHITECTURES[arch](channels, classes)
