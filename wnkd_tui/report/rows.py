"""From single results to rows: what was measured alike is averaged over seeds, nothing else is.

A row is one T_x condition: dataset, size of the training split, recipe and changes to it, encoder,
modality, text mix and validation text. A student that reads less than that (one without T_x has
neither encoder nor text, one without image teachers none of their settings) joins every row that
agrees in all that it does read, for the seeds that the row has.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from statistics import fmean
from typing import Any

from engine.changes import Changes, frozen_changes, of_students, of_t_x, telling_changes, text_of
from engine.spec import Modality, MultimodalSpec, TrialSpec
from wnkd_tui.report.columns import ATTRIBUTION, STUDENTS, WITHOUT_TX, column_of
from wnkd_tui.report.stats import Accuracy, Epoch, Stat
from wnkd_tui.store.rows import ResultRow

Figures = Mapping[str, Any]  # what a job found
LARGE_DELTA = 0.05  # a convergence delta above this part of all attribution voids the shares
_Condition = tuple[MultimodalSpec | None, Changes]
_Kinds = dict[TrialSpec, list[ResultRow]]  # by trial without its seed


@dataclass(frozen=True)
class Setting:
    """What must be equal before two students may be compared at all. `changes` to the recipe are
    those that leave T_x as it is; T_x's own make another row."""

    dataset: str
    limit_train: int | None
    recipe: str
    changes: Changes = ()


@dataclass(frozen=True)
class Row:
    """One line of Table 2 and one bar of Figure 3.

    `found`: column → seed → figures, for what was measured. `tx` is None in a row of students that
    no row with a T_x takes. `older` counts results left out because a newer one of the same trial
    and seed exists (a recipe or a dataset was changed in between).
    """

    setting: Setting
    tx: MultimodalSpec | None
    found: Mapping[str, Mapping[int, Figures]]
    tx_changes: Changes = ()
    older: int = 0

    @property
    def name(self) -> str:
        """`T_x,(img, 0%gt 100%wn) · T_x.text_update fixed`."""
        if self.tx is None:
            return "S_s"
        return " · ".join([self.tx.name, *([text_of(self.tx_changes)] if self.tx_changes else [])])

    def trial(self, column: str) -> str:
        """The paper's name of the student in a column: `T_m T_x,(img, 0%gt 100%wn) S_s`."""
        method, teachers = next(kind for kind, name in STUDENTS.items() if name == column)
        spec = TrialSpec("", "", teachers, self.tx if teachers.multimodal else None, method=method)
        changed = self.tx_changes if teachers.multimodal else ()
        return " · ".join([spec.name, *([text_of(changed)] if changed else [])])

    @property
    def changes(self) -> Changes:
        """All changes to the recipe."""
        return frozen_changes((*self.setting.changes, *self.tx_changes))

    @property
    def table(self) -> tuple[Setting, str, str]:
        """Rows with an equal `table` stand in one table and one chart."""
        return (self.setting, *((self.tx.encoder, self.tx.modality.value) if self.tx else ("", "")))

    @property
    def without_tx(self) -> "Row":
        """What of the row needs no T_x."""
        found = {column: seeds for column, seeds in self.found.items() if column in WITHOUT_TX}
        return replace(self, tx=None, tx_changes=(), found=found)

    def stat(self, column: str, *path: str) -> Stat | None:
        """A figure over seeds, such as ("tx_val", "entropy") or ("tx_val", "best", "val_top1");
        None where nobody measured it. Shares are 0 to 1."""
        return over_seeds(self.found.get(column, {}), *path)

    def accuracy(self, column: str, epoch: Epoch) -> Stat | None:
        return self.stat(column, epoch, "val_top1")

    def cell(self, column: str) -> Accuracy | None:
        """Best and last together."""
        best, last = self.accuracy(column, "best"), self.accuracy(column, "last")
        return Accuracy(best, last) if best and last else None

    @property
    def image_share(self) -> Stat | None:
        return self.stat(ATTRIBUTION, "image_share")

    @property
    def text_share(self) -> Stat | None:
        return self.stat(ATTRIBUTION, "text_share")

    @property
    def delta_share(self) -> Stat | None:
        return self.stat(ATTRIBUTION, "delta_share")

    @property
    def is_void(self) -> bool:
        """Whether the convergence delta is too large for the shares to mean anything."""
        return self.delta_share is not None and self.delta_share.mean > LARGE_DELTA

    @cached_property
    def train_n(self) -> int | None:
        return self._size("train_n")

    @cached_property
    def val_n(self) -> int | None:
        return self._size("val_n")

    @cached_property
    def samples(self) -> int | None:
        return self._size("samples")

    def sizes(self, field: str) -> set[int]:
        """A count in the row's results, such as "train_n": several where the dataset was changed
        between two of them."""
        return {
            int(figures[field])
            for seeds in self.found.values()
            for figures in seeds.values()
            if field in figures
        }

    def _size(self, field: str) -> int | None:
        """A count that is the same in all of a row's results; None where it is not known."""
        sizes = self.sizes(field)
        return sizes.pop() if len(sizes) == 1 else None


