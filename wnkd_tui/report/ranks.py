"""First and second of numbers that stand together, and which of them are not told apart."""

from collections.abc import Sequence

from wnkd_tui.report.sheet import Rank
from wnkd_tui.report.stats import Difference, Stat, difference


def ranked(stats: Sequence[Stat | None], digits: int = 2) -> list[Rank]:
    """A rank for each of `stats`, of which the highest mean is best.

    Means that look equal rank equally, and one value alone has no best. Whatever a paired
    difference does not tell from the best is tied with it, and neither second nor beaten. What one
    seed does to a mean is more than what is compared: means over different seeds are not ranked.
    """
    means = [f"{stat.mean:.{digits}f}" if stat else None for stat in stats]
    order = sorted({mean for mean in means if mean}, key=float, reverse=True)
    if len(order) < 2:
        return [""] * len(stats)
    if len({frozenset(stat.values) for stat in stats if stat}) > 1:
        return ["apart" if stat else "" for stat in stats]
    best = stats[means.index(order[0])]

    def rank(stat: Stat | None, mean: str | None) -> Rank:
        if mean == order[0]:
            return "best"
        if untold(difference(best, stat)):
            return "tied"
        return "second" if mean == order[1] else ""

    return [rank(stat, mean) for stat, mean in zip(stats, means, strict=True)]


def untold(gap: Difference | None) -> bool:
    """Whether a difference has an interval and 0 is in it."""
    return gap is not None and gap.half is not None and not gap.certain
