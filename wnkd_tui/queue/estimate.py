"""What queued jobs will take, from what such jobs took here.

Time is the sum of pace × work over the jobs that are not done, each alone on its slot; but students
that may share a process are counted as if they were ready at once and did, as many as here is usual
(`fusing`). Memory is that of the largest job, as measured with the same data; disk that of the
tables that grow with epochs and images, by their sizes. What was not measured is counted as unknown
and left out.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.kept import HALF, SINGLE, row_bytes
from engine.plan import JobSpec, Plan
from engine.spec import TrialSpec
from engine.together import company
from wnkd_tui.home import Home
from wnkd_tui.queue import disk, fusing
from wnkd_tui.queue.signature import Signature, amount, data_of, signature
from wnkd_tui.queue.usage import Measured, measured
from wnkd_tui.queue.wording import count, size
from wnkd_tui.store import queries
from wnkd_tui.store.datasets import DatasetRow

WORTH_TELLING = 100 * 2**20  # bytes of disk
_DONE = "SELECT key FROM job WHERE key IN (SELECT value FROM json_each(?)) AND +state = 'done'"
_DIMS = """
SELECT json_extract(spec, '$.settings.encoder') AS encoder,
    max(json_extract(result, '$.dim')) AS dim
FROM job WHERE kind = 'embed' AND state = 'done' GROUP BY 1
"""


@dataclass(frozen=True)
class Most:
    """Bytes that the largest of some jobs takes, and its kind."""

    bytes: int
    kind: str


@dataclass(frozen=True)
class Estimate:
    """Of `jobs` that are not done yet.

    `hours` of one slot (a GPU, or a core) on `device`: None where all are unknown; `unknown_jobs`
    have no measured rate and count for nothing; `together`: students counted as sharing a process,
    at most. `memory` of the GPU and `host_memory` of the largest job, None where not known;
    `unmeasured_jobs` have no measured memory of the host.
    `disk` is bytes of tables, without those of `unsized_jobs`; `free` what the home's disk has
    left, where that is less, else None.
    """

    hours: float | None
    device: str | None
    jobs: int
    unknown_jobs: int
    together: int = 1
    memory: Most | None = None
    host_memory: Most | None = None
    unmeasured_jobs: int = 0
    disk: int = 0
    unsized_jobs: int = 0
    free: int | None = None

    @property
    def text(self) -> str:
        """`estimated: about 2.1 GPU hours on NVIDIA H100 (measured rates; 3 of 4 jobs unknown)`."""
        if not self.jobs:
            return "estimated: nothing is left to do"
        if self.hours is None or self.device is None:
            return "estimated: unknown (no such job was measured here yet)"
        is_cpu = self.device.upper().startswith("CPU")
        unit, where = ("CPU", "") if is_cpu else ("GPU", f" on {self.device}")
        told = f"{self.hours:.1f} {unit} hours"
        if self.hours < 1:
            minutes = max(1, round(self.hours * 60))
            told = f"{minutes} {unit} minute{'' if minutes == 1 else 's'}"
        how = f"; up to {self.together} students in a process" if self.together > 1 else ""
        gaps = self._gaps(self.unknown_jobs)
        return f"estimated: about {told}{where} (measured rates{how}{gaps})"

    @property
    def lines(self) -> list[str]:
        """`text`, then memory and disk as far as there is something to say."""
        return [line for line in (self.text, self._memory_text(), self._disk_text()) if line]

    def _memory_text(self) -> str:
        """`memory: such jobs took 9.2 GiB of the GPU (teacher), 3.1 GiB of the host
        (embed)`."""
        known = {"GPU": self.memory, "host": self.host_memory}
        told = [f"{size(one.bytes)} of the {at} ({one.kind})" for at, one in known.items() if one]
        if told:
            gaps = self._gaps(self.unmeasured_jobs)
            return f"memory: such jobs took {', '.join(told)}{gaps}"
        wanted = self.jobs and self.hours is not None
        return "memory: unknown (no such job told it here yet)" if wanted else ""

    def _disk_text(self) -> str:
        """`disk: 41.9 GiB of tables`, and what to do where there is less room."""
        gaps = self._gaps(self.unsized_jobs)
        told = f"disk: {size(self.disk)} of tables{gaps}"
        if self.free is None:
            return told if self.disk >= WORTH_TELLING else ""
        return f"{told}, but {size(self.free)} free: make room (wnkd gc) or set logits.keep=none"

    def _gaps(self, unknown: int) -> str:
        return f"; {unknown} of {count(self.jobs, 'job')} unknown" if unknown else ""


NOTHING = Estimate(None, None, 0, 0)


@dataclass(frozen=True)
class _Left:
    """A job that is not done: seconds, memory and disk that it takes, None: not known."""

    kind: str
    seconds: float | None
    memory: int | None
    host_memory: int | None
    disk: int | None


def estimate(home: Home, conn: sqlite3.Connection, plans: Sequence[Plan]) -> Estimate:
    """What `plans` need and nobody has done yet; each job counts once."""
    datasets = {row.name: row for row in queries.datasets(conn)}
    known = measured(conn, datasets)
    dims = {row["encoder"]: row["dim"] for row in conn.execute(_DIMS)}
    planned = {job.key: (job, plan) for plan in plans for job in plan.jobs}
    done = {row["key"] for row in conn.execute(_DONE, [json.dumps([*planned])])}
    todo = [of for key, of in planned.items() if key not in done]
    live = {row.id for row in queries.supervisors(conn, time.time()) if row.alive}
    most = fusing.at_most(home, conn, live)
    sizes = fusing.sizes([company(job.kind, job.settings) for job, _ in todo], most)
    left = [
        _left(
            signature(job, plan.spec, lambda key: planned[key][0].settings),
            job,
            plan.spec,
            datasets[plan.spec.dataset],
            known,
            dims,
            together,
        )
        for (job, plan), together in zip(todo, sizes, strict=True)
    ]
    return _sum(left, known.device, disk.free(home), max(sizes, default=1))


def _left(
    at: Signature,
    job: JobSpec,
    trial: TrialSpec,
    dataset: DatasetRow,
    known: Measured,
    dims: Mapping[str, int],
    together: int,
) -> _Left:
    work, pace = amount(job, trial, dataset), known.pace(at, together)
    peak = known.peaks.get((at, data_of(job.kind, trial)))
    row = _row(job, dataset, dims)
    return _Left(
        job.kind,
        None if pace is None else pace * work,
        peak.memory if peak else None,
        peak.host_memory if peak else None,
        None if row is None else int(row * work),
    )


def _row(job: JobSpec, dataset: DatasetRow, dims: Mapping[str, int]) -> int | None:
    """Bytes for a unit of the job's work in the table that it leaves: 0 where it leaves none, None
    where an encoder's dimension is not known before it has embedded something here."""
    match job.kind:
        case "logits":
            return row_bytes(len(dataset.classes), job.settings.get("logits", {}).get("top_k"))
        case "embed" | "views":
            dim = dims.get(job.settings["encoder"])
            return dim and dim * (SINGLE if job.kind == "embed" else HALF)
    return 0


def _sum(jobs: Sequence[_Left], device: str | None, free: int, together: int) -> Estimate:
    seconds = [job.seconds for job in jobs if job.seconds is not None]
    sizes = [job.disk for job in jobs if job.disk is not None]
    return Estimate(
        hours=sum(seconds) / 3600 if seconds or not jobs else None,
        device=device,
        jobs=len(jobs),
        unknown_jobs=len(jobs) - len(seconds),
        together=together,
        memory=_most((job.memory, job.kind) for job in jobs),
        host_memory=_most((job.host_memory, job.kind) for job in jobs),
        unmeasured_jobs=sum(job.host_memory is None for job in jobs),
        disk=sum(sizes),
        unsized_jobs=len(jobs) - len(sizes),
        free=free if sum(sizes) > free else None,
    )


def _most(peaks: Iterable[tuple[int | None, str]]) -> Most | None:
    known = [Most(peak, kind) for peak, kind in peaks if peak is not None]
    return max(known, key=lambda one: one.bytes, default=None)