def over_seeds(found: Mapping[int, Figures], *path: str) -> Stat | None:
    """The figure at `path` of every seed that has one."""
    values = {}
    for seed, figures in found.items():
        value: Any = figures
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None:
            values[seed] = float(value)
    return Stat.of(values)


def over_classes(found: Mapping[int, Figures], epoch: Epoch, classes: Sequence[int]) -> Stat | None:
    """Mean accuracy in percent of `classes`, those without a validation image left out."""
    values = {}
    for seed, figures in found.items():
        every = figures.get("per_class", {}).get(epoch, [])
        known = [every[i] for i in classes if i < len(every) and every[i] is not None]
        if known:
            values[seed] = fmean(known)
    return Stat.of(values)


def collect(results: Iterable[ResultRow], dataset: str | None = None) -> list[Row]:
    """Rows in the paper's order: per table from 100 % wn over gt to 100 % noise."""
    apart: dict[tuple[str, int | None, str], _Kinds] = defaultdict(lambda: defaultdict(list))
    for spec, ones in groupby(results, key=attrgetter("spec")):  # a trial's come together
        if dataset in (None, spec.dataset) and (shown := list(filter(column_of, ones))):
            kinds = apart[spec.dataset, spec.limit_train, spec.recipe]
            kinds[replace(spec, seed=0)] += shown
    return sorted((row for kinds in apart.values() for row in _rows(kinds)), key=_order)


def _rows(kinds: _Kinds) -> list[Row]:
    """A row for each condition, unless other rows show all of it."""
    own: dict[_Condition, list[TrialSpec]] = defaultdict(list)
    for spec in kinds:
        own[spec.tx, spec.changes].append(spec)
    fitting = _fitting(kinds, own)
    joined: dict[_Condition, list[TrialSpec]] = defaultdict(list)
    for spec, conditions in fitting.items():
        for at in conditions:
            if at != (spec.tx, spec.changes):
                joined[at].append(spec)
    rows = []
    for at, specs in own.items():
        if all(set(fitting[spec]) - {at} for spec in specs):
            continue
        seeds = {one.spec.seed for spec in specs for one in kinds[spec]}
        every = [*specs, *joined[at]]
        rows.append(_row(at, [one for s in every for one in kinds[s] if one.spec.seed in seeds]))
    return rows


def _fitting(
    specs: Iterable[TrialSpec], conditions: Collection[_Condition]
) -> dict[TrialSpec, list[_Condition]]:
    """For each trial the conditions with a T_x with which it agrees in all that it reads.

    Trials that read the same parts look them up in one table: their number may be thousands.
    """
    tables: dict[frozenset[str], dict[_Condition, list[_Condition]]] = {}
    found = {}
    for spec in specs:
        parts = spec.parts
        if parts not in tables:
            table = tables[parts] = defaultdict(list)
            for tx, changes in conditions:
                if tx:
                    read = tx if spec.tx else None  # all with these parts have one, or none has
                    table[read, telling_changes(changes, parts)].append((tx, changes))
        found[spec] = tables[parts].get((spec.tx, spec.changes), [])
    return found


def _row(at: _Condition, results: list[ResultRow]) -> Row:
    tx, changes = at
    newest: dict[str, dict[int, ResultRow]] = defaultdict(dict)
    jobs: dict[tuple[str, int], set[int]] = defaultdict(set)
    for one in sorted(results, key=lambda one: one.job):
        column, seed = str(column_of(one)), one.spec.seed
        newest[column][seed] = one
        jobs[column, seed].add(one.job)
    spec = results[0].spec
    return Row(
        Setting(spec.dataset, spec.limit_train, spec.recipe, of_students(changes)),
        tx,
        {column: {s: one.result for s, one in ones.items()} for column, ones in newest.items()},
        of_t_x(changes),
        older=sum(len(ids) - 1 for ids in jobs.values()),
    )


def _order(row: Row) -> tuple[Any, ...]:
    setting, tx = row.setting, row.tx
    size = setting.limit_train or 2**62
    first = (setting.dataset, -size, setting.recipe, text_of(setting.changes))
    if tx is None:
        return (*first, "", 0, 0, 0, "", "")
    modality = list(Modality).index(tx.modality)
    changes = text_of(row.tx_changes)
    return (*first, tx.encoder, modality, tx.noise, -tx.wn, str(tx.val_text), changes)
