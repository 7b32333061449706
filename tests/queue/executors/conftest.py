"""A Slurm that is played, with its nodes, and jobs' directories."""

import json
import time

import pytest

from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import NotNowError
from wnkd_tui.queue.executors.slurm import allocations
from wnkd_tui.queue.executors.slurm.commands import ClusterJob
from wnkd_tui.queue.executors.slurm.executor import SlurmExecutor
from wnkd_tui.queue.executors.slurm.profile import cluster_profile

PATIENCE = 20.0


class PlayedSlurm:
    """`state` of every allocation by name; tests set it. `down`: nothing answers."""

    def __init__(self):
        self.state, self.ids, self.options = {}, {}, {}
        self.cancelled, self.down, self.refuses, self.asked = [], None, None, 0
        self.heard = False  # whether what it refuses was taken all the same

    def missing(self):
        return []

    def cluster(self):
        return "played"

    def submit(self, options, script):
        name = script.parent.name
        if self.refuses and not self.heard:
            raise self.refuses
        self.state[name] = "PENDING"
        self.ids[name] = str(len(self.ids) + 1)
        self.options[name] = options
        if self.refuses:
            raise self.refuses
        return self.ids[name]

    def jobs(self):
        self.asked += 1
        if self.down:
            raise NotNowError(self.down)
        return {
            name: ClusterJob(id, self.state[name], "Priority", "node7", "low", name)
            for name, id in [*self.ids.items()]
        }

    def waiting(self, partition):
        return ["99", *self.ids.values()]

    def past(self, names):
        return {}

    def cancel(self, jobs):
        for job in jobs:
            self.cancelled.append(job.name)
            self.state[job.name] = "CANCELLED"


@pytest.fixture
def slurm():
    return PlayedSlurm()


@pytest.fixture
def jobs(tmp_path):
    (tmp_path / "jobs").mkdir()
    return tmp_path / "jobs"


@pytest.fixture
def make_job(jobs):
    def make(name, kind="student", ranks=1):
        (jobs / name).mkdir()
        plan = {"kind": kind, "name": f"S_s {name}", "run": {"ranks": ranks}}
        (jobs / name / "job.json").write_text(json.dumps(plan))
        return jobs / name

    return make


@pytest.fixture
def start(tmp_path, jobs, slurm, monkeypatch):
    """Starts an executor; `start(more="…")` with lines of a profile."""
    started = []
    monkeypatch.setattr(allocations, "AGAIN", 0.3)

    def begin(more=""):
        path = tmp_path / "slurm.toml"
        path.write_text(f"every = 1.0\n{more}")
        profile = cluster_profile(Home(tmp_path), path).model_copy(update={"every": 0.01})
        one = SlurmExecutor(profile, jobs, tmp_path / "allocations", slurm)
        started.append(one)
        _until(one.ready)
        return one

    yield begin
    for one in started:
        one.close()


@pytest.fixture
def until():
    return _until


def _until(true):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
