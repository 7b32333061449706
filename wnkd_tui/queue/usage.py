"""What done jobs took here, by what decides it: time, memory of the GPU and of the host.

A job's last run tells: how long it took on a clock that nobody sets, pauses not counted, and how
much of the job it did. One that went on from a checkpoint did the epochs that were left.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from statistics import median
from typing import Any

from engine.plan import STAGE_VERSIONS, JobSpec
from engine.spec import MultimodalSpec, Teachers, TrialSpec
from wnkd_tui.queue.fusing import pace_of
from wnkd_tui.queue.signature import (
    OWN,
    READ,
    UNITS,
    Data,
    Signature,
    amount,
    data_of,
    signature,
)
from wnkd_tui.store.datasets import DatasetRow

KINDS = tuple(STAGE_VERSIONS)  # in the order in which a plan does them


def _extracted(spec: str, names: Sequence[str]) -> str:
    """A JSON list of these settings, in SQL: what tens of thousands of jobs have in common is
    found without reading them one by one."""
    paths = ", ".join(f"'$.settings.{name}'" for name in names)
    return f"json_extract({spec}, {paths})"


_TOGETHER = "max(1, coalesce(run.together, 1))"
_SECONDS = f"run.seconds / {_TOGETHER}"  # students side by side share them
_SHARE = "iif(job.unit = 'epochs' AND job.total > 0, 1.0 - 1.0 * done_before / job.total, 1.0)"
_DONE = f"""
SELECT job.kind, run.device, {_TOGETHER} AS together,
    trial.dataset, trial.limit_train, trial.encoder,
    {_extracted("job.spec", OWN)} AS own, {_extracted("read.spec", READ)} AS read,
    sum({_SECONDS}) AS seconds, sum({_SHARE}) AS jobs,
    json_group_array({_SECONDS} / {_SHARE}) AS runs,
    max(run.memory) AS memory, max(run.host_memory) AS host_memory, max(job.finished_at) AS at
FROM job
JOIN attempt AS run ON run.job_id = job.id AND run.number = job.attempt AND run.ending = 'done'
JOIN trial ON trial.id = (SELECT trial_id FROM trial_job WHERE job_id = job.id LIMIT 1)
LEFT JOIN job_input AS edge ON edge.job_id = job.id AND edge.role IN ('T_x', 'teacher')
    AND job.kind IN ('attribution', 'logits')
LEFT JOIN job AS read ON read.id = edge.input_id
-- Seconds: where somebody saw it begin and end. A device: a run that found the artifact made
-- already names none.
WHERE job.state = 'done' AND run.seconds IS NOT NULL AND run.device IS NOT NULL AND {_SHARE} > 0
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
_STAMP = """
SELECT count(*), max(finished_at), total(finished_at)
FROM job INDEXED BY ix_job_done WHERE state = 'done'
"""


@dataclass(frozen=True)
class Usage:
    """What the done jobs of one signature took on one device and one dataset.

    `together`: how many were in one process; each counts its share of the time. `runs`: seconds of
    a whole job, the shortest first. `seconds` took `work` units in all.
    `memory` of the GPU and `host_memory` in bytes at most, None where no run told. `at`: when the
    last of them ended, UTC seconds.
    """

    signature: Signature
    data: Data
    device: str
    together: int
    runs: tuple[float, ...]
    seconds: float
    work: float
    memory: int | None
    host_memory: int | None
    at: float

    @property
    def kind(self) -> str:
        return str(self.signature[0][1])

    @property
    def settings(self) -> dict[str, Any]:
        """What the jobs have in common beside their kind."""
        return dict(self.signature[1:])

    @property
    def unit(self) -> str | None:
        """Of work; None for what is done once, whole."""
        return UNITS.get(self.kind)

    @property
    def rate(self) -> float:
        """Units of work a second."""
        return self.work / self.seconds if self.seconds else 0.0

    @property
    def median(self) -> float:
        return median(self.runs)

    @property
    def p95(self) -> float:
        """The least that 95 % of the runs did not exceed."""
        return self.runs[ceil(0.95 * len(self.runs)) - 1]


