"""The database's tables. What can be derived (a trial's state, a job's readiness) has no column.

Times are UTC seconds since 1970 as floats. Importing this module costs about a second (SQLModel):
only writers that need it do; reading goes through `wnkd_tui.store.queries`, plain SQL.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, Text, text
from sqlmodel import Field, SQLModel

from wnkd_tui.store.figures import FIGURED, figure


class Dataset(SQLModel, table=True):
    """A dataset that a person registered; the built-in ones need no row."""

    name: str = Field(primary_key=True)
    kind: str
    path: str
    key: str  # of the content
    classes: str = Field(sa_column=Column(Text, nullable=False))  # JSON list of names
    train_per_class: str = Field(sa_column=Column(Text, nullable=False))  # JSON list of counts
    val_per_class: str = Field(sa_column=Column(Text, nullable=False))
    added_at: float
    prompts: str | None = Field(default=None, sa_column=Column(Text))  # path of a CSV class,prompt
    splits: str | None = Field(default=None, sa_column=Column(Text))  # path of the split files
    skipped: str = Field(
        default="[]", sa_column=Column(Text, nullable=False, server_default="[]")
    )  # JSON list of {"file", "why"}
    size: str | None = Field(default=None, sa_column=Column(Text))  # JSON [H, W, channels]


class Trial(SQLModel, table=True):
    """One student and its teachers; columns repeat what people filter and group by."""

    __table_args__ = {"sqlite_autoincrement": True}  # people quote ids: none is used twice
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    name: str
    spec: str = Field(sa_column=Column(Text, nullable=False))  # TrialSpec as JSON
    dataset: str = Field(index=True)
    limit_train: int | None
    recipe: str
    seed: int
    teachers: str
    encoder: str | None
    modality: str | None
    wn: int | None
    noise: int | None
    val_text: str | None
    added_at: float
    method: str = Field(default="kd", sa_column=Column(Text, nullable=False, server_default="kd"))
    changes: str = Field(
        default="{}", sa_column=Column(Text, nullable=False, server_default="{}")
    )  # JSON object: dotted name → value
    capture: str | None = Field(default=None, sa_column=Column(Text))  # what it was queued with
    dataset_key: str | None = Field(default=None, sa_column=Column(Text))  # of the content
    note: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


class TrialTag(SQLModel, table=True):
    """A word that a person put on a trial."""

    __tablename__ = "trial_tag"
    trial_id: int = Field(
        sa_column=Column(ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True)
    )
    tag: str = Field(primary_key=True)


class SavedFilter(SQLModel, table=True):
    """A search that a person gave a name."""

    __tablename__ = "saved_filter"
    name: str = Field(primary_key=True)
    what: str  # trials or jobs
    text: str
    sort: str
    down: int


class Job(SQLModel, table=True):
    """One node of the plan. `position` orders the queue; `handle` is the executor's own word."""

    __table_args__ = (
        Index(  # what supervisors walk to find the next job
            "ix_job_waiting",
            text("priority DESC"),
            "position",
            sqlite_where=text("state = 'waiting'"),
        ),
        Index("ix_job_name", "kind", "name"),
        Index("ix_job_done", text("finished_at DESC"), sqlite_where=text("state = 'done'")),
        Index(  # so that figures are found and sorted by without reading results
            "ix_job_figures",
            "kind",
            "id",
            text(figure("best.val_top1")),
            text(figure("last.val_top1")),
            text(figure("image_share")),
            sqlite_where=text(FIGURED),
        ),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    kind: str
    name: str
    spec: str = Field(sa_column=Column(Text, nullable=False))  # kind, name, settings, inputs
    # JSON {"name", "kind", "path", "prompts", "splits", "skipped"} of the dataset on this
    # host: outside of the key
    data: str | None = None
    state: str = Field(index=True)  # waiting running paused done failed cancelled lost
    # where a running job is to be brought: cancelled, paused, or back to waiting
    wanted: str | None = None
    reason: str | None = None  # one line: why it failed, was lost or cancelled
    position: int = Field(index=True)
    done: int = 0  # progress in units
    total: int = 0
    unit: str = ""
    rate: float | None = None  # units per second
    attempt: int = 0
    handle: str | None = None
    supervisor: str | None = None  # which supervisor's job this is
    slot: str | None = None  # which of the machine's slots it occupies while it runs
    device: str | None = None  # what it computes on, in the job's own words
    result: str | None = Field(default=None, sa_column=Column(Text))  # JSON of final figures
    events_offset: int = 0  # bytes of events.jsonl already in the database
    queued_at: float
    started_at: float | None = None
    finished_at: float | None = None
    # higher ones start first; equal ones fairly between trials, then by position
    priority: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    # how often in a row it was lost with no progress made
    losses: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    retry_at: float | None = None  # a lost job that waits starts again no earlier
    capture: str | None = Field(default=None, sa_column=Column(Text))  # what it was queued with


class Attempt(SQLModel, table=True):
    """One run of a job, from its claim to its end; a job that was lost or paused has several."""

    __table_args__ = (
        Index("ix_attempt_memory", "host", "started_at", sqlite_where=text("memory IS NOT NULL")),
        {"sqlite_with_rowid": False},
    )
    job_id: int = Field(
        sa_column=Column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    )
    number: int = Field(primary_key=True)  # from 1
    supervisor: str
    host: str
    slot: str
    device: str | None  # what it computed on, in the job's own words
    engine: str | None  # digest of the engine's source that did it
    done_before: int  # the job's progress in units when it began
    started_at: float
    ended_at: float | None  # None while it runs
    seconds: float | None  # how long it ran, on a clock that nobody sets
    # done, failed, cancelled, paused, lost, preempted, disk full, or stopped (with its supervisor)
    ending: str | None
    reason: str | None
    memory: int | None  # bytes of its GPU at most
    host_memory: int | None  # bytes of the host at most
    together: int | None  # how many jobs its process did: they share memory and seconds
    place: str | None  # where a cluster has put it, in its executor's words; `host` is run-queue's


class Capture(SQLModel, table=True):
    """What a trial was queued with; equal ones are one row."""

    id: str = Field(primary_key=True)  # hash of all but `taken_at`
    wnkd: str  # version
    revision: str | None  # the commit, where wnkd runs from a checkout
    diff: str | None = Field(sa_column=Column(Text))  # from that commit; None where there is none
    engine: str  # digest of the engine's source
    python: str
    platform: str
    packages: str = Field(sa_column=Column(Text, nullable=False))  # JSON object: name → version
    taken_at: float


class TrialJob(SQLModel, table=True):
    """Which jobs a trial needs, in the plan's order."""

    __tablename__ = "trial_job"
    __table_args__ = (Index("ix_trial_job_trials", "job_id", "trial_id"),)
    trial_id: int = Field(
        sa_column=Column(ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True)
    )
    job_id: int = Field(
        sa_column=Column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    )
    place: int


class JobInput(SQLModel, table=True):
    """An edge of the plan: `job_id` reads what `input_id` made, under `role`."""

    __tablename__ = "job_input"
    job_id: int = Field(
        sa_column=Column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    )
    role: str = Field(primary_key=True)
    input_id: int = Field(
        sa_column=Column(ForeignKey("job.id", ondelete="CASCADE"), nullable=False, index=True)
    )


class Metric(SQLModel, table=True):
    """A number at a step (an epoch). The key makes a line that is read twice count once."""

    __table_args__ = {"sqlite_with_rowid": False}
    job_id: int = Field(
        sa_column=Column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    )
    name: str = Field(primary_key=True)
    step: int = Field(primary_key=True)
    value: float


class Supervisor(SQLModel, table=True):
    """A `run-queue` that is or was at work; alive while its heartbeat is fresh."""

    id: str = Field(primary_key=True)
    host: str
    pid: int
    started_at: float
    heartbeat: float
    note: str | None  # one line for people: what it waits for
    process: str | None = None  # str(engine.process.ProcessId)
    beat: float | None = None  # the heartbeat on engine.process.uptime


class Setting(SQLModel, table=True):
    """Small facts to remember, such as the dataset used last."""

    name: str = Field(primary_key=True)
    value: str
