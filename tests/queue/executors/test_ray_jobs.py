"""Jobs through a Ray that is played: its nodes are folders here, its workers objects."""

import errno
import json
import os
import pickle
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.artifacts import ArtifactStore
from engine.events import read_events
from engine.process import ProcessId
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import Alive, Cause, Gone
from wnkd_tui.queue.executors.launchers import News, PlainLauncher
from wnkd_tui.queue.executors.ray import arrivals, courier, node
from wnkd_tui.queue.executors.ray import pieces as parts
from wnkd_tui.queue.executors.ray.arrivals import Arrivals
from wnkd_tui.queue.executors.ray.cluster import LostError, RefusedError, ShortOfMemoryError
from wnkd_tui.queue.executors.ray.courier import Courier
from wnkd_tui.queue.executors.ray.executor import RayExecutor, slots_of
from wnkd_tui.queue.executors.ray.node import Place, Worker
from wnkd_tui.queue.executors.ray.profile import cluster_profile

HERE = Path(__file__).parent
FAKE = [sys.executable, str(HERE / "fake_training.py")]
PATIENCE = 20.0


class PlayedRemote:
    """A worker on the node whose folder is `root`, once the cluster has `room`."""

    def __init__(self, cluster, root):
        self.cluster, self.root = cluster, root
        self.worker, self.ended, self.asked = None, False, []
        self.ends_with = LostError("its node has died")

    def ask(self, method, *values, meanwhile=None):
        self.asked.append(method)
        while not (self.cluster.room.wait(0.01) or self.ended):
            meanwhile()
        if self.ended:
            raise self.ends_with
        try:
            if self.worker is None:
                where = Place(self.root.name, ("0",))
                self.worker = Worker(str(self.root), lambda: where, PlainLauncher(FAKE))
            answer = getattr(self.worker, method)(*pickle.loads(pickle.dumps(values)))
            return pickle.loads(pickle.dumps(answer))
        except OSError as error:
            raise RefusedError(str(error)) from None

    def end(self):
        """As the end of a worker's process: what it held is closed."""
        if not self.ended and self.worker:
            os.close(self.worker._cache.held)
            self.worker._guard.stdin.close()
        self.ended = True


class PlayedCluster:
    def __init__(self, root):
        self.root, self.remotes, self.room = root, [], threading.Event()
        self.room.set()

    def begin(self, needs, cache):
        self.remotes.append(PlayedRemote(self, self.root / "box1"))
        self.needs = needs
        return self.remotes[-1]

    def waits_for(self, needs):
        return "no node of the cluster has 1 GPU"

    def close(self):
        self.room.clear()


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(parts, "PIECE", 512)
    monkeypatch.setenv("PYTHONPATH", str(HERE.parents[2]))


@pytest.fixture
def cluster(tmp_path):
    return PlayedCluster(tmp_path)


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    for folder in (home.jobs, home.artifacts, home.cache, home.files, tmp_path / "digits/a"):
        folder.mkdir(parents=True)
    (home.files / "nouns.txt").write_text("dog\n")
    (tmp_path / "digits/a/0.png").write_bytes(b"pixels")
    with ArtifactStore(home.artifacts).publish("aa" * 32, {"key": "aa" * 32}) as out:
        (out / "data").write_bytes(bytes(range(256)) * 9)
    return home


@pytest.fixture
def executor(home, cluster):
    profile = cluster_profile(home, None, None).model_copy(update={"every": 0.05})
    executor = RayExecutor(profile, home, cluster)
    yield executor
    executor.close()


@pytest.fixture
def make_job(home, tmp_path):
    def make(kind="student", **settings):
        key = f"{len(list(home.jobs.iterdir())):02}" * 32
        directory = home.job(key)
        directory.mkdir()
        record = {
            "key": key,
            "kind": kind,
            "inputs": {"embedded": "aa" * 32},
            "settings": {"steps": 4, "dataset_key": "dd" * 32, "nouns": "file:nouns.txt"}
            | settings,
            "run": {
                "artifacts": str(home.artifacts),
                "cache": str(home.cache),
                "files": str(home.files),
                "data": {"name": "digits", "path": str(tmp_path / "digits"), "prompts": None},
                "ranks": 2,
            },
        }
        (directory / "job.json").write_text(json.dumps(record))
        return directory

    return make


def until(true):
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return found


def gone(executor, handle):
    until(lambda: isinstance(executor.poll(handle), Gone))
    return executor.poll(handle)


