"""Files in pieces, what a job reads, profiles, and Ray's words made plain."""

import errno
import fcntl
import os
import sys
from types import SimpleNamespace

import pytest

from engine.errors import SpecError
from wnkd_tui.home import Home
from wnkd_tui.queue.executors.base import ExecutorError
from wnkd_tui.queue.executors.ray import cache, cluster, inputs, pieces
from wnkd_tui.queue.executors.ray.cache import Cache
from wnkd_tui.queue.executors.ray.cluster import LostError, RayCluster, RayRemote, RefusedError
from wnkd_tui.queue.executors.ray.executor import slots_of
from wnkd_tui.queue.executors.ray.pieces import Piece
from wnkd_tui.queue.executors.ray.profile import GIB, cluster_profile


@pytest.fixture
def load(tmp_path):
    """The profile that a text is."""

    def write(text, address=None):
        (tmp_path / "ray.toml").write_text(text, encoding="utf-8")
        return cluster_profile(Home(tmp_path), None, address)

    return write


def test_files_in_pieces_are_the_same_files(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 1000)
    here, there = tmp_path / "here", tmp_path / "there"
    files = {"a": b"", "b/c": bytes(700), "b/d": b"x" * 2500, "e": b"end"}
    for name, data in files.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_bytes(data)
    batches = list(pieces.pieces(here))
    assert max(sum(len(one.data) for one in batch) for batch in batches) <= 1000
    assert len(batches) < 6  # small ones travel together
    for _ in range(2):  # once more, as after a full disk
        for batch in batches:
            pieces.place(there, batch)
        assert {name: (there / name).read_bytes() for name in files} == files
    for batch in pieces.pieces(here / "b/d"):
        pieces.place(tmp_path / "alone", batch)
    assert (tmp_path / "alone").read_bytes() == files["b/d"]


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x"])
def test_no_piece_leads_out(tmp_path, name):
    with pytest.raises(ValueError, match="leads out of"):
        pieces.place(tmp_path, [Piece(name, 0, b"x")])


def test_a_dataset_is_sent_unless_nodes_see_it(load, tmp_path):
    (tmp_path / "prompts.csv").write_text("dog,a dog")
    data = {"name": "pets", "path": "/data/pets", "prompts": str(tmp_path / "prompts.csv")}
    record = {
        "key": "k",
        "inputs": {},
        "settings": {"dataset_key": "d" * 64, "encoder": "ViT-B-32/file:clip-1"},
        "run": {"artifacts": "/h/a", "files": str(tmp_path), "cache": "/h/c", "data": data},
    }
    (tmp_path / "clip-1").mkdir()
    sent = [tree.target for tree in inputs.trees(record, load(""))]
    assert sent[:2] == ["files/clip-1", f"datasets/{'d' * 32}/pets"]
    assert inputs.sent(record, load(""))["run"]["data"]["path"] == sent[1]
    seen = load('seen = ["/data"]')
    assert inputs.sent(record, seen)["run"]["data"]["path"] == "/data/pets"
    prompts = [tree.target for tree in inputs.trees(record, seen)][1]
    (tmp_path / "prompts.csv").write_text("dog,one dog")
    assert prompts != [tree.target for tree in inputs.trees(record, seen)][1]


@pytest.fixture
def cached(tmp_path):
    """A cache with what was used last long ago, and not so long ago."""
    first = Cache(tmp_path / "cache")
    old, new, used = "artifacts/aa/aa11", "datasets/dd/pets", "files/clip-1"
    for age, target in enumerate([used, old, new]):
        path = first.root / target
        path.mkdir(parents=True)
        (path / "data").write_bytes(b"x")
        os.utime(path, (age, age))
    first.use(used).release()
    return first.root, old, new, used


@pytest.mark.parametrize("short", [0, 1, 2, 9])
def test_what_was_not_used_for_longest_gives_way_on_a_full_disk(cached, monkeypatch, short):
    """Until there is room again, and never what a run uses."""
    root, *targets = cached
    looks = iter(range(20))
    monkeypatch.setattr(cache, "_is_almost_full", lambda _: next(looks) < short)
    Cache(root)
    old, new, used = [(root / target / "data").exists() for target in targets]
    assert (old, new, used) == (short < 2, short < 3, True)


def test_what_is_there_is_used_when_it_is_asked_for(cached):
    root, old, new, _ = cached
    assert not Cache(root).wants(new)
    assert (root / new).stat().st_mtime > 1e9
    assert (root / old).stat().st_mtime < 9


def test_a_disk_is_almost_full_by_its_size_and_by_what_is_left(monkeypatch, tmp_path):
    def almost_full(free, total):
        sizes = SimpleNamespace(free=free * GIB, total=total * GIB)
        monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: sizes)
        return cache._is_almost_full(tmp_path)

    assert (almost_full(9, 100), almost_full(11, 100)) == (True, False)
    assert (almost_full(19, 20_000), almost_full(21, 20_000)) == (True, False)


