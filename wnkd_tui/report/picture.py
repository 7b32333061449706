"""Figures as PNG or SVG files, by matplotlib, which the extra `plots` brings.

The same figures give the same bytes with the same matplotlib: no date, no random ids.
"""

import textwrap
from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.durable import replacing
from engine.errors import SpecError
from wnkd_tui.report.sheet import Figure
from wnkd_tui.report.stats import Stat

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Kind = Literal["png", "svg"]

WIDTH, HEIGHT = 7.0, 4.2  # inches, of one figure
CAPTION_WIDTH = 104  # characters a line, of small type
DOTS = 200  # per inch
INK, FAINT = "#222222", "#666666"
# Okabe & Ito 2008, distinct to colour-blind eyes; markers tell series apart without colour.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#888888")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
MOST_MARKERS = 40  # of a line; more would be one broad line
STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.fonttype": "none",  # text stays text: small files that can be searched and edited
    "svg.hashsalt": "wnkd",
}
METADATA: dict[Kind, dict[str, str | None]] = {
    "png": {"Software": "wnkd"},
    "svg": {"Creator": "wnkd", "Date": None},
}


def draw(figures: Sequence[Figure], path: Path, kind: Kind) -> None:
    """Draws the figures, one below the other, into the file `path`, whole or not at all.

    Raises SpecError where matplotlib is missing or the file cannot be written.
    """
    try:
        import matplotlib  # an extra
        from matplotlib.figure import Figure as Canvas
    except ImportError:
        raise SpecError("pictures need matplotlib: pip install 'wnkd-tui[plots]'") from None
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever a person's own style is
        matplotlib.rcParams.update(STYLE)
        canvas = Canvas(figsize=(WIDTH, HEIGHT * len(figures)), layout="constrained")
        panels = canvas.subfigures(len(figures), 1, squeeze=False)[:, 0]
        for figure, panel in zip(figures, panels, strict=True):
            axes = panel.subplots()
            _drawn(axes, figure)
            panel.supxlabel(_wrapped(" ".join(figure.notes)), fontsize=7, color=FAINT)
        try:
            with replacing(path) as file:
                canvas.savefig(file, format=kind, dpi=DOTS, metadata=METADATA[kind])
        except OSError as error:
            raise SpecError(f"cannot write {path}: {error.strerror}") from None


def _drawn(axes: "Axes", figure: Figure) -> None:
    """Label in bold, caption below it, the data, and a legend that hides none of it."""
    caption = _wrapped(figure.caption)
    axes.set_title(caption, loc="left", fontsize=7.5, color=FAINT)
    axes.annotate(
        figure.label,
        (0, 1),
        xytext=(0, 10 + 11 * (caption.count("\n") + 1)),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=11,
        fontweight="bold",
        annotation_clip=False,
    )
    draw = {"stacked": _stacked, "scatter": _scattered, "lines": _lines}[figure.kind]
    handles = draw(axes, figure)
    axes.set_xlabel(figure.x_label)
    axes.set_ylabel(figure.y_label)
    if figure.ticks:
        places = sorted(figure.ticks)
        axes.set_xticks(places, [figure.ticks[place] for place in places])
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)


def _lines(axes: "Axes", figure: Figure) -> list[Any]:
    """Means with their spread over seeds; the paper's values as open markers, dotted.

    Returns the legend's handles, in order.
    """
    handles: list[Any] = []
    for place, line in enumerate(figure.lines):
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        xs = sorted(line.points)
        drawn = axes.errorbar(
            xs,
            [line.points[x].mean for x in xs],
            yerr=_spreads([line.points[x] for x in xs]),
            color=colour,
            marker=marker if len(xs) <= MOST_MARKERS else "",
            markersize=4.5,
            linewidth=1.3,
            capsize=2.5,
            elinewidth=0.9,
            label=line.name,
        )
        handles.append(drawn)
        if line.paper:
            handles += axes.plot(
                sorted(line.paper),
                [line.paper[x] for x in sorted(line.paper)],
                color=colour,
                marker=marker,
                markersize=4.5,
                markerfacecolor="white",
                linestyle=":",
                linewidth=1.0,
                label=f"{line.name}, paper",
            )
    return handles


def _scattered(axes: "Axes", figure: Figure) -> list[Any]:
    """A sign for each point with its spread both ways. Returns as `_lines`."""
    axes.axhline(0.0, color=FAINT, linewidth=0.8, linestyle=":")
    return [
        axes.errorbar(
            [point.x.mean for point in line.cloud],
            [point.y.mean for point in line.cloud],
            xerr=_spreads([point.x for point in line.cloud]),
            yerr=_spreads([point.y for point in line.cloud]),
            fmt=MARKERS[place % len(MARKERS)],
            color=COLOURS[place % len(COLOURS)],
            markersize=4.5,
            capsize=2.5,
            elinewidth=0.9,
            label=line.name,
        )
        for place, line in enumerate(figure.lines)
    ]


def _stacked(axes: "Axes", figure: Figure) -> list[Any]:
    """One bar for each x that all parts have, its parts one upon the other. Returns as `_lines`."""
    handles: list[Any] = []
    places = [x for x in sorted(figure.ticks) if all(x in line.points for line in figure.lines)]
    below = [0.0] * len(places)
    for number, line in enumerate(figure.lines):
        heights = [line.points[x].mean for x in places]
        drawn = axes.bar(
            places,
            heights,
            bottom=below,
            width=0.7,
            color=COLOURS[number % len(COLOURS)],
            edgecolor="white",
            hatch=("", "//", "..", "xx")[number % 4],
            label=line.name,
        )
        handles.append(drawn)
        below = [low + height for low, height in zip(below, heights, strict=True)]
        if number < len(figure.lines) - 1:  # the last part's spread is that of the others
            spreads = _spreads([line.points[x] for x in places])
            axes.errorbar(
                places, below, yerr=spreads, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2.5
            )
    return handles


def _spreads(stats: Sequence[Stat]) -> list[float] | None:
    """The length of each error bar; one seed has none, which is not one of length 0."""
    if all(stat.sd is None for stat in stats):
        return None
    return [nan if stat.sd is None else stat.sd for stat in stats]


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, CAPTION_WIDTH))
