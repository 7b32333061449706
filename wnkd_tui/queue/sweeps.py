"""What each of the paper's tables and figures needs: its trials, and no others."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.data.shots import shot_groups
from engine.errors import SpecError
from engine.spec import Method, Modality, Teachers
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.wording import mixes
from wnkd_tui.store.datasets import DatasetRow

PERCENT = (0, 20, 50, 80, 100)
NINE = mixes(PERCENT, PERCENT[1:])
FIGURE_2 = mixes(PERCENT, ())
ALL_WN = mixes((100,), ())
TEXT_UPDATE = "T_x.text_update"


def requests(name: str, base: TrialRequest, dataset: DatasetRow) -> list[TrialRequest]:
    """The requests of the sweep `name`; from `base` come dataset, recipe, seeds, encoder, the size
    of the training split, validation text and changes.

    Raises SpecError for an unknown sweep, and for a change to what the sweep itself varies.
    """
    if name not in SWEEPS:
        raise SpecError(f"unknown sweep {name!r}; known: {', '.join(SWEEPS)}")
    return SWEEPS[name](replace(base, dataset=dataset.name), dataset)


def is_long_tailed(dataset: DatasetRow) -> bool:
    """Whether LFME can learn from it: at least two shot groups have classes."""
    return sum(map(bool, shot_groups(dataset.train_per_class).values())) > 1


def _table1(base: TrialRequest, dataset: DatasetRow) -> list[TrialRequest]:
    """Ours, the three-teacher baseline, Z-score of T_m's logits and, on long-tailed sets, LFME."""
    asked = [
        replace(base, mixes=ALL_WN, teachers=(Teachers.TM_TX,)),
        replace(base, mixes=ALL_WN, teachers=(Teachers.ENSEMBLE,)),
        replace(base, mixes=ALL_WN, teachers=(Teachers.TM,), method=Method.ZSCORE),
    ]
    if is_long_tailed(dataset):
        asked.append(replace(base, mixes=ALL_WN, teachers=(Teachers.NONE,), method=Method.LFME))
    return asked


def _table2(base: TrialRequest, dataset: DatasetRow) -> list[TrialRequest]:
    return [replace(base, mixes=NINE, teachers=(Teachers.NONE, Teachers.TX, Teachers.TM_TX))]


def _table3(base: TrialRequest, dataset: DatasetRow) -> list[TrialRequest]:
    if any(TEXT_UPDATE.endswith(name) for name, _ in base.changes):
        raise SpecError(f"sweep table3 varies {TEXT_UPDATE} itself: leave it out of the changes")
    return [
        replace(
            base,
            mixes=ALL_WN,
            teachers=(Teachers.TM_TX,),
            changes=(*base.changes, (TEXT_UPDATE, value)),
        )
        for value in ("fixed", "learned")
    ]


def _fig2(base: TrialRequest, dataset: DatasetRow) -> list[TrialRequest]:
    teachers = (Teachers.NONE, Teachers.TX)
    return [replace(base, mixes=FIGURE_2, teachers=teachers, modality=Modality.TEXT)]


def _fig3(base: TrialRequest, dataset: DatasetRow) -> list[TrialRequest]:
    return [replace(base, mixes=NINE, teachers=(Teachers.TX,))]


def _leakage(base: TrialRequest, dataset: DatasetRow) -> list[TrialRequest]:
    """Table 2's trials, and a T_x that sees no text at all."""
    return [
        *_table2(base, dataset),
        replace(base, mixes=ALL_WN, teachers=(Teachers.TX,), modality=Modality.IMG),
    ]


SWEEPS: Mapping[str, Callable[[TrialRequest, DatasetRow], list[TrialRequest]]] = {
    "table1": _table1,
    "table2": _table2,
    "table3": _table3,
    "fig2": _fig2,
    "fig3": _fig3,
    "leakage": _leakage,
}
