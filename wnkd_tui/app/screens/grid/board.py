"""How the grid's places stand on the screen: modalities below or beside each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.spec import Modality
from wnkd_tui.app.screens.grid.paint import line_label, mix_label
from wnkd_tui.app.screens.grid.places import MIXES, Kind, Layout, Line, Place

SEES = {Modality.IMG_TEXT: "img, text", Modality.TEXT: "text", Modality.IMG: "img"}


@dataclass(frozen=True)
class Board:
    """`places` by row and column; None where there is nothing, such as a mix without text."""

    labels: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    places: tuple[tuple[Place | None, ...], ...] = ()

    def find(self, place: Place | None) -> tuple[int, int] | None:
        """The row and column of `place`."""
        return next((at for at, one in self if one == place), None) if place else None

    def __iter__(self) -> Iterator[tuple[tuple[int, int], Place | None]]:
        for row, places in enumerate(self.places):
            for column, place in enumerate(places):
                yield (row, column), place


def board(layout: Layout, lines: Sequence[Line], *, beside: bool) -> Board:
    """A row for each line; `beside`: one for each mix, with columns for each modality."""
    modalities = tuple(dict.fromkeys(line.modality for line in lines))
    several = len(modalities) > 1
    if not (several and beside):
        labels = tuple(line_label(layout, line, several=several) for line in lines)
        rows = tuple(tuple((line, title) for title in layout.columns) for line in lines)
        return Board(labels, tuple(layout.columns), rows)
    there, first = set(lines), modalities[0]
    columns = [
        (modality, title)
        for modality in modalities
        for title, kind in layout.columns.items()
        if modality is first or _reads(kind)
    ]
    columns.sort(key=lambda one: _reads(layout.columns[one[1]]))  # S_s is of no modality
    dataset = lines[0].dataset

    def place(title: str, line: Line) -> Place | None:
        return (line, title) if line in there else None

    return Board(
        tuple(mix_label(mix) for mix in MIXES),
        tuple(
            f"({SEES[modality]})\n{title}" if _reads(layout.columns[title]) else f"\n{title}"
            for modality, title in columns
        ),
        tuple(
            tuple(place(title, Line(dataset, mix, modality)) for modality, title in columns)
            for mix in MIXES
        ),
    )


def _reads(kind: Kind) -> bool:
    """Whether a column depends on what T_x sees."""
    return kind.teachers is None or kind.teachers.multimodal
