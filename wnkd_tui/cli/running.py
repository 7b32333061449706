"""Doing the queue's work and telling how it goes; `run-queue` and `demo` share it."""

import sqlite3
import time
from contextlib import closing

from engine.errors import SpecError
from wnkd_tui.cli.narrator import Narrator, narrator
from wnkd_tui.config import load
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import Executor
from wnkd_tui.queue.executors.clusters import Cluster
from wnkd_tui.queue.executors.launchers import WarmLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.gpus import choose, look
from wnkd_tui.queue.notices import Notices
from wnkd_tui.queue.owner import owning
from wnkd_tui.queue.slots import find_slots
from wnkd_tui.queue.supervisor import Phase, Supervisor
from wnkd_tui.store import queries
from wnkd_tui.store.backups import backup
from wnkd_tui.store.connection import StoreError
from wnkd_tui.store.database import connect
from wnkd_tui.store.soundness import check

POLL, POLL_CLUSTER = 0.2, 1.0  # seconds between two looks at a job: of a cluster's, over a network
LOOK_EVERY = 0.5  # seconds between two looks at the jobs
LOOK_SHARE = 10  # and looks take a tenth of the time at most, however many jobs there are
COPY_EVERY = 86_400.0  # seconds between two copies of the database
NOTE_EVERY = 30.0  # seconds at least between two lines on what keeps it from starting jobs


def work(
    home: Home,
    *,
    drain: bool,
    gpus: str | None = None,
    slots_per_gpu: int | None = None,
    slots: int | None = None,
    fuse: int | None = None,
    gpus_per_job: int | None = None,
    cluster: Cluster | None = None,
) -> int:
    """Runs a supervisor here until it ends; its exit code (0, 1, or 130 after Ctrl-C).

    `gpus` names those to use, commas between; `fuse` and `gpus_per_job` are instead of
    config.toml's. With `cluster` jobs run there, and GPUs are its affair. The database is copied
    first, and once a day. Raises SpecError where one of the GPUs is not here, or numbers do not fit
    together, ConfigError for a config.toml that cannot be, StoreError for a damaged database,
    OwnerError where another run-queue has the queue, ExecutorError where the cluster cannot be
    asked.
    """
    config = load(home)
    own = {"fuse": fuse, "gpus_per_job": gpus_per_job}
    how = config.queue.model_copy(update={k: v for k, v in own.items() if v is not None})
    if how.fuse > 1 and how.gpus_per_job > 1:
        raise SpecError(
            f"fuse {how.fuse} and gpus-per-job {how.gpus_per_job}: several students share a GPU, or"
            " one has several; set one of them to 1"
        )
    no_gpu = ""
    if cluster:
        places = cluster.slots(slots, how.gpus_per_job)
    else:
        found = look()
        here = choose(found, gpus)
        places, no_gpu = find_slots(slots, slots_per_gpu, how.gpus_per_job, gpus=here), found.why
    if fault := check(home):
        raise StoreError(fault)
    backup(home)
    with (
        closing(connect(home)) as conn,
        owning(home, conn, cluster=cluster.kind if cluster else None),
        narrator() as telling,
        closing(Notices(config.notify, home)) as notices,
    ):
        _say_start(conn, telling, [place.name for place in places], no_gpu)
        supervisor = Supervisor(
            home,
            _executor(home, cluster),
            places,
            config=how,
            notices=notices,
            poll=POLL_CLUSTER if cluster else POLL,
        )
        code = supervisor.run(drain, on_tick=_Watch(home, supervisor, telling, drain))
        telling.end(queries.jobs(conn))
    return code


def _executor(home: Home, cluster: Cluster | None) -> Executor:
    if cluster:
        return cluster.executor()
    return LocalExecutor(WarmLauncher(home.root / "warm.log"))


def _say_start(conn: sqlite3.Connection, telling: Narrator, places: list[str], no_gpu: str) -> None:
    telling.start(queries.jobs(conn), places)
    if no_gpu:
        telling.say(f"no GPU: {no_gpu}; jobs run on the CPU")
    for other in queries.supervisors(conn, time.time()):
        if other.alive:
            telling.say(f"another run-queue works on this queue too ({other.host} {other.pid})")


class _Watch:
    """Called at every tick of the supervisor; tells what is new, and copies the database daily."""

    def __init__(self, home: Home, supervisor: Supervisor, telling: Narrator, drain: bool) -> None:
        self._home = home
        self._supervisor = supervisor
        self._telling = telling
        self._drain = drain
        self._next = self._next_note = 0.0  # on time.monotonic
        self._next_copy = time.monotonic() + COPY_EVERY
        self._phase, self._note = Phase.WORKING, Phase.WORKING.value

    def __call__(self, conn: sqlite3.Connection) -> None:
        now = time.monotonic()
        self._say_note(now)
        if now >= self._next:
            self._telling.look(queries.jobs(conn), idle_note=not self._drain)
            spent = time.monotonic() - now
            self._next = now + max(LOOK_EVERY, LOOK_SHARE * spent)
        if now >= self._next_copy:
            self._next_copy = now + COPY_EVERY
            self._copy()

    def _copy(self) -> None:
        try:
            backup(self._home)
        except StoreError as error:  # what is left of the work may be saved: no reason to stop it
            self._telling.say(str(error))

    def _say_note(self, now: float) -> None:
        """What the supervisor does or waits for, when that has changed."""
        phase, note = self._supervisor.phase, self._supervisor.note
        if phase is self._phase and (note == self._note or now < self._next_note):
            return
        hint = "; Ctrl-C again stops them" if phase is Phase.FINISHING else ""
        self._telling.say(f"{note}{hint}")
        self._phase, self._note = phase, note
        self._next_note = now + NOTE_EVERY
