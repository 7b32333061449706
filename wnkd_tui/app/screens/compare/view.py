"""What the compare page knows: the settings there are, and one group of one report."""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.compare.overlay import Overlay, Picked, overlaid
from wnkd_tui.app.screens.compare.reports import REPORTS, RUNS, Found, Options, View
from wnkd_tui.queue.adding import LAST_DATASET, LAST_RECIPE
from wnkd_tui.report.rows import collect
from wnkd_tui.store import queries
from wnkd_tui.store.find.listing import Search, trial_ids
from wnkd_tui.store.rows import ResultRow, SettingRow

Setting = tuple[str, int | None, str]  # dataset, size of its training split, recipe
Kept = TypeVar("Kept")
# Trials that reports across datasets are made of: our best one, and students without T_x.
_ACROSS = ("modality:img+text wn:100", "-modality:*")


@dataclass(frozen=True)
class Compared:
    """`group` of `groups`; `view` is None where nothing of the report is measured."""

    settings: tuple[SettingRow, ...]
    setting: Setting | None
    groups: int = 0
    group: int = 0
    view: View | None = None
    picked: Picked | None = None


class Shelf:
    """What was made of finished jobs, as long as no other job is finished: a database in which
    jobs run changes every second, its results do not."""

    def __init__(self) -> None:
        self._stamp: Any = None
        self._kept: dict[Hashable, Any] = {}

    def keep(self, stamp: Any, key: Hashable, make: Callable[[], Kept]) -> Kept:
        if stamp != self._stamp:
            self._stamp = stamp
            self._kept.clear()
        if key not in self._kept:
            self._kept[key] = make()
        kept: Kept = self._kept[key]
        return kept


@dataclass(frozen=True)
class CompareQuestion:
    """A `setting` of None is the one used last; `group` counts round."""

    report: str
    setting: Setting | None
    group: int
    options: Options
    overlay: Overlay
    shelf: Shelf = field(compare=False, repr=False)

    def read(self, source: Source) -> Compared:
        conn = source.conn
        settings = tuple(source.once("settings", lambda: queries.settings(conn)))
        known = [setting_of(row) for row in settings]
        setting = self.setting if self.setting in known else _used_last(source, settings)
        if self.report == RUNS:
            picked = overlaid(source, self.overlay)
            return Compared(settings, setting, view=picked.view, picked=picked)
        if setting is None:
            return Compared(settings, None)
        done = source.once("counts", lambda: queries.counts(conn)).get("done")

        def keep(key: Hashable, make: Callable[[], Kept]) -> Kept:
            return self.shelf.keep((settings, done), key, make)

        report = REPORTS[self.report]
        place = setting[1:] if report.across else setting
        found = keep(place, lambda: _found(source, setting, across=report.across))
        groups: Sequence[Any] = keep((place, self.report), lambda: report.groups(found))
        if not groups:
            return Compared(settings, setting)
        group = self.group % len(groups)
        view = keep(
            (place, self.report, group, self.options),
            lambda: report.view(groups[group], found, self.options),
        )
        return Compared(settings, setting, len(groups), group, view)


def setting_of(row: SettingRow) -> Setting:
    return row.dataset, row.limit_train, row.recipe


def _used_last(source: Source, settings: Sequence[SettingRow]) -> Setting | None:
    """Of the dataset and the recipe used last, if there are such, the one with the most done."""
    last = queries.setting(source.conn, LAST_DATASET), queries.setting(source.conn, LAST_RECIPE)
    ranked = sorted(
        settings,
        key=lambda row: (bool(row.done), (row.dataset, row.recipe) == last, row.done),
        reverse=True,
    )
    return setting_of(ranked[0]) if ranked else None


def _found(source: Source, setting: Setting, *, across: bool) -> Found:
    conn = source.conn
    dataset, limit_train, recipe = setting

    def read(trials: Collection[int] | None, *, per_class: bool) -> list[ResultRow]:
        return queries.results(
            conn,
            dataset=None if across else dataset,
            recipe=recipe,
            limit_train=limit_train,
            trials=trials,
            per_class=per_class,
        )

    chosen = None
    if across:
        chosen = [id for text in _ACROSS for id in trial_ids(conn, Search(text))]
    results = read(chosen, per_class=False)
    datasets = source.once("datasets", lambda: {row.name: row for row in queries.datasets(conn)})
    return Found(collect(results), results, datasets, lambda ids: read(ids, per_class=True))
