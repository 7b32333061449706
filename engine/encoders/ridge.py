"""Ridge regression with closed-form leave-one-out predictions, in float64 and bounded memory."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

BLOCK = 1024  # rows at a time
CHOOSING_ROWS = 10_000  # rows whose leave-one-out error picks the strength; all where fewer
SMALLEST = 1e-12  # of 1 − leverage, which is 0 for a row that the fit cannot do without
STRENGTHS = tuple(10 ** (k / 2) for k in range(-8, 5))  # per row: 1e-4 … 1e2

Rows = Callable[[slice], Tensor]
"""A slice of the training rows → their features [B, F]; must give the same rows every time."""

Error = Callable[[Tensor, slice], Tensor]
"""Leave-one-out predictions [B, D] of a slice of the training rows → their summed error."""


@dataclass(frozen=True)
class Ridge:
    """min ‖(X̃W + b) − Y‖² + λ‖W‖², X̃ the features standardised, b not penalised. All float64.

    Kept as the eigen-decomposition of X̃ᵀX̃ (`values` [F], `vectors` [F, F]), in which every λ is a
    division; `cross` [F, D] is vectorsᵀX̃ᵀY. λ = `strength` · `count`, the number of rows.
    """

    mean: Tensor
    scale: Tensor
    target_mean: Tensor
    values: Tensor
    vectors: Tensor
    cross: Tensor
    count: int
    strength: float

    @classmethod
    def fit(
        cls,
        rows: Rows,
        targets: Tensor,
        error: Error | None = None,
        strengths: tuple[float, ...] = STRENGTHS,
        report: Callable[[int, int], None] | None = None,
    ) -> Self:
        """Fit to `targets` float [N, D]; of `strengths`, the one with the least leave-one-out error
        (squared error by default; of equals, the strongest).

        Passes twice over the rows, of which it holds one block at a time. `report` is called with
        (done, N) on the first pass, which is the longer one.
        """
        count = len(targets)
        y = targets.double()
        target_mean = y.mean(0)
        gram = total = cross = torch.zeros(())
        for block in blocks(count):
            x = rows(block).double()
            gram = gram + x.T @ x
            total = total + x.sum(0)
            cross = cross + x.T @ (y[block] - target_mean)
            if report:
                report(block.stop, count)
        mean = total / count
        # Centre and scale the sums instead of the rows: the rows are never all in memory.
        gram = gram - count * torch.outer(mean, mean)
        scale = (gram.diagonal().clamp_min(0) / count).sqrt()
        scale = torch.where(scale > 1e-9 * scale.max().clamp_min(1e-30), scale, torch.inf)
        values, vectors = torch.linalg.eigh(gram / torch.outer(scale, scale))
        cross = vectors.T @ (cross / scale[:, None])
        candidates = [
            cls(mean, scale, target_mean, values.clamp_min(0), vectors, cross, count, strength)
            for strength in sorted(strengths, reverse=True)
        ]
        error = error or (lambda predicted, which: (predicted - y[which]).square().sum())
        step = -(-count // CHOOSING_ROWS)
        errors = torch.zeros(len(candidates), dtype=torch.float64)
        for block in blocks(count):
            chosen = slice(block.start, block.stop, step)
            z = candidates[0].coordinates(rows(chosen))  # the same for every strength
            for i, ridge in enumerate(candidates):
                errors[i] += error(ridge._leave_one_out(z, y[chosen]), chosen)
        return candidates[int(errors.argmin())]

    def coordinates(self, features: Tensor) -> Tensor:
        """Features [B, F], standardised, in the basis of `vectors`."""
        return ((features.double() - self.mean) / self.scale) @ self.vectors

    def predict(self, features: Tensor) -> Tensor:
        """Predictions [B, D] for rows the fit has not seen."""
        return self._predict(self.coordinates(features))

    def leave_one_out(self, features: Tensor, targets: Tensor) -> Tensor:
        """For training rows [B, F] with their targets [B, D]: each row's prediction [B, D] by the
        model fitted to all other rows (with the same standardisation and strength)."""
        return self._leave_one_out(self.coordinates(features), targets.double())

    def without(self, features: Tensor, targets: Tensor, views: Tensor) -> Tensor:
        """For views [B, F] of the training rows [B, F] with their targets [B, D]: each view's
        prediction [B, D] by the model fitted to all rows but its own, as in `leave_one_out`, which
        this equals where the views are the rows."""
        row, view = self.coordinates(features), self.coordinates(views)
        smoothed = row / self._damped
        leverage = ((row * smoothed).sum(1) + 1 / self.count)[:, None]
        # How much the view's prediction owes to the row: its entry of the smoother.
        share = ((view * smoothed).sum(1) + 1 / self.count)[:, None]
        residual = targets.double() - self._predict(row)
        return self._predict(view) - share * residual / (1 - leverage).clamp_min(SMALLEST)

    def _predict(self, z: Tensor) -> Tensor:
        return z @ (self.cross / self._damped[:, None]) + self.target_mean

    def _leave_one_out(self, z: Tensor, targets: Tensor) -> Tensor:
        # A linear smoother's row without itself: (ŷᵢ − hᵢᵢyᵢ) / (1 − hᵢᵢ); the mean's share is 1/N.
        leverage = (z.square() @ self._damped.reciprocal() + 1 / self.count)[:, None]
        return (self._predict(z) - leverage * targets) / (1 - leverage).clamp_min(SMALLEST)

    @property
    def _damped(self) -> Tensor:
        return self.values + self.strength * self.count


def blocks(count: int) -> list[slice]:
    """`count` rows in slices of BLOCK."""
    return [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
