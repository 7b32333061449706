"""Integrated gradients (Sundararajan et al. 2017, through Captum) of T_x's two inputs."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.errors import ArtifactError

BATCH = 256


@dataclass(frozen=True)
class Shares:
    """What N samples' attributions say of the image; the text has the rest of each.

    `image` and `total` float64 [N]: Σ|attr| over the image's dimensions, and over all. `delta`
    float64 [N]: |convergence delta|.
    """

    image: Tensor
    total: Tensor
    delta: Tensor

    @property
    def pooled(self) -> float:
        """Σ over samples of the image's part / Σ of all, 0 to 1."""
        return float(self.image.sum() / self.total.sum())

    @property
    def per_sample(self) -> Tensor:
        """Each sample's own share, float64 [n], 0 to 1; those that are all zero have none."""
        some = self.total > 0
        return self.image[some] / self.total[some]

    @property
    def delta_share(self) -> float:
        """Mean |delta| over mean Σ|attr|; a large one voids the shares."""
        return float(self.delta.sum() / self.total.sum())


def attribute(
    network: nn.Module,
    inputs: Tensor,
    target: Tensor,
    *,
    baseline: Tensor,
    image_dims: int,
    steps: int,
    progress: Callable[[int], None],
) -> Shares:
    """Attributions of inputs [N, D], of which the first `image_dims` are the image's.

    From `baseline` [D], along `steps` Gauss-Legendre points, of the logits `target` int64 [N].
    `network` must be in eval mode. ArtifactError where no input has any effect at all, and where
    the logits are so large that attributions are no numbers.
    """
    from captum.attr import IntegratedGradients  # late: seconds, which other stages need not wait

    method = IntegratedGradients(network)
    image, total, deltas = [], [], []
    for start in range(0, len(inputs), BATCH):
        part = inputs[start : start + BATCH]
        attributions, delta = method.attribute(
            part,
            baselines=baseline.expand_as(part),
            target=target[start : start + BATCH],
            n_steps=steps,
            internal_batch_size=BATCH,
            return_convergence_delta=True,
        )
        size = attributions.abs().double()
        image.append(size[:, :image_dims].sum(1))
        total.append(size.sum(1))
        deltas.append(delta.abs().double())
        progress(start + len(part))
    shares = Shares(torch.cat(image), torch.cat(total), torch.cat(deltas))
    if not torch.stack([shares.total, shares.delta]).isfinite().all():
        raise ArtifactError(
            "T_x's answers are too large to be explained: its training diverged; try a lower"
            " learning rate (--set T_x.optimiser.lr)"
        )
    if not shares.total.sum() > 0:
        raise ArtifactError("T_x says the same of every input: there is nothing to attribute")
    return shares
