"""Integrated gradients (Sundararajan et al. 2017, through Captum) of T_x's two inputs."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

BATCH = 256


@dataclass(frozen=True)
class Shares:
    """`image`: Σ|attr of image| / Σ|attr|, 0 to 1; the text's share is the rest. `delta`: mean
    |convergence delta| over mean Σ|attr|; a large one voids the shares."""

    image: float
    delta: float


def attribute(
    network: nn.Module,
    inputs: Tensor,
    target: Tensor,
    *,
    image_dims: int,
    steps: int,
    progress: Callable[[int], None],
) -> Shares:
    """Pooled shares over samples: inputs [N, D], of which the first `image_dims` are the image's.

    Zero baseline, `steps` Gauss-Legendre points, `target` int64 [N] the logit that is explained.
    `network` must be in eval mode.
    """
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(network)
    of_image = of_all = off = 0.0
    for start in range(0, len(inputs), BATCH):
        part = inputs[start : start + BATCH]
        attributions, delta = method.attribute(
            part,
            baselines=torch.zeros_like(part),
            target=target[start : start + BATCH],
            n_steps=steps,
            internal_batch_size=BATCH,
            return_convergence_delta=True,
        )
        size = attributions.abs().double()
        of_image += float(size[:, :image_dims].sum())
        of_all += float(size.sum())
        off += float(delta.abs().double().sum())
        progress(start + len(part))
    return Shares(image=of_image / of_all, delta=off / of_all)
