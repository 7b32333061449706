"""What the compare page knows: the reports' rows, and the students whose classes are compared."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from engine.changes import Changes, telling_changes, text_of
from wnkd_tui.app.poller import Source
from wnkd_tui.app.screens.compare.reports import Found
from wnkd_tui.report.chosen import Chosen, choose
from wnkd_tui.report.rows import STUDENTS, collect
from wnkd_tui.store import queries
from wnkd_tui.store.rows import ResultRow, TrialRow


@dataclass(frozen=True)
class CompareQuestion:
    def read(self, source: Source) -> Found:
        conn = source.conn
        results = queries.results(conn)
        return Found(
            tuple(collect(results)),
            {row.name: row for row in queries.datasets(conn)},
            best_students(results, queries.trials(conn)),
        )


def best_students(
    results: Sequence[ResultRow], trials: Sequence[TrialRow]
) -> tuple[tuple[Chosen, ...], ...]:
    """For each dataset, size of its training split, recipe and changes to it: of every kind of
    student the trial with the highest mean over seeds, best epoch. A trial stands for its seeds."""
    done = {replace(one.spec, seed=0) for one in results if one.kind == "student"}
    newest = {replace(trial.spec, seed=0): trial for trial in trials}
    chosen = [choose(results, [trial])[0] for spec, trial in newest.items() if spec in done]
    settings: dict[tuple[str, int, str], list[Chosen]] = defaultdict(list)
    for one in chosen:
        spec = one.spec
        settings[spec.dataset, -(spec.limit_train or 2**62), spec.recipe].append(one)
    groups: list[tuple[Chosen, ...]] = []
    for _, alike in sorted(settings.items()):
        every = sorted({one.spec.changes for one in alike}, key=text_of)
        groups += [group for changes in every if (group := _best(alike, changes))]
    return tuple(groups)


def _best(alike: Iterable[Chosen], changes: Changes) -> tuple[Chosen, ...]:
    """Students under `changes`, as far as those matter to each; none where none reads them all."""
    kinds: dict[str, Chosen] = {}
    for one in sorted(alike, key=_top1, reverse=True):
        kind = STUDENTS.get((one.spec.method, one.spec.teachers))
        if kind and one.spec.changes == telling_changes(changes, one.spec.parts):
            kinds.setdefault(kind, one)
    if all(one.spec.changes != changes for one in kinds.values()):
        return ()
    return tuple(kinds[name] for name in STUDENTS.values() if name in kinds)


def _top1(chosen: Chosen) -> float:
    stat = chosen.top1("student", "best")
    return stat.mean if stat else 0.0
