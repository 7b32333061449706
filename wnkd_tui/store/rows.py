"""What queries return: plain frozen records, times in UTC seconds since 1970."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.changes import Changes
from engine.spec import Method, Teachers, TrialSpec

# Ended without having been done: what needs such a job waits until it is tried again.
BLOCKING = ("failed", "cancelled", "lost")


@dataclass(frozen=True)
class JobRow:
    """A job as the queue shows it.

    `state`: waiting, running, paused, done, failed, cancelled or lost. `reason` tells why it ended
    so, or which job a waiting one waits for. `wanted` is the state a running job is being brought
    to (cancelled, paused, waiting), else None. `rate` is in units per second. `losses`: how often
    in a row it was lost with no progress; `retry_at`: before that time it is not tried again.
    `host`, `place` and `together` are those of the attempt of a running one, see AttemptRow.
    """

    id: int
    key: str
    kind: str
    name: str
    state: str
    wanted: str | None
    reason: str | None
    position: int
    done: int
    total: int
    unit: str
    rate: float | None
    attempt: int
    slot: str | None
    device: str | None
    result: dict[str, Any] | None
    queued_at: float
    started_at: float | None
    finished_at: float | None
    supervisor: str | None
    handle: str | None
    priority: int
    losses: int
    retry_at: float | None
    capture: str | None
    host: str | None
    place: str | None
    together: int | None
    trials: tuple[int, ...]
    inputs: tuple[int, ...]

    @property
    def progress(self) -> float:
        """0 to 1."""
        if self.state == "done":
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def waits_there(self) -> bool:
        """Whether it counts as running and waits with a cluster: `reason` says for what."""
        return self.state == "running" and self.reason is not None

    @property
    def where(self) -> str | None:
        """As AttemptRow's, of one that runs; None where it does not, or a cluster has not said."""
        if self.state != "running" or self.host is None or (self.waits_there and not self.place):
            return None
        return _where(self.place, self.host, self.slot, self.together)

    @property
    def told(self) -> str | None:
        """How it is, in a line: where it runs and on which device, or what it waits for; why it
        ended so. None where there is nothing to say."""
        if self.state != "running":
            return self.reason
        return ", ".join(filter(None, [self.where, self.reason or self.device])) or None


@dataclass(frozen=True)
class AttemptRow:
    """One run of a job. `ending` is None while it runs, else done, failed, cancelled, paused,
    lost, preempted, disk full or stopped; `memory` is in bytes of its GPU at most,
    `host_memory` of the host; its process did `together` jobs, which share its seconds. `place` is
    where a cluster has put it, None where it runs on `host` itself."""

    job_id: int
    number: int
    supervisor: str
    host: str
    slot: str
    device: str | None
    engine: str | None
    done_before: int
    started_at: float
    ended_at: float | None
    seconds: float | None
    ending: str | None
    reason: str | None
    memory: int | None
    host_memory: int | None
    together: int | None
    place: str | None

    @property
    def where(self) -> str:
        """`on server, GPU 0`, or where a cluster has put it: `Slurm job 12 on node7`; of students
        side by side `on server, GPU 0 (3 jobs in one process)`."""
        return _where(self.place, self.host, self.slot, self.together)


@dataclass(frozen=True)
class CaptureRow:
    """What a trial was queued with: versions, and what differed from the commit."""

    id: str
    wnkd: str
    revision: str | None
    diff: str | None
    engine: str
    python: str
    platform: str
    packages: dict[str, str]
    taken_at: float


@dataclass(frozen=True)
class _Trial:
    """A trial; its state follows from its jobs."""

    id: int
    key: str
    name: str
    spec: TrialSpec
    state: str
    added_at: float
    jobs_done: int
    jobs_total: int


@dataclass(frozen=True)
class TrialRow(_Trial):
    """A trial with what it was queued with and is of."""

    capture: str | None = None
    dataset_key: str | None = None

    @property
    def dataset(self) -> str:
        return self.spec.dataset

    @property
    def recipe(self) -> str:
        return self.spec.recipe

    @property
    def seed(self) -> int:
        return self.spec.seed

    @property
    def limit_train(self) -> int | None:
        return self.spec.limit_train

    @property
    def teachers(self) -> Teachers:
        return self.spec.teachers

    @property
    def encoder(self) -> str | None:
        return self.spec.tx.encoder if self.spec.tx else None

    @property
    def method(self) -> Method:
        return self.spec.method

    @property
    def changes(self) -> Changes:
        return self.spec.changes


@dataclass(frozen=True)
class TrialLine(_Trial):
    """A trial as lists show it.

    `acc` and `last` are the student's validation top-1 in percent at its best and its last epoch,
    `tx` that of T_x at its best; None until the job is done, and where there is none.
    """

    acc: float | None
    last: float | None
    tx: float | None
    tags: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class SavedFilter:
    """A search that has a name. `what`: trials or jobs; `sort` is a field's name or ""."""

    name: str
    what: str
    text: str
    sort: str = ""
    down: bool = False


class CurvePoint(NamedTuple):
    """A stretch of a curve: its last step, and the mean, least and greatest value within."""

    step: int
    mean: float
    low: float
    high: float


class SettingRow(NamedTuple):
    """What must be equal before students are compared; how many trials are of it, and done."""

    dataset: str
    limit_train: int | None
    recipe: str
    trials: int
    done: int


def _where(place: str | None, host: str, slot: str | None, together: int | None) -> str:
    there = place or f"on {host}, {slot}"
    return f"{there} ({together} jobs in one process)" if together and together > 1 else there


@dataclass(frozen=True)
class ResultRow:
    """The figures of one finished job as part of one trial (T_x, student or attribution)."""

    trial: int
    spec: TrialSpec
    job: int
    kind: str
    name: str
    result: dict[str, Any]
    finished_at: float
