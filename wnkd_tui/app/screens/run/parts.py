"""What each tab of the run page shows, as plain values."""

import sqlite3
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.artifacts import META, ArtifactStore
from engine.changes import Value
from engine.errors import WnkdError
from engine.recipe import load_recipe, settings_of
from engine.spec import TrialSpec
from wnkd_tui.app.logs import LogPart, Place, log_part
from wnkd_tui.app.screens.run.command import command
from wnkd_tui.app.screens.run.facts import facts
from wnkd_tui.app.screens.run.origins import origin
from wnkd_tui.home import Home
from wnkd_tui.queue.differing import Differences, differences
from wnkd_tui.queue.provenance import Provenance, provenance
from wnkd_tui.report.nouns import Retrieved, retrieved
from wnkd_tui.store import queries
from wnkd_tui.store.rows import AttemptRow, CurvePoint, JobRow, TrialLine

BUCKETS = 160  # points of a curve: what a wide chart has dots for
LOG_LINES = 300  # on each side of a place
_KEPT = 8  # jobs whose curves are kept


@dataclass(frozen=True)
class Curves:
    """By the metric's name."""

    points: Mapping[str, tuple[CurvePoint, ...]]


@dataclass(frozen=True)
class Results:
    """`classes` in the order of the accuracies, none where the dataset is gone."""

    spec: TrialSpec
    jobs: tuple[JobRow, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """`said`: where the value comes from, in words; `own` where it is not the recipe's."""

    name: str
    value: Value | None
    said: str
    own: bool


@dataclass(frozen=True)
class Spec:
    """`job` by its role; `difference` a string where it cannot be told, None where none is wanted;
    `command` queues the trial."""

    facts: Mapping[str, str]
    command: str
    job: str
    settings: tuple[Setting, ...]
    difference: Differences | str | None


@dataclass(frozen=True)
class Environment:
    """`attempts` by the job's id."""

    of: Provenance
    attempts: Mapping[int, tuple[AttemptRow, ...]]


@dataclass(frozen=True)
class Folder:
    """A directory with its files and their sizes in bytes; `there` says whether it is."""

    path: Path
    files: tuple[tuple[str, int], ...]
    there: bool


@dataclass(frozen=True)
class Artifacts:
    """`fault`: what is wrong with the artifact, None where it is whole."""

    key: str
    artifact: Folder
    fault: str | None
    job: Folder


@dataclass(frozen=True)
class Attribution:
    """`result` of the attribution, None before it is done; `fault`: why no nouns can be told."""

    spec: TrialSpec
    result: Mapping[str, Any] | None
    waited: str  # why there is none
    nouns: Retrieved
    fault: str | None


_done: OrderedDict[tuple[Path, int, float | None], Curves] = OrderedDict()


def curves(conn: sqlite3.Connection, home: Home, job: JobRow) -> Curves:
    """Those of a job that is done never change, and a million points take a while to read."""
    which = (home.db, job.id, job.finished_at)
    if which not in _done:
        found = queries.curves(conn, job.id, buckets=BUCKETS)
        read = Curves({name: tuple(points) for name, points in found.items()})
        if job.state != "done":
            return read
        _done[which] = read
        while len(_done) > _KEPT:
            _done.popitem(last=False)
    return _done[which]


def results(conn: sqlite3.Connection, trial: TrialLine) -> Results:
    try:
        classes = queries.dataset(conn, trial.spec.dataset).classes
    except WnkdError:
        classes = ()
    return Results(trial.spec, tuple(queries.jobs(conn, trial=trial.id)), classes)


def log(home: Home, job: JobRow, around: Place | None) -> LogPart:
    return log_part(home, job.key, around, LOG_LINES)


def spec(conn: sqlite3.Connection, trial: TrialLine, job: JobRow, other: int | None) -> Spec:
    """The settings of one job, and how the whole trial differs from another."""
    mine = provenance(conn, trial.id)
    done = next(one for one in mine.done if one.row.id == job.id)
    told = []
    for name, value in settings_of(done.settings):
        said, own = origin(trial.spec, job.kind, name, value)
        told.append(Setting(name, value, said, own))
    difference: Differences | str | None = None
    if other is not None:
        try:
            difference = differences(mine, provenance(conn, other))
        except WnkdError as error:
            difference = str(error)
    summary = load_recipe(trial.spec.recipe, trial.spec.dataset).summary
    asked = facts(trial.spec, summary)
    return Spec(asked, command(trial.spec), done.role, tuple(told), difference)


def environment(conn: sqlite3.Connection, trial: int) -> Environment:
    of = provenance(conn, trial)
    attempts = {job.row.id: tuple(queries.attempts(conn, job.row.id)) for job in of.done}
    return Environment(of, attempts)


def artifacts(home: Home, job: JobRow) -> Artifacts:
    store = ArtifactStore(home.artifacts)
    path = store.path(job.key)
    return Artifacts(job.key, _folder(path), store.fault(job.key), _folder(home.job(job.key)))


def attribution(home: Home, spec: TrialSpec, jobs: Sequence[JobRow]) -> Attribution:
    job = next((job for job in jobs if job.kind == "attribution"), None)
    waited = f"attribution is {job.state}" if job else "this trial has no attribution"
    try:
        nouns, fault = retrieved(home, jobs), None
    except WnkdError as error:
        nouns, fault = Retrieved({}, {}), str(error)
    return Attribution(spec, job.result if job else None, waited, nouns, fault)


def _folder(path: Path) -> Folder:
    try:
        found = [one for one in path.rglob("*") if one.is_file()]
        sizes = [(str(one.relative_to(path)), one.stat().st_size) for one in found]
    except OSError:
        sizes = []
    last = [(name, size) for name, size in sizes if name == META]
    rest = sorted((name, size) for name, size in sizes if name != META)
    return Folder(path, (*rest, *last), path.is_dir())
