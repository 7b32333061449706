"""Learning rate as a pure function of the step, so that a resumed run needs no scheduler state."""

import math

from engine.settings import Optimiser

ONE_CYCLE_FLOOR = 1e-3  # lr at the end of a one-cycle run, as a share of its peak


def learning_rate(optimiser: Optimiser, step: int, steps_per_epoch: int) -> float:
    """lr at `step` (from 0). Warm-up is linear from near 0 to `lr` over `warmup_epochs`.

    steps: ×0.1 after each epoch in `steps`. cosine: to 0 at the end. onecycle: linear from `lr`
    down to a thousandth of it at the end.
    """
    epoch = step / steps_per_epoch
    warmup = optimiser.warmup_epochs
    if epoch < warmup:
        return optimiser.lr * (step + 1) / (warmup * steps_per_epoch)
    rest = (epoch - warmup) / max(optimiser.epochs - warmup, 1)
    if optimiser.schedule == "cosine":
        return optimiser.lr * 0.5 * (1 + math.cos(math.pi * rest))
    if optimiser.schedule == "onecycle":
        return optimiser.lr * (1 - rest * (1 - ONE_CYCLE_FLOOR))
    passed = sum(epoch >= boundary for boundary in optimiser.steps)
    return float(optimiser.lr * 0.1**passed)
