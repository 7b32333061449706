"""BatchNorm by a batch's statistics: in a network that otherwise only answers, and over all ranks
of a job (engine.train.ranks)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.train import ranks


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


def share_statistics(module: nn.Module) -> nn.Module:
    """The module itself, whose BatchNorm layers in training mode go from now on by the batch of
    all ranks together. A process alone leaves them as they are."""
    if ranks.size() > 1:
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.__class__ = SharedBatchNorm2d  # the same layer, with all that is its own
    return module


class SharedBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm2d by the statistics of all ranks' rows. torch's SyncBatchNorm is for GPUs alone;
    this is for any device, of kernels that all have. `affine`, and `momentum` is a number."""

    momentum: float
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        mean, var, count = shared_statistics(input.detach())
        if self.track_running_stats:
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * (count / (count - 1)), self.momentum)
        normalised: Tensor = _Normalise.apply(
            input, self.weight, self.bias, mean, var, count, self.eps
        )
        return normalised


def shared_statistics(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance [C], the latter by `count`, of x [B, C, H, W] over the rows of all ranks,
    and how many values a channel has in all.

    From each rank's own by Chan, Golub and LeVeque 1983: no difference of large squares.
    """
    channels = x.shape[1]
    own = torch.cat(torch.batch_norm_update_stats(x, None, None, 0.0))
    each = ranks.gathered(torch.cat([own, own.new_full((1,), x.numel() // channels)]))
    means, variances, counts = each.split([channels, channels, 1], dim=1)
    shares = counts / counts.sum()
    mean = (shares * means).sum(0)
    return mean, (shares * (variances + (means - mean) ** 2)).sum(0), counts.sum()


class _Normalise(torch.autograd.Function):
    """Ioffe and Szegedy 2015: (x - mean) / √(var + eps) · weight + bias, and its gradients where
    mean and variance are those of the x of all ranks."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        var: Tensor,
        count: Tensor,
        eps: float,
    ) -> Tensor:
        ctx.save_for_backward(x, weight, mean, var, count)
        ctx.eps = eps
        return F.batch_norm(x, mean, var, weight, bias, eps=eps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, var, count = ctx.saved_tensors
        # As if mean and variance were constants; then what goes through them: every x of the batch
        # has a share of both sums.
        of_x, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, x, weight, mean, var, None, None, False, ctx.eps, [True, True, True]
        )
        scale = weight / (var + ctx.eps).sqrt() / count
        by_weight, by_bias = ranks.total(torch.stack([of_weight, of_bias]))
        of_x -= F.batch_norm(x, mean, var, scale * by_weight, scale * by_bias, eps=ctx.eps)
        return of_x, of_weight, of_bias, None, None, None, None
