"""ResNets that only answer on a CPU, as oneDNN wants them.

A convolution, the sum with its block's shortcut and the ReLU are one pass over the activations
rather than three. Weights are laid out once as the kernels read them, not in every call. A batch
goes through in parts: their activations stay near the cores, and memory is used again instead of
being fetched from the system anew. The operators are those that torch's own compiler emits for
a CPU (torch/_inductor/mkldnn_ir.py); they are no public API, so a network does without them where
a torch has none.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck

OPERATOR = "_convolution_pointwise_"
# Measured at 8 and 32 pixels: fewer pixels wait for Python, more no longer stay near the cores.
PIXELS = 32 * 32 * 32  # of a part's images together
LEAST = 8  # images a part, however large: all weights are read for each part


class InParts(nn.Module):
    """`network`, asked about the rows of images [B, channels, H, W] a part at a time."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        rows = max(LEAST, PIXELS // (images.shape[2] * images.shape[3]))
        return torch.cat([self.network(part) for part in images.split(rows)])


class _Convolution(nn.Module):
    """A convolution with bias and, where `relu`, its ReLU; without gradients."""

    def __init__(self, conv: nn.Conv2d, *, relu: bool) -> None:
        super().__init__()
        self._geometry = conv.padding, conv.stride, conv.dilation, conv.groups
        self._weight, self._bias = conv.weight.detach(), conv.bias
        self._then = "relu" if relu else "none"

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self._packed(x), self._bias, *self._geometry, self._then, [], ""
        )
        return found

    def add_to(self, shortcut: Tensor, x: Tensor) -> Tensor:
        """relu(shortcut + convolution of x), which takes the place of `shortcut`."""
        found: Tensor = torch.ops.mkldnn._convolution_pointwise_.binary(
            shortcut, x, self._packed(x), self._bias, *self._geometry, "add", 1.0, "relu", [], ""
        )
        return found

    def _packed(self, x: Tensor) -> Tensor:
        """The weights, laid out for the first `x` that comes; for others oneDNN sees to it."""
        if not self._weight.is_mkldnn:
            self._weight = torch.ops.aten.mkldnn_reorder_conv2d_weight(
                self._weight.to_mkldnn(), *self._geometry, x.shape
            )
        return self._weight


class _Block(nn.Module):
    """torchvision's basic block or bottleneck, without BatchNorm. Its input is overwritten."""

    def __init__(self, block: BasicBlock | Bottleneck) -> None:
        super().__init__()
        *convs, last = (conv for conv in block.children() if isinstance(conv, nn.Conv2d))
        self._body = nn.Sequential(*(_Convolution(conv, relu=True) for conv in convs))
        self._last = _Convolution(last, relu=False)
        self._shortcut = (
            nn.Identity()
            if block.downsample is None
            else _Convolution(block.downsample[0], relu=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self._body(x)  # before the shortcut, which may be x itself, becomes the sum
        return self._last.add_to(self._shortcut(x), y)


def prepacked(module: nn.Module, log: Callable[[str], None]) -> nn.Module:
    """What to call in the stead of a ResNet of engine.models.resnet that has been folded.

    The same function up to rounding, of float32 images of any number; its layers become parts of
    what is given back. It is the module itself where that is not on a CPU, and where this torch
    has no oneDNN, which a line in `log` says. Raises ValueError where BatchNorm is still in it.
    """
    if any(isinstance(layer, nn.BatchNorm2d) for layer in module.modules()):
        raise ValueError("fold BatchNorm first (engine.models.folded)")
    if next(module.parameters()).device.type != "cpu":
        return module
    if not (torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, OPERATOR)):
        log("teacher as it is, without oneDNN: this torch has none, or another one")
        return module
    for stage in list(module.modules()):
        for name, block in list(stage.named_children()):
            if isinstance(block, BasicBlock | Bottleneck):
                setattr(stage, name, _Block(block))
    module.conv1 = _Convolution(cast(nn.Conv2d, module.conv1), relu=True)
    module.relu = nn.Identity()
    return InParts(module)
