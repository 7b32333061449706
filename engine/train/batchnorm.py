"""BatchNorm by the batch's own statistics, in a network that otherwise only answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def batch_statistics(module: nn.Module) -> Iterator[None]:
    """Inside this block the BatchNorm layers of `module` normalise by the batch that they see.

    All else stays in the mode that it is in, and running statistics are neither read nor changed.
    This is a teacher in training mode as in the authors' earlier code (`teacher_bn = "batch"`),
    without the drift of its statistics. A batch of one value a channel raises ValueError.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, _BatchNorm)]
    before = [(layer.training, layer.track_running_stats) for layer in layers]
    for layer in layers:
        layer.training, layer.track_running_stats = True, False
    try:
        yield
    finally:
        for layer, (training, tracks) in zip(layers, before, strict=True):
            layer.training, layer.track_running_stats = training, tracks
