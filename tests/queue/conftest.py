import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.plan import JobSpec, Plan
from engine.spec import Teachers, TrialSpec
from wnkd_tui import config
from wnkd_tui.config import QueueConfig
from wnkd_tui.home import Home
from wnkd_tui.queue import jobdir
from wnkd_tui.queue.executors.launchers import WARM, Launcher, WarmLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.slots import Slot, find_slots
from wnkd_tui.queue.supervisor import Supervisor
from wnkd_tui.store import claims, commands, queries
from wnkd_tui.store.database import connect
from wnkd_tui.store.work import Work

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CONFIG = """[queue]
retries = 3
backoff = 0.01
backoff_limit = 0.05
grace = 1.0
free_disk = 0
"""
FAKE_SERVER = [*WARM, "--target", "fake_job:run", "--preload", "engine.events"]
PATIENCE = 30.0  # seconds after which a test that hangs is ended


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema and nothing else."""
    home = Home(tmp_path_factory.mktemp("prepared"))
    connect(home).close()
    return home.db


@pytest.fixture
def home(tmp_path: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{HERE}")
    home = Home(tmp_path / "home")
    for directory in (home.root, home.jobs, home.artifacts, home.cache):
        directory.mkdir()
    shutil.copy(prepared, home.db)
    (home.root / config.CONFIG).write_text(CONFIG)
    return home


@pytest.fixture
def conn(home: Home) -> Iterator[sqlite3.Connection]:
    with closing(connect(home)) as connection:
        yield connection


class Queue:
    """A home with jobs and supervisors, as tests handle it."""

    def __init__(self, home: Home, conn: sqlite3.Connection) -> None:
        self.home = home
        self.conn = conn
        self._trials = 0
        self.processes: list[subprocess.Popen[bytes]] = []

    @staticmethod
    def job(name: str, *after: JobSpec, **settings: Any) -> JobSpec:
        """A job for the fake; its key follows from name and settings."""
        inputs = {f"input{n}": spec.key for n, spec in enumerate(after)}
        return JobSpec("teacher", name, {"name": name, **settings}, inputs)

    @staticmethod
    def until(true: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.02)

    @staticmethod
    def alive(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def add(self, *jobs: JobSpec) -> list[int]:
        """Queues the jobs as one new trial; their ids in the order given."""
        self._trials += 1
        spec = TrialSpec("digits", "demo", Teachers.NONE, None, seed=self._trials)
        added = commands.add_trials(self.home, [Plan(spec, jobs)], None)
        ids = {row.key: row.id for row in added.jobs}
        return [ids[one.key] for one in jobs]

    def config(self, **changes: Any) -> QueueConfig:
        return config.load(self.home).queue.model_copy(update=changes)

    def supervisor(self, slots: int = 2, *, notices: Any = None, **changes: Any) -> Supervisor:
        """One with the fake job; `changes` of its configuration."""
        return self.supervisor_on(
            WarmLauncher(self.home.root / "warm.log", FAKE_SERVER),
            find_slots(slots, gpus=[]),
            notices=notices,
            **changes,
        )

    def supervisor_on(
        self, launcher: Launcher, slots: Sequence[Slot], *, notices: Any = None, **changes: Any
    ) -> Supervisor:
        return Supervisor(
            self.home,
            LocalExecutor(launcher),
            slots,
            config=self.config(**changes),
            notices=notices,
            poll=0.02,
        )

    def claim(
        self,
        supervisor: str = "me",
        *,
        host: str = "host",
        now: float | None = None,
        prepare: Callable[[Work], object] | None = None,
        has: Callable[[str], bool] = lambda key: True,
        horizon: float = float("inf"),
        among: Sequence[int] | None = None,
    ) -> Work | None:
        """What a supervisor does first, with a slot for every job; its directory is prepared."""

        def prepared(claimed: Work) -> None:
            jobdir.prepare(self.home, claimed)

        return claims.claim(
            self.conn,
            supervisor,
            host,
            time.time() if now is None else now,
            lambda job, taken: f"slot {job.id}",
            prepare or prepared,
            has=has,
            horizon=horizon,
            among=among,
        )

    def drain(self, act: Callable[[], object] | None = None, slots: int = 2) -> int:
        """Runs a supervisor here until all is done; `act` is called at every tick."""
        return self.run(self.supervisor(slots), act)

    def run(
        self, supervisor: Supervisor, act: Callable[[], object] | None = None, drain: bool = True
    ) -> int:
        deadline = time.monotonic() + PATIENCE

        def on_tick(_: sqlite3.Connection) -> None:
            assert time.monotonic() < deadline, self.states()
            if act:
                act()

        return supervisor.run(drain, on_tick=on_tick)

    def start_process(self, *arguments: str, slots: int = 2) -> subprocess.Popen[bytes]:
        """A supervisor as a process of its own."""
        process = subprocess.Popen(
            [sys.executable, HERE / "run_fake_queue.py", self.home.root, str(slots), *arguments]
        )
        self.processes.append(process)
        return process

    def states(self) -> dict[str, str]:
        return {row.name: row.state for row in queries.jobs(self.conn)}

    def row(self, job_id: int) -> queries.JobRow:
        return queries.job(self.conn, job_id)

    def directory(self, job_id: int) -> Path:
        return self.home.job(self.row(job_id).key)

    def pids(self, job_id: int) -> list[int]:
        """Of every run that the job has had."""
        path = self.directory(job_id) / "runs.txt"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def losses(self, job_id: int) -> list[tuple[int, float]]:
        return queries.metrics(self.conn, job_id).get("loss", [])


@pytest.fixture
def work(home: Home, conn: sqlite3.Connection) -> Iterator[Queue]:
    queue = Queue(home, conn)
    yield queue
    for process in queue.processes:
        process.kill()
        process.wait()
    for row in queries.jobs(conn):
        for pid in queue.pids(row.id):
            for member in psutil.pids():
                if _group(member) == pid:
                    psutil.Process(member).kill()


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