def steps(job):
    try:
        return [event["step"] for event, _ in read_events(job / "events.jsonl")]
    except FileNotFoundError:
        return []


def word(job):
    return json.loads((job / "exit.json").read_text())["state"]


def test_what_a_job_reads_goes_there_and_what_it_makes_comes_home(
    executor, cluster, make_job, home, tmp_path
):
    job = make_job(gate=str(tmp_path / "gate"))
    handle = executor.submit(job, {})
    until(lambda: steps(job) == [1, 2])  # while it runs
    alive = executor.poll(handle)
    assert alive == Alive(where="Ray node box1, GPU 0", since=alive.since)
    assert time.time() - alive.since < PATIENCE
    (tmp_path / "gate").touch()
    end = gone(executor, handle)
    assert (end.code, end.told, end.last) == (0, None, alive)
    assert end.seconds > 0
    assert (steps(job), word(job)) == ([1, 2, 3, 4], "done")
    assert (job / "output.log").read_text() == "begins at 1\n"
    assert not (job / "checkpoints").exists()
    store, key = ArtifactStore(home.artifacts), json.loads((job / "job.json").read_text())["key"]
    made, there = store.path(key), ArtifactStore(tmp_path / "box1/artifacts").path(key)
    assert store.fault(key) is None
    assert {one.name: one.read_bytes() for one in made.iterdir()} == {
        one.name: one.read_bytes() for one in there.iterdir()
    }
    assert (made / "embedded").stat().st_size == 9 * 256
    assert ((made / "given").read_text(), (made / "dataset").read_text()) == ("dog\n", "pixels")
    until(lambda: not list((tmp_path / "box1/runs").iterdir()))
    assert cluster.needs == {"GPU": 2, "CPU": 1}

    handle = executor.submit(make_job(kind="wordnet"), {})
    assert gone(executor, handle).code == 0
    assert {"put", "keep"}.isdisjoint(cluster.remotes[-1].asked)  # it is all there
    assert cluster.needs == {"CPU": 1}


def test_a_lost_node_is_a_lost_job_that_goes_on_from_what_came_home(
    executor, cluster, make_job, tmp_path
):
    job = make_job(gate=str(tmp_path / "gate"))
    handle = executor.submit(job, {})
    until(lambda: (job / "checkpoints/checkpoint-00002.pt").exists())
    process = ProcessId.parse(cluster.remotes[0].worker._handle)
    cluster.remotes[0].end()
    end = gone(executor, handle)
    assert end.told == "Ray node box1, GPU 0: its node has died"
    assert (end.code, end.signal, end.cause) == (None, None, None)
    assert not (job / "exit.json").exists()
    until(lambda: not process.runs())  # its guard ended it
    with (job / "events.jsonl").open("a") as events:
        events.write('{"t": 1, "ty')  # in the middle of which run-queue died
    (tmp_path / "gate").touch()
    assert gone(executor, executor.submit(job, {})).code == 0
    assert steps(job) == [1, 2, 3, 4]
    assert (job / "output.log").read_text().splitlines() == ["begins at 1", "begins at 3"]


@pytest.fixture
def with_memory(home):
    """A profile that says how many GiB a job takes."""
    usual = cluster_profile(home, None, None)
    return lambda memory: usual.model_copy(update={"every": 0.05, "memory": memory})


def test_a_job_that_took_more_memory_than_it_said_fails(
    home, cluster, make_job, tmp_path, with_memory
):
    executor = RayExecutor(with_memory(0.001), home, cluster)
    handle = executor.submit(job := make_job(gate=str(tmp_path / "gate")), {})
    until(lambda: steps(job) == [1, 2])
    cluster.remotes[0].ends_with = ShortOfMemoryError("its node was running low on memory")
    cluster.remotes[0].end()
    end = gone(executor, handle)
    assert end.cause is Cause.MEMORY
    assert end.told.startswith("Ray node box1, GPU 0: its node was running low on memory; it took")
    assert end.told.endswith(" GiB, more than the 0.001 of the profile's `memory`")


@pytest.mark.parametrize(
    ("memory", "cause", "told"),
    [
        (0, None, "low on memory; let `memory` in the profile say how much a job takes"),
        (4, Cause.MEMORY, "it took 5.0 GiB, more than the 4 of the profile's `memory`"),
        (6, None, "its node was low on memory"),
    ],
)
def test_ray_may_have_ended_a_job_for_what_others_took(
    cluster, make_job, with_memory, memory, cause, told
):
    one = Courier(cluster, with_memory(memory), make_job(), News(), in_place=False)
    one._took = 5 << 30
    end = one._short_of_memory("its node was low on memory")
    assert end.cause is cause
    assert end.told.endswith(told)