def test_a_run_is_held_by_what_a_network_file_system_can_lock(tmp_path, monkeypatch):
    """NFS locks no file for one alone that is not open for writing, and so no folder."""

    def flock(descriptor, how, flock=fcntl.flock):
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        flock(descriptor, how)

    monkeypatch.setattr(cache.fcntl, "flock", flock)
    monkeypatch.setattr(cache, "STALE", -1.0)
    one = Cache(tmp_path)
    two = Cache(tmp_path)
    assert one.run.exists()
    os.close(one.held)
    Cache(tmp_path)
    assert (one.run.exists(), two.run.exists()) == (False, True)


def test_a_profile(load, tmp_path, monkeypatch):
    monkeypatch.setenv("SCRATCH", "/fast")
    assert load("", "head:6379").address == "head:6379"
    assert load("memory = 2").needs(4) == {"GPU": 4, "CPU": 1, "memory": 2 * 2**30}
    assert str(cache.cache_of("$SCRATCH/wnkd")) == "/fast/wnkd"
    with pytest.raises(SpecError, match=r"gpus-per-job 2 needs num_gpus = 1 .*0\.5"):
        slots_of(load("num_gpus = 0.5"), None, 2)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("num_gpus = 1.5", "a whole number"),
        ('address = "ray://head:10001"', "a host that is no node"),
        ('cache = "here"', "must begin with /"),
        ('seen = ["data"]', "no absolute path"),
        ("gpus = 1", "gpus"),
    ],
)
def test_a_profile_that_cannot_be(load, line, told):
    with pytest.raises(ExecutorError, match=told):
        load(line)


class FakeRay(SimpleNamespace):
    """Of Ray what is needed to connect and to look at its nodes."""

    __version__ = "2.60.0"

    def __init__(self, fault=None):
        kinds = dict.fromkeys(("RayError", "RayTaskError", "RayActorError"), KeyError)
        super().__init__(exceptions=SimpleNamespace(**kinds), fault=fault)

    def init(self, **_):
        if self.fault:
            raise self.fault

    def remote(self, kind):
        return kind

    def nodes(self):
        def one(name, alive, **has):
            address = {"NodeManagerAddress": "10.0.0.1", "NodeManagerHostname": "host"}
            return {"NodeID": name, "NodeName": name, "Alive": alive, "Resources": has, **address}

        return [
            one("box1", True, CPU=8.0, GPU=2.0, memory=64 * 2.0**30),
            one("box2", False, GPU=8.0),
            one("10.0.0.1", True, CPU=8.0),
        ]

    def available_resources(self):
        return {"CPU": 4.0}


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), LostError, "No space left on device"),
        (OSError(errno.EACCES, "Permission denied"), RefusedError, "Permission denied"),
        (ValueError("'../x' leads out"), RefusedError, "ValueError: '../x' leads out"),
    ],
)
def test_what_one_node_has_no_room_for_another_may_have(fault, kind, told):
    class TaskError(Exception):
        cause = fault

    def get(_):
        raise TaskError

    ray = SimpleNamespace(exceptions=SimpleNamespace(RayTaskError=TaskError), get=get)
    actor = SimpleNamespace(put=SimpleNamespace(remote=lambda *_: None))
    with pytest.raises(kind, match=told):
        RayRemote(ray, actor).ask("put", [])


def test_what_a_job_waits_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", FakeRay())
    ray = RayCluster("auto")
    assert ray.waits_for({"GPU": 4.0}) == (
        "no node of the cluster has 4 GPU (box1 has 2 GPU; host has 0 GPU)"
    )
    told = "all nodes with 1 GPU, 32 GiB are taken (free in all: 0 GPU, 0 GiB)"
    assert ray.waits_for({"GPU": 1.0, "memory": 32 * 2.0**30}) == told


MISMATCH = """Version mismatch: The cluster was started with:
    Ray: 2.9.0
    Python: 3.10.2
This process on node 10.0.0.1 was started with:
    Ray: 2.60.0
    Python: 3.11.9
"""


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            RuntimeError(MISMATCH),
            "the cluster has Ray 2.9.0 and Python 3.10.2, this host Ray 2.60.0 and Python 3.11.9",
        ),
        (
            ConnectionError("Could not find any running Ray instance. Please"),
            r"no Ray cluster at auto \(Could not find any running Ray instance\): start one",
        ),
    ],
)
def test_why_there_is_no_cluster(monkeypatch, fault, told):
    monkeypatch.setitem(sys.modules, "ray", FakeRay(fault))
    with pytest.raises(ExecutorError, match=told) as caught:
        RayCluster("auto")
    assert "\n" not in str(caught.value)


def test_without_ray_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ExecutorError, match=r"ray is not installed here: pip install 'wnkd-tui\["):
        RayCluster("auto")


def test_of_what_ray_says_at_length_the_reason_is_told():
    died = "The actor died unexpectedly.\n\tclass_name: Worker\nThe actor died because its node"
    assert cluster.told(f"{died} has died. Node Id: 1\n\tmore") == (
        "The actor died because its node has died"
    )
    began = "error raised in its creation task, ray::Worker\nTraceback\nModuleNotFoundError: wnkd"
    assert cluster.told(began) == "ModuleNotFoundError: wnkd"