@dataclass(frozen=True)
class Measured:
    """`used` on the device that was measured last, as estimates ask for it."""

    device: str | None
    used: tuple[Usage, ...]

    def pace(self, at: Signature, together: int = 1) -> float | None:
        """Seconds per unit of work of one of so many in a process; None: no such job was measured.

        Numbers that were not measured by `fusing.pace_of`.
        """
        paces = self._paces.get(at)
        return pace_of(paces, together) if paces else None

    @cached_property
    def _paces(self) -> Mapping[Signature, Mapping[int, float]]:
        """By how many were in a process: all seconds of a signature over all of its work."""
        found: dict[Signature, dict[int, float]] = defaultdict(dict)
        for one in _summed(self.used, lambda one: (one.signature, one.together)):
            if one.work:
                found[one.signature][one.together] = one.seconds / one.work
        return found

    @cached_property
    def peaks(self) -> Mapping[tuple[Signature, Data], Usage]:
        """Where the memory is known that a signature takes with some data."""
        alike = _summed(self.used, lambda one: (one.signature, one.data))
        return {(one.signature, one.data): one for one in alike}


# The newest of each database, by its path, and what they were measured from.
_known: dict[str, tuple[Any, tuple[Usage, ...]]] = {}


def measured(conn: sqlite3.Connection, datasets: Mapping[str, DatasetRow]) -> Measured:
    found = used(conn, datasets)
    device = max(found, key=lambda one: one.at).device if found else None
    return Measured(device, tuple(one for one in found if one.device == device))


def used(conn: sqlite3.Connection, datasets: Mapping[str, DatasetRow]) -> tuple[Usage, ...]:
    """From all jobs that are done, in the order of a plan; read again only when others are.

    Jobs of datasets that were removed, and of an older wnkd with other settings, are left out.
    """
    path = conn.execute("PRAGMA database_list").fetchone()["file"]
    keys = {row.name: row.key for row in datasets.values()}
    stamp = tuple(conn.execute(_STAMP).fetchone()), keys
    if path not in _known or _known[path][0] != stamp:
        _known[path] = stamp, _used(conn.execute(_DONE).fetchall(), datasets)
    return _known[path][1]


def _used(rows: Sequence[sqlite3.Row], datasets: Mapping[str, DatasetRow]) -> tuple[Usage, ...]:
    found: list[Usage] = []
    for row in rows:
        if row["dataset"] not in datasets or row["kind"] not in KINDS:
            continue
        with suppress(KeyError, TypeError):  # of an older wnkd
            found.append(_usage(row, datasets))
    alike = _summed(found, lambda one: (one.device, one.together, one.data, one.signature))
    return tuple(
        sorted(alike, key=lambda one: (KINDS.index(one.kind), str(one.data), one.together))
    )


def _usage(row: sqlite3.Row, datasets: Mapping[str, DatasetRow]) -> Usage:
    """Of jobs that have all their settings in common. Raises KeyError, TypeError as `signature`."""
    job = JobSpec(row["kind"], "", _settings(OWN, row["own"]), {"T_x": "", "teacher": ""})
    trial = _trial(row)
    return Usage(
        signature(job, trial, {"": _settings(READ, row["read"])}.__getitem__),
        data_of(job.kind, trial),
        row["device"],
        row["together"],
        tuple(sorted(json.loads(row["runs"]))),
        row["seconds"],
        row["jobs"] * amount(job, trial, datasets[trial.dataset]),
        row["memory"],
        row["host_memory"],
        row["at"],
    )


def _summed(ones: Iterable[Usage], alike: Callable[[Usage], Hashable]) -> Iterable[Usage]:
    """One for all that have `alike` in common; of what they differ in the first one's."""
    found: dict[Hashable, Usage] = {}
    for one in ones:
        other = found.setdefault(alike(one), one)
        if other is not one:
            found[alike(one)] = replace(
                other,
                runs=tuple(sorted(other.runs + one.runs)),
                seconds=other.seconds + one.seconds,
                work=other.work + one.work,
                memory=_most(other.memory, one.memory),
                host_memory=_most(other.host_memory, one.host_memory),
                at=max(other.at, one.at),
            )
    return found.values()


def _most(*sizes: int | None) -> int | None:
    return max((size for size in sizes if size is not None), default=None)


def _trial(row: sqlite3.Row) -> TrialSpec:
    """A trial that has what decides its jobs' work, and of the rest anything."""
    tx = MultimodalSpec(row["encoder"]) if row["encoder"] else None
    teachers = Teachers.TX if tx else Teachers.NONE
    return TrialSpec(row["dataset"], "", teachers, tx, limit_train=row["limit_train"])


def _settings(names: Sequence[str], values: str | None) -> dict[str, Any]:
    """Settings as a job has them, from the list of `_extracted`."""
    settings: dict[str, Any] = {}
    for name, value in zip(names, json.loads(values) if values else [], strict=False):
        if value is not None:
            table, _, last = name.rpartition(".")
            (settings.setdefault(table, {}) if table else settings)[last] = value
    return settings
