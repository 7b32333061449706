"""What the paper found, asked of our own numbers: computed, and told as it comes out."""

from collections.abc import Sequence
from dataclasses import dataclass

from wnkd_tui.report.rows import Row
from wnkd_tui.report.stats import Epoch


@dataclass(frozen=True)
class Relation:
    """A claim `left > right`; `holds` is None as long as a number is missing."""

    claim: str
    left: float | None
    right: float | None
    digits: int

    @property
    def holds(self) -> bool | None:
        if self.left is None or self.right is None:
            return None
        return self.left > self.right

    @property
    def text(self) -> str:
        """One line: claim, verdict, both numbers."""
        verdict = {True: "holds", False: "does not hold", None: "cannot be said yet"}[self.holds]
        left, right = (
            "-" if value is None else f"{value:.{self.digits}f}"
            for value in (self.left, self.right)
        )
        return f"{self.claim}: {verdict} ({left} against {right})"


def relations(rows: Sequence[Row], epoch: Epoch = "best") -> list[Relation]:
    """The paper's findings for rows of one table, each on the first row of its text mix."""

    def accuracy(wn: int, noise: int) -> float | None:
        row = _of_mix(rows, wn, noise)
        stat = row.accuracy("tx_val", epoch) if row else None
        return stat.mean if stat else None

    def share(name: str, wn: int, noise: int) -> float | None:
        row = _of_mix(rows, wn, noise)
        stat = getattr(row, name) if row else None
        return stat.mean if stat else None

    return [
        Relation(
            "T_x on validation is higher with 100 % gt than with 100 % wn",
            accuracy(0, 0),
            accuracy(100, 0),
            2,
        ),
        Relation(
            "T_x looks more at the image with 100 % wn than with 100 % gt (image share)",
            share("image_share", 100, 0),
            share("image_share", 0, 0),
            3,
        ),
        Relation(
            "T_x looks more at the text with 100 % wn than with 100 % noise (text share)",
            share("text_share", 100, 0),
            share("text_share", 0, 100),
            3,
        ),
    ]


def _of_mix(rows: Sequence[Row], wn: int, noise: int) -> Row | None:
    return next((r for r in rows if r.tx and (r.tx.wn, r.tx.noise) == (wn, noise)), None)
