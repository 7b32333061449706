"""The theme's colours of a chart's series."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle

from rich.color import Color
from rich.style import Style
from rich.text import Span, Text

from wnkd_tui.report.columns import TITLES
from wnkd_tui.report.sheet import Figure

# What a report's line is about → the theme's colour; others take turns.
_INKS = {
    TITLES["tx_val"]: "teacher",
    TITLES["student_alone"]: "state-waiting",
    TITLES["student_tx"]: "student",
    TITLES["student_tmtx"]: "student-both",
    "image": "student",
    "text": "teacher",
}
_OTHER_INKS = (
    "state-paused",
    "state-lost",
    "state-failed",
    "student",
    "teacher",
    "student-both",
    "state-waiting",
    "faint",
)


def inks_of(figure: Figure, inks: Mapping[str, str]) -> Iterator[str]:
    """The colour of each series of a report's figure, in the order in which they are drawn."""
    others = cycle(_OTHER_INKS)
    for line in figure.lines:
        if line.points or line.cloud:
            yield inks[_INKS.get(line.name) or next(others)]
        if line.paper:
            yield inks["faint"]


def inked(text: Text, inks: Sequence[str]) -> Text:
    """A chart in the theme's colours: its legend comes first and names the series in order, so the
    nth colour met is the nth series'."""
    met: dict[Color, str] = {}
    left = iter(inks)
    for index, span in enumerate(text.spans):
        if not isinstance(span.style, Style) or span.style.color is None:
            continue
        colour = span.style.color
        if colour not in met and not colour.is_default and (ink := next(left, None)):
            met[colour] = ink
        if colour in met:
            text.spans[index] = Span(span.start, span.end, span.style + Style(color=met[colour]))
    return text
