"""Sample images of a dataset on a terminal that can show them."""

from collections.abc import Sequence

from rich.console import Console

from wnkd_tui.cli.output import has_unicode
from wnkd_tui.pictures import HEIGHT, Sample, in_a_line, lines

BELOW = 6  # lines of a screen that are left for what stands around the pictures


def can_show(out: Console) -> bool:
    """Whether `out` is a terminal with colours and the sign that pictures are made of."""
    return out.is_terminal and out.color_system is not None and has_unicode(out)


def fitting(out: Console) -> int:
    """How many images fit on one screen, at least a line of them."""
    return in_a_line(out.width) * max(1, (out.height - BELOW) // HEIGHT)


def show(shown: Sequence[Sample], out: Console) -> None:
    """Prints the images, each above its class's name."""
    for line in lines(shown, out.width):
        out.print(line)
