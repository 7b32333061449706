"""What a report says before it has a form: tables as sheets, charts as figures.

`terminal`, `files` and `picture` each give them their forms; none of them knows what a trial is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from wnkd_tui.report.stats import Stat

# best and second: first and second of a column (of a row in Table 1). tied: not told apart, since
# the 95 % interval of a paired difference holds 0: that to the best one, or the cell's own. apart:
# not ranked, since what stands together is not of the same seeds.
Rank = Literal["", "best", "second", "tied", "apart"]
# What stands behind a number, also where there is neither bold nor underline; notes explain them.
MARKS: Mapping[Rank, str] = {"best": "*", "second": "+", "tied": "~"}


@dataclass(frozen=True)
class Cell:
    """A text, or a number over seeds with its digits; `paper` is the paper's own value beside it.

    `stat` may be a `Difference`, which tells its interval where a Stat tells its spread. An empty
    cell has neither text nor stat: nobody measured it.
    """

    text: str = ""
    stat: Stat | None = None
    digits: int = 2
    rank: Rank = ""
    paper: float | None = None

    def shown(self, *, between: str = " ", empty: str = "-") -> str:
        """`97.22* ± 0.31 (3)`, `+0.41~ ± 0.50`, or the text; the paper's value is not in it."""
        if self.stat:
            return self.stat.text(self.digits, between=between, mark=MARKS.get(self.rank, ""))
        return self.text or empty


@dataclass(frozen=True)
class Column:
    """`key` names the column in files for machines, `title` on paper."""

    key: str
    title: str
    number: bool = True


@dataclass(frozen=True)
class Sheet:
    """One table. `label` is its place in the paper (`Table 2`), `caption` all that its numbers
    depend on, `notes` what a reader must know, one sentence each."""

    label: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Point:
    """One sign of a scatter: both of its numbers are over seeds."""

    name: str
    x: Stat
    y: Stat


@dataclass(frozen=True)
class Line:
    """`points`: x → number over seeds, for those x that have one; of a scatter `cloud` instead."""

    name: str
    points: Mapping[float, Stat] = field(default_factory=dict)
    paper: Mapping[float, float] = field(default_factory=dict)
    cloud: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Figure:
    """One chart: lines over x, stacked bars at each x, or a scatter. `ticks` names places on the x
    axis; none where they are its own numbers."""

    label: str
    caption: str
    kind: Literal["lines", "stacked", "scatter"]
    x_label: str
    y_label: str
    ticks: Mapping[float, str]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
