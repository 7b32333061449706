"""Sheets are put together column by column: a column with one cell for each row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from wnkd_tui.report.ranks import ranked, untold
from wnkd_tui.report.rows import Row
from wnkd_tui.report.sheet import Cell, Column, Rank, Sheet
from wnkd_tui.report.stats import Difference, Epoch, Shown, Stat

Filled = tuple[Column, list[Cell]]
OfEpoch = Callable[[str, str, Epoch], Filled]  # of a key and a title


def epochs(shown: Shown) -> tuple[Epoch, ...]:
    return ("best", "last") if shown == "both" else (shown,)


def texts(key: str, title: str, values: Iterable[str]) -> Filled:
    return Column(key, title, number=False), [Cell(value) for value in values]


def numbers(
    key: str,
    title: str,
    stats: Sequence[Stat | None],
    *,
    digits: int = 2,
    rank: bool = False,
    papers: Sequence[float | None] = (),
) -> Filled:
    """`rank` marks the best of the column; `papers` are the paper's values, where it has them."""
    ranks: Sequence[Rank] = ranked(stats, digits) if rank else [""] * len(stats)
    theirs = papers or [None] * len(stats)
    return Column(key, title), [
        Cell(stat=stat, digits=digits, rank=place, paper=paper)
        for stat, place, paper in zip(stats, ranks, theirs, strict=True)
    ]


def differences(
    key: str, title: str, gaps: Iterable[Difference | None], *, digits: int = 2
) -> Filled:
    return Column(key, title), [
        Cell(stat=gap, digits=digits, rank="tied" if untold(gap) else "") for gap in gaps
    ]


def by_epoch(shown: Shown, key: str, title: str, column: OfEpoch) -> list[Filled]:
    """The column for every epoch that is shown; with both, key and title say which it is."""
    if shown != "both":
        return [column(key, title, shown)]
    return [column(f"{key}_{epoch}", f"{title} {epoch}", epoch) for epoch in epochs(shown)]


def accuracies(
    rows: Sequence[Row],
    name: str,
    title: str,
    shown: Shown,
    *,
    key: str = "",
    rank: bool = False,
    papers: Sequence[float | None] = (),
) -> list[Filled]:
    """A row's column `name`, with the paper's values beside it; `key`, where it has another."""
    return by_epoch(
        shown,
        key or name,
        title,
        lambda key, title, epoch: numbers(
            key,
            title,
            [row.accuracy(name, epoch) for row in rows],
            rank=rank,
            papers=beside(papers, shown, epoch),
        ),
    )


def beside(papers: Sequence[float | None], shown: Shown, epoch: Epoch) -> Sequence[float | None]:
    """The paper's values, which are of the best epoch, for one column of ours."""
    return papers if epoch == "best" or shown == "last" else ()


def ranked_rows(columns: Sequence[Filled]) -> list[Filled]:
    """Ranks along every row instead of along the columns."""
    lines = [
        [
            replace(cell, rank=rank)
            for cell, rank in zip(line, ranked([cell.stat for cell in line]), strict=True)
        ]
        for line in zip(*(cells for _, cells in columns), strict=True)
    ]
    return [(head, [line[i] for line in lines]) for i, (head, _) in enumerate(columns)]


def made(label: str, caption: str, columns: Sequence[Filled], notes: Iterable[str]) -> Sheet:
    """The sheet of these columns; a sentence that two of the notes share is said once."""
    return Sheet(
        label,
        caption,
        tuple(head for head, _ in columns),
        tuple(zip(*(cells for _, cells in columns), strict=True)),
        tuple(dict.fromkeys(notes)),
    )


def stat_json(stat: Stat | None) -> dict[str, Any] | None:
    return stat.to_dict() if stat else None


def gap_json(
    best: Difference | None, last: Difference | None, shown: Shown
) -> dict[str, Any] | None:
    """A difference as an accuracy is told: the chosen epoch in front, both beside it."""
    if best is None or last is None:
        return None
    front = last if shown == "last" else best
    return {**front.to_dict(), "best": best.to_dict(), "last": last.to_dict()}
