"""What the paper found, asked of our own numbers: computed, and told as it comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from wnkd_tui.report.rows import Row
from wnkd_tui.report.stats import Difference, Epoch, Stat, difference


@dataclass(frozen=True)
class Relation:
    """A claim `left > right`, of seeds in pairs where there are several."""

    claim: str
    left: Stat | None
    right: Stat | None
    digits: int

    @cached_property
    def gap(self) -> Difference | None:
        return difference(self.left, self.right)

    @property
    def holds(self) -> bool | None:
        """None as long as a number is missing or the interval of the difference holds 0; one seed
        is taken by its numbers alone."""
        if self.gap is None or (self.gap.half is not None and not self.gap.certain):
            return None
        return self.gap.mean > 0

    @property
    def text(self) -> str:
        """One line: claim, verdict, both numbers, and how sure it is."""
        unsaid = "not told apart" if self.gap else "cannot be said yet"
        verdict = {True: "holds", False: "does not hold", None: unsaid}[self.holds]
        left, right = (
            "-" if stat is None else f"{stat.mean:.{self.digits}f}"
            for stat in (self.left, self.right)
        )
        return f"{self.claim}: {verdict} ({left} against {right}{self._sure()})"

    def _sure(self) -> str:
        if self.left is None or self.right is None:
            return ""
        if self.gap is None:
            return "; no seed in common"
        if self.gap.half is None:
            return "; one seed: no interval"
        return f"; {self.gap.text(self.digits)}, {self.gap.n} paired seeds"


def relations(rows: Sequence[Row], epoch: Epoch = "best") -> list[Relation]:
    """The paper's findings for rows of one table, each on the first row of its text mix."""
    wn, gt, noise = (_of_mix(rows, *mix) for mix in ((100, 0), (0, 0), (0, 100)))

    def accuracy(row: Row | None) -> Stat | None:
        return row.accuracy("tx_val", epoch) if row else None

    return [
        Relation(
            "T_x on validation is higher with 100 % gt than with 100 % wn",
            accuracy(gt),
            accuracy(wn),
            2,
        ),
        Relation(
            "T_x looks more at the image with 100 % wn than with 100 % gt (image share)",
            wn.image_share if wn else None,
            gt.image_share if gt else None,
            3,
        ),
        Relation(
            "T_x looks more at the text with 100 % wn than with 100 % noise (text share)",
            wn.text_share if wn else None,
            noise.text_share if noise else None,
            3,
        ),
    ]


def _of_mix(rows: Sequence[Row], wn: int, noise: int) -> Row | None:
    return next((r for r in rows if r.tx and (r.tx.wn, r.tx.noise) == (wn, noise)), None)
