"""What charts are made of, what a terminal can show of them, and the words around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

COLOURS = (33, 208, 36, 170, 220, 245, 203, 69)  # of the 256; apart to colour-blind eyes as well
SIGNS = {True: "●▲■◆○△□◇", False: "ox+*#@%&"}
LEAST_WIDTH, LEAST_HEIGHT = 24, 8
_LEAST_BODY = 6  # lines that a legend leaves to the chart
_ASCII = str.maketrans(
    {
        **dict.fromkeys("┌┐└┘├┤┬┴┼", "+"),
        "─": "-",
        "│": "|",
        "·": "-",
        "−": "-",
        "–": "-",
        "±": "+-",
        "Δ": "d",
        "…": "~",
        "×": "x",
    }
)


@dataclass(frozen=True)
class Series:
    """A named line of points, or a named part of every bar (`y` alone counts there).

    `low` and `high` are the ends of every point's error bar, `left` and `right` of the one across;
    none where they are empty. Points that are not `joined` are a scatter.
    """

    name: str
    y: Sequence[float]
    x: Sequence[float] = ()
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    left: Sequence[float] = ()
    right: Sequence[float] = ()
    joined: bool = True


@dataclass(frozen=True)
class Look:
    """Where a chart goes: its size in cells, legend and title included, and what can be shown."""

    width: int = 80
    height: int = 20
    colour: bool = True
    unicode: bool = True


@dataclass(frozen=True)
class Drawing:
    """`columns`: x → the cell that shows it, in the `rows` lines from line `top` on."""

    text: str
    top: int = 0
    rows: int = 0
    columns: Mapping[float, int] = field(default_factory=dict)


def colour(place: int) -> int:
    """Of the series at `place`."""
    return COLOURS[place % len(COLOURS)]


def head(title: str, y_label: str, look: Look) -> str:
    return (f"{title} ({y_label})" if y_label else title)[: look.width]


def legend(names: Sequence[str], signs: str, look: Look) -> list[str]:
    """Sign and name of every series, in as many lines as the chart can spare."""
    lines: list[list[str]] = [[]]
    room = look.width
    for place, (name, sign) in enumerate(zip(names, cycle(signs))):
        said = name[: look.width - 2]
        if lines[-1] and room < len(said) + 2:
            lines.append([])
            room = look.width
        room -= len(said) + 5
        paint, stop = (f"\x1b[38;5;{colour(place)}m", "\x1b[0m") if look.colour else ("", "")
        lines[-1].append(f"{paint}{sign}{stop} {said}")
    most = max(1, max(LEAST_HEIGHT, look.height) - 1 - _LEAST_BODY)
    return ["   ".join(line) for line in lines[:most]]


def page(above: Sequence[str], body: str, look: Look) -> str:
    """Title and legend above the chart, with no blanks at the ends of lines."""
    text = "\n".join([*above, *(line.rstrip() for line in body.rstrip("\n").split("\n"))])
    return text if look.unicode else text.translate(_ASCII)


def empty(title: str, look: Look) -> Drawing:
    return Drawing(f"{title}\n(nothing to draw yet)"[: look.width * look.height])
