"""The best student of every kind, to stand for its kind where every class is compared."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from engine.changes import Changes, telling_changes, text_of
from wnkd_tui.report.chosen import Chosen, but_seed, by_trial
from wnkd_tui.report.columns import STUDENTS
from wnkd_tui.store.rows import ResultRow

_Best = dict[Changes, dict[str, Chosen]]  # by changes, then by kind


def best_students(results: Iterable[ResultRow]) -> list[tuple[Chosen, ...]]:
    """For each dataset, size of its training split, recipe and changes to it: of every kind of
    student the trial with the highest mean over seeds, best epoch. A trial stands for its seeds.

    Groups without changes come first.
    """
    settings: dict[tuple[str, int, str], list[Chosen]] = defaultdict(list)
    for one in _students(list(results)):
        spec = one.spec
        settings[spec.dataset, -(spec.limit_train or 2**62), spec.recipe].append(one)
    groups: list[tuple[Chosen, ...]] = []
    for _, alike in sorted(settings.items()):
        parts = _by_parts(alike)
        every = sorted({one.spec.changes for one in alike}, key=text_of)
        groups += [group for changes in every if (group := _best(parts, changes))]
    return groups


def _students(results: Sequence[ResultRow]) -> list[Chosen]:
    """Each trial that has a student, under the newest of its numbers; the best comes first."""
    found = by_trial(results)
    newest = {but_seed(one.spec): one for one in sorted(results, key=lambda one: one.trial)}
    chosen = [
        Chosen(one.trial, one.spec, found[bare])
        for bare, one in newest.items()
        if "student" in found[bare] and (one.spec.method, one.spec.teachers) in STUDENTS
    ]
    return sorted(chosen, key=_top1, reverse=True)


def _by_parts(alike: Sequence[Chosen]) -> dict[frozenset[str], _Best]:
    """The best of each kind, by the parts of a recipe that it reads and by its changes."""
    found: dict[frozenset[str], _Best] = defaultdict(lambda: defaultdict(dict))
    for one in alike:
        kind = STUDENTS[one.spec.method, one.spec.teachers]
        found[one.spec.parts][one.spec.changes].setdefault(kind, one)
    return found


def _best(parts: dict[frozenset[str], _Best], changes: Changes) -> tuple[Chosen, ...]:
    """Students under `changes`, as far as those matter to each; none where none reads them all."""
    fitting = [
        one
        for read, best in parts.items()
        for one in best.get(telling_changes(changes, read), {}).values()
    ]
    kinds: dict[str, Chosen] = {}
    for one in sorted(fitting, key=_top1, reverse=True):
        kinds.setdefault(STUDENTS[one.spec.method, one.spec.teachers], one)
    if all(one.spec.changes != changes for one in kinds.values()):
        return ()
    return tuple(kinds[name] for name in STUDENTS.values() if name in kinds)


def _top1(chosen: Chosen) -> float:
    stat = chosen.top1("student", "best")
    return stat.mean if stat else 0.0
