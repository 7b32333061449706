"""Columns share the width of a table: each has its own, some grow, and some appear only where
there is room. What a line of them looks like."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

Row = TypeVar("Row")
GAP = 2  # cells between two columns
_WIDE = 110


@dataclass(frozen=True)
class Column(Generic[Row]):
    """`cell(row, width)` draws one cell, `width` cells wide (`wide` in a table of 110 or more).

    `grow` is its share of spare width, `room` the table width from which it is there at all;
    `field` is what the list is sorted by when its head is clicked.
    """

    title: str
    cell: Callable[[Row, int], Text]
    width: int
    wide: int = 0
    grow: int = 0
    room: int = 0
    right: bool = False
    field: str = ""

    def least(self, total: int) -> int:
        return self.wide if self.wide and total >= _WIDE else self.width

    def head(self, width: int, order: tuple[str, bool]) -> Text:
        """Its title, with an arrow where the list is sorted by it; `order`: the field, and
        whether the greatest come first."""
        by, down = order
        arrow = ("▼" if down else "▲") if self.field and self.field == by else ""
        return Text(self.title[: max(0, width - len(arrow))] + arrow)


Fitted = Sequence[tuple[Column[Row], int]]


def fit(columns: Sequence[Column[Row]], total: int) -> Fitted[Row]:
    """The columns shown in `total` cells, each with its width; gaps of two cells between."""
    shown = [column for column in columns if column.room <= total]
    spare = total - sum(c.least(total) for c in shown) - GAP * (len(shown) - 1)
    shares = sum(c.grow for c in shown)
    out = []
    for column in shown:
        extra = spare * column.grow // shares if shares and spare > 0 else 0
        out.append((column, column.least(total) + extra))
    return out


def column_at(fitted: Fitted[Row], x: int) -> Column[Row] | None:
    """The column at cell `x` of a line; None in a gap and behind the last one."""
    for column, width in fitted:
        if 0 <= x < width:
            return column
        x -= width + GAP
    return None


def line(
    cells: Iterable[Text], fitted: Fitted[Any], style: Style, console: Console
) -> list[Segment]:
    """The cells side by side, cut or padded to their widths."""
    segments: list[Segment] = []
    for text, (column, width) in zip(cells, fitted, strict=True):
        if segments:
            segments.append(Segment(" " * GAP, style))
        segments += _drawn(text, width, column.right, style, console)
    return list(Segment.simplify(segments))


def _drawn(
    text: Text, width: int, right: bool, style: Style, console: Console
) -> Iterable[Segment]:
    style += console.get_style(text.style)
    if not text.spans and text.plain.isascii() and len(text) <= width:  # most cells
        words = text.plain.rjust(width) if right else text.plain.ljust(width)
        return [Segment(words, style)]
    text = text.copy()
    text.truncate(width, overflow="ellipsis")
    text.align("right" if right else "left", width)
    if not text.spans:  # of such a text rich renders no style
        return [Segment(text.plain, style)]
    return [
        Segment(words, style + own if own else style)
        for words, own, _ in text.render(console, end="")
    ]
