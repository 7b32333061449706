"""Where a trial's figures come from: what it was queued with, and what did its jobs, and where."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wnkd_tui.store import queries
from wnkd_tui.store.rows import CaptureRow, JobRow, TrialRow

SHOWN = 12  # digits of a digest or commit that are enough to tell two apart


@dataclass(frozen=True)
class Done:
    """A job of a trial. `engines`: digests of the engine's source that worked on it, the first one
    first; `machine`: what computed it last, None for a job that never ran."""

    row: JobRow
    settings: Mapping[str, Any]
    inputs: Mapping[str, str]
    engines: tuple[str, ...]
    machine: str | None

    @property
    def role(self) -> str:
        """What it is in any trial: `T_1s`, `logits of T_x`, `student`."""
        if self.row.kind == "teacher":
            return self.row.name
        if self.row.kind == "logits":
            return self.row.name.partition(",")[0]
        return self.row.kind


@dataclass(frozen=True)
class Provenance:
    """A trial with all that its figures depend on; `capture` is None for one of an older wnkd."""

    trial: TrialRow
    capture: CaptureRow | None
    done: tuple[Done, ...]

    @cached_property
    def dataset_key(self) -> str | None:
        """Of the dataset's content; trials of an older wnkd have it in their jobs alone."""
        in_jobs = (job.settings.get("dataset_key") for job in self.done)
        return self.trial.dataset_key or next((key for key in in_jobs if key), None)

    def strange(self, job: Done) -> tuple[str, ...]:
        """The engines that worked on `job` and are not the one the trial was queued with."""
        if self.capture is None:
            return ()
        return tuple(one for one in job.engines if one != self.capture.engine)

    @property
    def drift(self) -> dict[tuple[str, ...], list[Done]]:
        """The jobs that were not done, or not wholly, with the engine of the capture, by theirs."""
        found: dict[tuple[str, ...], list[Done]] = {}
        for job in self.done:
            if self.strange(job):
                found.setdefault(job.engines, []).append(job)
        return found


def provenance(conn: sqlite3.Connection, trial: int) -> Provenance:
    """Raises StoreError where there is no such trial."""
    row = queries.trial(conn, trial)
    specs = {
        job: json.loads(spec)
        for job, spec in conn.execute(
            "SELECT job.id, job.spec FROM trial_job JOIN job ON job.id = trial_job.job_id"
            " WHERE trial_job.trial_id = ? ORDER BY trial_job.place",
            [trial],
        )
    }
    rows = {job.id: job for job in queries.jobs(conn, trial=trial)}
    return Provenance(
        trial=row,
        capture=queries.capture(conn, row.capture) if row.capture else None,
        done=tuple(_done(conn, rows[job], spec) for job, spec in specs.items()),
    )


def _done(conn: sqlite3.Connection, row: JobRow, spec: Mapping[str, Any]) -> Done:
    attempts = queries.attempts(conn, row.id)
    last = attempts[-1] if attempts else None
    device = (last and last.device) or row.device
    host = f" on {last.host}" if last else ""
    return Done(
        row=row,
        settings=spec["settings"],
        inputs=spec["inputs"],
        engines=tuple(dict.fromkeys(one.engine for one in attempts if one.engine)),
        machine=f"{device}{host}" if device else None,
    )
