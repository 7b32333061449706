"""What queries return: plain frozen records, times in UTC seconds since 1970."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.changes import Changes
from engine.spec import Method, Teachers, TrialSpec

if TYPE_CHECKING:
    from engine.data.registry import Skipped, Source

# Ended without having been done: what needs such a job waits until it is tried again.
BLOCKING = ("failed", "cancelled", "lost")
HELD_UP = ("paused:", "waits for")  # how a supervisor's note begins that tells of a hindrance


@dataclass(frozen=True)
class JobRow:
    """A job as the queue shows it.

    `state`: waiting, running, paused, done, failed, cancelled or lost. `reason` tells why it ended
    so, or which job a waiting one waits for. `wanted` is the state a running job is being brought
    to (cancelled, paused, waiting), else None. `rate` is in units per second. `losses`: how often
    in a row it was lost with no progress; `retry_at`: before that time it is not tried again.
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
    trials: tuple[int, ...]
    inputs: tuple[int, ...]

    @property
    def progress(self) -> float:
        """0 to 1."""
        if self.state == "done":
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0


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
        """`on host, GPU 0`, or where a cluster has put it: `Slurm job 12 on node7`."""
        return self.place or f"on {self.host}, {self.slot}"


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
class TrialRow:
    """A trial; its state follows from its jobs."""

    id: int
    key: str
    name: str
    spec: TrialSpec
    state: str
    added_at: float
    jobs_done: int
    jobs_total: int
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
class TrialLine:
    """A trial as lists show it.

    `acc` and `last` are the student's validation top-1 in percent at its best and its last epoch,
    `tx` that of T_x at its best; None until the job is done, and where there is none.
    """

    id: int
    key: str
    name: str
    spec: TrialSpec
    state: str
    added_at: float
    jobs_done: int
    jobs_total: int
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


@dataclass(frozen=True)
class SupervisorRow:
    """A `run-queue`; `alive` while its heartbeat is fresh and, where it can be seen, its process
    runs."""

    id: str
    host: str
    pid: int
    started_at: float
    heartbeat: float
    note: str | None
    process: str | None
    beat: float | None
    alive: bool

    @property
    def held_up(self) -> str | None:
        """What keeps it from starting jobs, in its own words; None where nothing does."""
        return self.note if self.note and self.note.startswith(HELD_UP) else None


@dataclass(frozen=True)
class DatasetRow:
    """A dataset that trials can name. `path` and `added_at` are None for a built-in one.

    `prompts` is a CSV of class,prompt, `splits` the folder of imagenet-lt's split files. `size` is
    (H, W, channels), None for one that an older wnkd registered. `skipped` are files that could
    not be read.
    """

    name: str
    kind: str
    path: Path | None
    key: str
    classes: tuple[str, ...]
    train_per_class: tuple[int, ...]
    val_per_class: tuple[int, ...]
    added_at: float | None
    prompts: Path | None = None
    splits: Path | None = None
    skipped: "tuple[Skipped, ...]" = ()
    size: tuple[int, int, int] | None = None

    @property
    def builtin(self) -> bool:
        return self.path is None

    @property
    def source(self) -> "Source":
        """Where it is on this host, as the engine reads it."""
        from engine.data.registry import Source

        skipped = tuple(one.file for one in self.skipped)
        return Source(self.name, self.kind, self.path, self.prompts, self.splits, skipped)

    @property
    def location(self) -> dict[str, Any]:
        """The same for a job's file: JSON-ready."""
        paths = {"path": self.path, "prompts": self.prompts, "splits": self.splits}
        return {
            "name": self.name,
            "kind": self.kind,
            **{name: str(path) if path else None for name, path in paths.items()},
            "skipped": [one.file for one in self.skipped],
        }


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
