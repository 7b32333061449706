"""Sheets and figures for a terminal: tables that fit its width, charts of characters."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from wnkd_tui.charts import Drawing, Look, Series, bar_drawing, line_drawing
from wnkd_tui.report.grid import BETWEEN, broken, grid
from wnkd_tui.report.sheet import Cell, Figure, Sheet
from wnkd_tui.report.stats import Stat

_STYLES = {"best": "bold", "second": "underline"}


def render(parts: Iterable[Sheet | Figure], look: Look) -> RenderableType:
    """One after the other; what shares label and caption has one heading, and its notes once."""
    shown: list[RenderableType] = []
    for (label, caption), group in groupby(parts, key=lambda part: (part.label, part.caption)):
        alike = list(group)
        shown += [Text(f"{label} · {caption}", style="bold"), Text("")]
        for part in alike:
            shown += [
                Text.from_ansi(chart(part, look))
                if isinstance(part, Figure)
                else Fitting(part, look.unicode),
                Text(""),
            ]
        notes = dict.fromkeys(note for part in alike for note in part.notes)
        if notes:
            shown += [Text("\n".join(notes), style="dim"), Text("")]
    return Group(*shown)


def chart(figure: Figure, look: Look) -> str:
    """ANSI text."""
    return drawing(figure, look).text


def drawing(figure: Figure, look: Look) -> Drawing:
    """Error bars are the spread over seeds; the paper's points are a series of their own."""
    if figure.kind == "stacked":
        places = bars(figure)
        return bar_drawing(
            [figure.ticks[x] for x in places],
            [Series(one.name, [one.points[x].mean for x in places]) for one in figure.lines],
            look,
            title=figure.label,
            y_label=figure.y_label,
        )
    if figure.kind == "scatter":
        what = f"{figure.y_label}, over {figure.x_label}"
        return line_drawing(_scattered(figure), look, title=figure.label, y_label=what)
    return line_drawing(
        _lines(figure), look, title=figure.label, y_label=figure.y_label, ticks=figure.ticks or None
    )


def bars(figure: Figure) -> list[float]:
    """The x of each bar: where every part is known."""
    return [x for x in sorted(figure.ticks) if all(x in one.points for one in figure.lines)]


def _lines(figure: Figure) -> list[Series]:
    drawn = []
    for one in figure.lines:
        xs = sorted(one.points)
        low, high = _ends([one.points[x] for x in xs])
        drawn.append(Series(one.name, [one.points[x].mean for x in xs], xs, low, high))
        xs = sorted(one.paper)
        drawn.append(Series(f"{one.name}, paper", [one.paper[x] for x in xs], xs))
    return drawn


def _scattered(figure: Figure) -> list[Series]:
    return [
        Series(
            one.name,
            [point.y.mean for point in one.cloud],
            [point.x.mean for point in one.cloud],
            *_ends([point.y for point in one.cloud]),
            *_ends([point.x for point in one.cloud]),
            joined=False,
        )
        for one in figure.lines
    ]


def _ends(stats: Sequence[Stat]) -> tuple[list[float], list[float]]:
    return (
        [stat.mean - (stat.sd or 0.0) for stat in stats],
        [stat.mean + (stat.sd or 0.0) for stat in stats],
    )


@dataclass(frozen=True)
class Fitting:
    """A sheet's table: numbers in one line where there is room, in two where there is not, and the
    columns one part below the other where even that is too wide."""

    sheet: Sheet
    unicode: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        every = range(len(self.sheet.columns))
        if _width(self._needed(i, compact=False) for i in every) <= options.max_width:
            yield self._table(every, compact=False)
            return
        for place, part in enumerate(self._parts(options.max_width)):
            if place:
                yield Text("")
            yield self._table(part, compact=True)

    def _parts(self, width: int) -> Iterator[Sequence[int]]:
        """The columns of each part: all texts, and as many numbers as fit beside them."""
        needed = [self._needed(i, compact=True) for i in range(len(self.sheet.columns))]
        texts = [i for i, column in enumerate(self.sheet.columns) if not column.number]
        part = list(texts)
        for i in range(len(texts), len(self.sheet.columns)):
            if len(part) > len(texts) and _width(needed[j] for j in (*part, i)) > width:
                yield part
                part = list(texts)
            part.append(i)
        yield part

    def _needed(self, i: int, *, compact: bool) -> int:
        """Cells that a column needs; a compact table may break its texts at every space."""
        column = self.sheet.columns[i]
        said = [broken(column.title) if compact else column.title]
        said += [_text(row[i], "\n" if compact else " ").plain for row in self.sheet.rows]
        breaks = compact and not column.number
        pieces = (piece for one in said for piece in (one.split() if breaks else one.split("\n")))
        return max(map(cell_len, pieces), default=0)

    def _table(self, columns: Sequence[int], *, compact: bool) -> Table:
        heads = [self.sheet.columns[i] for i in columns]
        table = grid(
            [head.title for head in heads if not head.number],
            [head.title for head in heads if head.number],
            unicode=self.unicode,
            compact=compact,
        )
        for row in self.sheet.rows:
            table.add_row(*(_text(row[i], "\n" if compact else " ") for i in columns))
        return table


def _width(columns: Iterable[int]) -> int:
    """Cells that columns of such widths need side by side."""
    return sum(needed + BETWEEN for needed in columns) - 1


def _text(cell: Cell, between: str) -> Text:
    """Ours with its mark, and the paper's number below it where there is one."""
    text = Text()
    text.append(cell.shown(between=between), style=_STYLES.get(cell.rank, ""))
    if cell.paper is not None:
        text.append(f"\npaper {cell.paper:.{cell.digits}f}", style="dim")
    return text