def test_what_it_waits_for_is_told_and_it_can_be_withdrawn(executor, cluster, make_job):
    cluster.room.clear()
    handle = executor.submit(make_job(), {})
    until(lambda: executor.poll(handle).waits == "no node of the cluster has 1 GPU")
    executor.cancel(handle, 5.0)
    assert gone(executor, handle).cause is Cause.NEVER_BEGUN


@pytest.mark.parametrize("wish", ["cancelled", "paused"])
def test_wishes_reach_the_job(executor, cluster, make_job, tmp_path, wish):
    job = make_job(gate=str(tmp_path / "gate"))
    handle = executor.submit(job, {})
    until(lambda: steps(job) == [1, 2])
    if wish == "paused":
        (job / "pause").touch()
    else:
        executor.cancel(handle, 5.0)
    assert gone(executor, handle).code == 1
    assert word(job) == wish
    assert (job / "checkpoints/checkpoint-00002.pt").read_text() == "2"


def test_a_worker_that_does_not_obey_is_ended(executor, cluster, make_job, tmp_path, monkeypatch):
    monkeypatch.setattr(courier, "OBEYS", 0.0)
    job = make_job(gate=str(tmp_path / "gate"))
    handle = executor.submit(job, {})
    until(lambda: steps(job) == [1, 2])
    monkeypatch.setattr(node.LocalExecutor, "cancel", lambda *_: None)
    executor.cancel(handle, 0.0)
    assert gone(executor, handle).told.endswith("its node has died")


def test_a_full_disk_here_is_waited_for(executor, make_job, home, monkeypatch):
    monkeypatch.setattr(courier, "ROOM_AGAIN", 0.01)
    refused = {"append": 2, "place": 2}

    def refuse(what):
        refused[what] -= 1
        return refused[what] >= 0

    def place_later(root, batch, place=arrivals.place):
        if refuse("place"):
            raise OSError(errno.ENOSPC, "No space left on device")
        place(root, batch)

    def append_later(self, name, data, append=Arrivals.append):
        return 0 if data and refuse("append") else append(self, name, data)

    monkeypatch.setattr(arrivals, "place", place_later)
    monkeypatch.setattr(Arrivals, "append", append_later)
    job = make_job()
    assert gone(executor, executor.submit(job, {})).code == 0
    assert max(refused.values()) < 0
    assert (steps(job), word(job)) == ([1, 2, 3, 4], "done")
    key = json.loads((job / "job.json").read_text())["key"]
    assert ArtifactStore(home.artifacts).fault(key) is None


def test_another_wnkd_there_is_refused(executor, make_job, monkeypatch):
    monkeypatch.setattr(node, "DIGEST", "another")
    end = gone(executor, executor.submit(make_job(), {}))
    assert end.code == 1
    assert end.told.startswith("Ray node box1, GPU 0: has engine another, not ")


def test_where_the_home_is_seen_nothing_is_copied(home, cluster, make_job, tmp_path):
    profile = cluster_profile(home, None, None)
    seen = profile.model_copy(update={"every": 0.05, "seen": (str(tmp_path),)})
    executor = RayExecutor(seen, home, cluster)
    job = make_job()
    assert gone(executor, executor.submit(job, {})).code == 0
    assert (steps(job), word(job)) == ([1, 2, 3, 4], "done")
    assert not list((tmp_path / "box1/artifacts").iterdir())
    (job / "job.json").unlink()
    (tmp_path / "elsewhere").mkdir()
    assert {"put", "seed", "artifact"}.isdisjoint(cluster.remotes[0].asked)


def test_a_run_of_an_earlier_run_queue_has_ended_with_it(executor, make_job):
    assert executor.find(make_job()) is None
    assert "its run-queue ended" in executor.poll("ray 123").told


def test_what_is_missing_here_is_told(executor, make_job, home):
    (home.files / "nouns.txt").unlink()
    end = gone(executor, executor.submit(make_job(), {}))
    assert end.code == 1
    assert "'nouns.txt' is not in" in end.told


def test_slots(home):
    profile = cluster_profile(home, None, None)
    assert [(slot.name, slot.here, slot.ranks) for slot in slots_of(profile, 2, 4)] == [
        ("Ray 0", False, 4),
        ("Ray 1", False, 4),
    ]
