"""What differs between two trials: what was asked for, its numbers, data, code and machines."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.canonical import content_key
from engine.recipe import settings_of
from engine.spec import TrialSpec
from wnkd_tui.queue.provenance import Done, Provenance
from wnkd_tui.store.rows import CaptureRow

NO_NUMBERS = ("dataset", "dataset_key")  # have their own places
REPORTED = ("T_x", "student")
EPOCHS = ("best", "last")


@dataclass(frozen=True)
class Line:
    """One thing that differs, or a figure; None where a trial has none. `jobs` are roles."""

    name: str
    a: Any
    b: Any
    jobs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Differences:
    """`groups`: what differs, by what it is about; groups may be empty. `results`: all figures of
    both, `{"val_top1" (percent), "epoch"}`."""

    a: Provenance
    b: Provenance
    groups: Mapping[str, tuple[Line, ...]]
    results: tuple[Line, ...]

    @property
    def equal(self) -> bool:
        return not any(self.groups.values()) and all(line.a == line.b for line in self.results)


def differences(a: Provenance, b: Provenance) -> Differences:
    """Jobs are compared by their roles, whatever they are called."""
    ours, theirs = ({job.role: job for job in side.done} for side in (a, b))
    both = {role: (ours[role], theirs[role]) for role in ours if role in theirs}
    alone = [role for role in {**ours, **theirs} if role not in both]
    asked = _lines(_asked(a.trial.spec), _asked(b.trial.spec))
    groups = {
        "asked": asked,
        "settings": _settings(both, asked),
        "jobs": tuple(Line(role, role in ours, role in theirs) for role in alone),
        "dataset": _lines({"key": a.dataset_key}, {"key": b.dataset_key}),
        "code": (
            *_lines(_code(a.capture), _code(b.capture)),
            *_of_jobs(both, "done with engine", lambda job: " and ".join(job.engines) or None),
            *_of_jobs(
                {role: pair for role, pair in both.items() if _made_otherwise(*pair)},
                "stage's version",
                lambda job: f"job {job.row.key[:12]}",
            ),
        ),
        "packages": _lines(a.capture.packages, b.capture.packages)
        if a.capture and b.capture
        else (),
        "machines": _of_jobs(both, "machine", lambda job: job.machine),
    }
    return Differences(a, b, groups, _results(ours, theirs))


def _asked(spec: TrialSpec) -> dict[str, Any]:
    fields = spec.to_dict()
    tx, changes = fields.pop("tx") or {}, fields.pop("changes")
    return {**fields, **tx, **changes}


def _code(found: CaptureRow | None) -> dict[str, str | None]:
    """Uncommitted changes by a digest of theirs."""
    if found is None:
        return {}
    return {
        "wnkd": found.wnkd,
        "commit": found.revision,
        "changes to it": content_key(found.diff)[:16] if found.diff else None,
        "engine": found.engine,
        "Python": found.python,
        "platform": found.platform,
    }


def _settings(both: Mapping[str, tuple[Done, Done]], asked: Iterable[Line]) -> tuple[Line, ...]:
    """None that `asked` says already."""
    said = [(line.name, line.a, line.b) for line in asked]
    found = []
    for role, pair in both.items():
        for line in _lines(*(dict(settings_of(job.settings)) for job in pair)):
            if line.name not in NO_NUMBERS and (line.name, line.a, line.b) not in said:
                found.append((role, line))
    return _together(found)


def _of_jobs(
    both: Mapping[str, tuple[Done, Done]], name: str, of: Callable[[Done], str | None]
) -> tuple[Line, ...]:
    pairs = {role: (of(a), of(b)) for role, (a, b) in both.items()}
    return _together((role, Line(name, a, b)) for role, (a, b) in pairs.items() if a != b)


def _made_otherwise(a: Done, b: Done) -> bool:
    """The same is asked of both, and yet they are two jobs: a stage's version went up between."""
    return a.row.key != b.row.key and a.settings == b.settings and a.inputs == b.inputs


def _results(ours: Mapping[str, Done], theirs: Mapping[str, Done]) -> tuple[Line, ...]:
    found = []
    for kind in REPORTED:
        a, b = ((jobs[kind].row.result or {}) if kind in jobs else {} for jobs in (ours, theirs))
        for epoch in EPOCHS:
            if epoch in a or epoch in b:
                found.append(Line(f"{kind} {epoch}", a.get(epoch), b.get(epoch)))
    return tuple(found)


def _lines(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Line, ...]:
    """What differs between two sets of named values."""
    pairs = {name: (a.get(name), b.get(name)) for name in {**a, **b}}
    return tuple(Line(name, x, y) for name, (x, y) in pairs.items() if x != y)


def _together(found: Iterable[tuple[str, Line]]) -> tuple[Line, ...]:
    """Lines of single jobs, each said once with all the jobs that it is true of."""
    lines: dict[tuple[str, str], tuple[Line, list[str]]] = {}
    for role, line in found:
        lines.setdefault((line.name, repr((line.a, line.b))), (line, []))[1].append(role)
    return tuple(Line(line.name, line.a, line.b, tuple(roles)) for line, roles in lines.values())
