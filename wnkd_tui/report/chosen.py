"""Trials that a person chose by id, each with all its seeds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import SpecError
from engine.spec import TrialSpec
from wnkd_tui.report.captions import spec_labels
from wnkd_tui.report.rows import Figures, over_classes, over_seeds
from wnkd_tui.report.stats import Epoch, Stat
from wnkd_tui.store.rows import ResultRow, TrialRow

BareSpec = tuple[Any, ...]  # what `but_seed` gives


@dataclass(frozen=True)
class Chosen:
    """`found`: kind of job → seed → figures, the newest of each seed."""

    id: int
    spec: TrialSpec
    found: Mapping[str, Mapping[int, Figures]]

    @property
    def label(self) -> str:
        return f"trial {self.id}"

    @property
    def title(self) -> str:
        return f"{self.label}: {self.spec.name}"

    def parts(self, kind: str) -> list[str]:
        """What the numbers of the trial's job of this kind depend on."""
        sizes = next(iter(self.found.get("student", {}).values()), {})
        return spec_labels(self.spec, kind, sizes.get("train_n"), sizes.get("val_n"))

    @property
    def about(self) -> str:
        """`trial 3: T_x,(img, 100%gt) S_s · recipe demo · wordnet-graph (a stand-in, not CLIP)`."""
        return " · ".join([self.title, *self.parts("T_x")])

    def top1(self, kind: str, epoch: Epoch) -> Stat | None:
        return over_seeds(self.found.get(kind, {}), epoch, "val_top1")

    def of_class(self, number: int, epoch: Epoch) -> Stat | None:
        """The student's accuracy on one class, in percent."""
        return over_classes(self.found.get("student", {}), epoch, [number])


def choose(results: Iterable[ResultRow], trials: Sequence[TrialRow]) -> list[Chosen]:
    """The trials with what was measured for any of their seeds.

    Raises SpecError where they are of different datasets: their numbers say nothing of each other.
    """
    datasets = list(dict.fromkeys(trial.dataset for trial in trials))
    if len(datasets) > 1:
        raise SpecError(f"trials of {' and '.join(datasets)}: only one dataset's can be compared")
    found = by_trial(results)
    return [Chosen(one.id, one.spec, found.get(but_seed(one.spec), {})) for one in trials]


def by_trial(results: Iterable[ResultRow]) -> dict[BareSpec, dict[str, dict[int, Figures]]]:
    """What was measured, as `Chosen.found`, by trial without its seed."""
    found: dict[BareSpec, dict[str, dict[int, Figures]]] = {}
    for one in sorted(results, key=lambda one: one.job):
        kinds = found.setdefault(but_seed(one.spec), defaultdict(dict))
        kinds[one.kind][one.spec.seed] = one.result
    return found


def but_seed(spec: TrialSpec) -> BareSpec:
    """All that a trial is, its seed left out."""
    return (
        spec.tx,
        spec.teachers,
        spec.changes,
        spec.method,
        spec.dataset,
        spec.recipe,
        spec.limit_train,
    )
