"""What the grid's lines and columns are, and which trials stand at a place. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from engine.changes import Changes
from engine.recipe import load_recipe, settled
from engine.spec import Method, Modality, MultimodalSpec, Teachers, TrialSpec
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.wording import Mix


class Line(NamedTuple):
    """What T_x sees of which dataset's samples."""

    dataset: str
    mix: Mix
    modality: Modality = Modality.IMG_TEXT


Place = tuple[Line, str]  # a line and the title of a column

# The paper's rows, in its order.
MIXES: tuple[Mix, ...] = (
    (100, 0),
    (80, 0),
    (50, 0),
    (20, 0),
    (0, 0),
    (0, 20),
    (0, 50),
    (0, 80),
    (0, 100),
)
ALL_WN: Mix = (100, 0)


@dataclass(frozen=True)
class Kind:
    """A column: who teaches the student, and how. None: the column is about T_x itself."""

    teachers: Teachers | None
    method: Method = Method.KD


@dataclass(frozen=True)
class Layout:
    """One of the paper's tables: `columns` by title, and whether its lines are datasets."""

    name: str
    columns: Mapping[str, Kind]
    by_dataset: bool = False


PROPORTIONS = Layout(
    "Table 2, text mixes",
    {
        "T_x": Kind(None),
        "S_s": Kind(Teachers.NONE),
        "T_x S_s": Kind(Teachers.TX),
        "T_m T_x S_s": Kind(Teachers.TM_TX),
    },
)
METHODS = Layout(
    "Table 1, methods",
    {
        "T_m T_x 100%wn": Kind(Teachers.TM_TX),
        "T_1s T_2w T_3s": Kind(Teachers.ENSEMBLE),
        "Z-score T_m": Kind(Teachers.TM, Method.ZSCORE),
        "LFME": Kind(Teachers.NONE, Method.LFME),
    },
    by_dataset=True,
)
LAYOUTS = (PROPORTIONS, METHODS)


@dataclass(frozen=True)
class Basis:
    """What all cells of a grid share. `changes` to the recipe are in their one form."""

    dataset: str
    recipe: str
    encoder: str
    modalities: tuple[Modality, ...]
    seeds: tuple[int, ...]
    limit_train: int | None
    changes: Changes = ()

    def tx(self, line: Line) -> MultimodalSpec:
        return MultimodalSpec(self.encoder, line.modality, *line.mix)

    def spec(self, line: Line, kind: Kind, teachers: Teachers, seed: int) -> TrialSpec:
        """The trial as it is stored; `teachers` are the kind's, or of a student of its T_x."""
        return TrialSpec(
            line.dataset,
            self.recipe,
            teachers,
            self.tx(line) if teachers.multimodal else None,
            seed,
            self.limit_train,
            kind.method,
            _settled(self.recipe, line.dataset, self.changes),
        )

    def specs(self, line: Line, kind: Kind, seed: int) -> list[TrialSpec]:
        """The trials of which each says what stands at a place; of T_x any of its students'."""
        each = (Teachers.TX, Teachers.TM_TX) if kind.teachers is None else (kind.teachers,)
        return [self.spec(line, kind, teachers, seed) for teachers in each]


@cache
def _settled(recipe: str, dataset: str, changes: Changes) -> Changes:
    return settled(load_recipe(recipe, dataset), changes)


def lines_of(layout: Layout, basis: Basis, datasets: Sequence[str]) -> tuple[Line, ...]:
    """A line for every dataset, or for every text mix; without text there is nothing to mix."""
    if layout.by_dataset:
        return tuple(Line(name, ALL_WN, basis.modalities[0]) for name in datasets)
    return tuple(
        Line(basis.dataset, mix, modality)
        for modality in basis.modalities
        for mix in (((0, 0),) if modality is Modality.IMG else MIXES)
    )


def requests(layout: Layout, basis: Basis, marked: Iterable[Place]) -> list[TrialRequest]:
    """The marked cells as requests, one for each dataset, modality and kind of student."""
    lines: dict[tuple[str, Modality, str], list[Line]] = {}
    for line, column in sorted(marked):
        lines.setdefault((line.dataset, line.modality, column), []).append(line)
    return [
        request_of(basis, layout.columns[column], of_column)
        for (_, _, column), of_column in lines.items()
    ]


def request_of(basis: Basis, kind: Kind, lines: Sequence[Line]) -> TrialRequest:
    """Of one dataset and modality. T_x comes with any student that it teaches, so the column of T_x
    asks for one of those."""
    return TrialRequest(
        mixes=tuple(line.mix for line in lines),
        teachers=(kind.teachers or Teachers.TX,),
        recipe=basis.recipe,
        seeds=basis.seeds,
        dataset=lines[0].dataset,
        encoder=basis.encoder,
        modality=lines[0].modality,
        limit_train=basis.limit_train,
        method=kind.method,
        changes=basis.changes,
    )
