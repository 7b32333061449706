"""Students side by side in one process: the bits of each alone, every view and answer once."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.data import digits
from engine.events import CANCEL, PAUSE, read_events
from engine.plan import DatasetRef, JobSpec, plan
from engine.running import main, run
from engine.spec import Method, Teachers, TrialSpec
from engine.together import Shared, company
from engine.train.image import ImageTask
from engine.train.teachers import Network, Table
from engine.train.views import Views

EPOCHS, STEPS = 3, 4
SMALL = (
    ("student.arch", "resnet8"),
    ("student.optimiser.batch", 32),
    ("student.optimiser.epochs", EPOCHS),
    ("teacher.arch", "resnet8"),
    ("teacher.optimiser.epochs", 1),
)


def trial(
    teachers: str = "T_m", method: str = "kd", changes: Mapping[str, object] | None = None
) -> tuple[JobSpec, ...]:
    spec = TrialSpec(
        "digits",
        "demo",
        Teachers(teachers),
        None,
        limit_train=150,
        method=Method(method),
        changes=(*SMALL, *(changes or {}).items()),
    )
    return plan(spec, DatasetRef(digits.NAME, digits.KEY, digits.TRAIN_PER_CLASS)).jobs


ONLINE = {"logits.keep": "none"}
STUDENTS = {
    "kd": trial()[-1],
    "zscore": trial(method="zscore")[-1],
    "online": trial(changes=ONLINE)[-1],
    "online zscore": trial(method="zscore", changes=ONLINE)[-1],
    "alone": trial("none")[-1],
}


class Place:
    """Where teachers are made and students are run, each by its name."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench

    def directory(self, name: str) -> Path:
        """Ready for a run; what it was asked before is forgotten."""
        directory: Path = self.bench.prepare(STUDENTS[name])
        for left in ("exit.json", CANCEL, PAUSE):
            (directory / left).unlink(missing_ok=True)
        return directory

    def run(self, *names: str) -> int:
        return run(*map(self.directory, names))

    def word(self, name: str) -> dict[str, Any]:
        word: dict[str, Any] = json.loads(
            (self.bench.prepare(STUDENTS[name]) / "exit.json").read_text()
        )
        return word

    def bits(self, name: str) -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.bench.store.path(STUDENTS[name].key).iterdir()
        }

    def said(self, name: str) -> list[str]:
        events = read_events(self.bench.prepare(STUDENTS[name]) / "events.jsonl")
        return [event["text"] for event, _ in events if event["type"] == "log"]


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, bench_at: Callable[[Path], Any]) -> Path:
    """Artifacts of T_1s and T_2w and their tables."""
    bench = bench_at(tmp_path_factory.mktemp("taught"))
    bench.run(trial()[:-1])
    return bench.store.root


@pytest.fixture
def place(taught: Path, tmp_path: Path, bench_at: Callable[[Path], Any]) -> Place:
    bench = bench_at(tmp_path)
    shutil.copytree(taught, bench.store.root)
    return Place(bench)


@pytest.fixture(scope="module")
def alone(
    taught: Path, tmp_path_factory: pytest.TempPathFactory, bench_at: Callable[[Path], Any]
) -> dict[str, dict[str, str]]:
    """The bits of each student that had a process of its own."""
    bench = bench_at(tmp_path_factory.mktemp("alone"))
    shutil.copytree(taught, bench.store.root)
    place = Place(bench)
    assert [place.run(name) for name in STUDENTS] == [0] * len(STUDENTS)
    return {name: place.bits(name) for name in STUDENTS}


def counted(monkeypatch: pytest.MonkeyPatch, count: Counter[str], kind: type, name: str) -> None:
    method = getattr(kind, name)

    def counting(self: Any, *arguments: Any, **named: Any) -> Any:
        count[f"{kind.__name__}.{name}"] += 1
        return method(self, *arguments, **named)

    monkeypatch.setattr(kind, name, counting)


def at_epoch(monkeypatch: pytest.MonkeyPatch, epoch: int, act: Callable[[int], None]) -> None:
    """Calls `act` with how many students have begun `epoch`, each time that one has."""
    begin, begun = ImageTask.begin_epoch, []

    def begin_epoch(self: ImageTask, now: int) -> None:
        begin(self, now)
        if now == epoch:
            begun.append(self)
            act(len(begun))

    monkeypatch.setattr(ImageTask, "begin_epoch", begin_epoch)


def test_together_they_end_with_the_bits_of_each_alone_and_share_the_work(
    place: Place, alone: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    count: Counter[str] = Counter()
    for kind, name in ((Views, "pixels"), (Network, "_answer"), (Table, "read")):
        counted(monkeypatch, count, kind, name)
    assert place.run(*STUDENTS) == 0
    assert {name: place.bits(name) for name in STUDENTS} == alone
    assert count == {
        "Views.pixels": EPOCHS * STEPS,
        "Network._answer": EPOCHS * STEPS * 2,  # teachers
        "Table.read": EPOCHS * 2,
    }


def test_each_ends_for_itself_and_goes_on_for_itself(
    place: Place, alone: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled, paused = place.directory("kd"), place.directory("zscore")
    broken = place.directory("alone")
    (broken / "job.json").write_text((broken / "job.json").read_text().replace('"arch"', '"arc"'))

    def ask(begun: int) -> None:
        (cancelled / CANCEL).touch()
        (paused / PAUSE).touch()

    with pytest.MonkeyPatch.context() as patch:
        at_epoch(patch, 1, ask)
        assert run(cancelled, paused, broken, place.directory("online")) == 143
    states = {name: place.word(name)["state"] for name in ("kd", "zscore", "alone", "online")}
    assert states == {"kd": "cancelled", "zscore": "paused", "alone": "failed", "online": "done"}
    assert place.word("kd")["reason"] == "asked to end"
    assert "KeyError: 'arch'" in (broken / "output.log").read_text()
    assert not (cancelled / "output.log").exists()
    assert place.bits("online") == alone["online"]

    # One is an epoch behind the other: it catches up.
    count: Counter[str] = Counter()
    counted(monkeypatch, count, Table, "read")
    assert place.run("zscore", "kd", "alone") == 0
    assert "resumed after epoch 1" in place.said("kd")
    assert "resumed after epoch 2" in place.said("zscore")
    assert count == {"Table.read": 2 * 2}
    for name in ("kd", "zscore", "alone"):
        assert place.bits(name) == alone[name]


def test_sigterm_ends_all_and_each_goes_on_alone(
    place: Place, alone: dict[str, dict[str, str]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        at_epoch(patch, 1, lambda begun: os.kill(os.getpid(), signal.SIGTERM))
        assert place.run("kd", "online") == 143
    for name in ("kd", "online"):
        assert place.word(name)["reason"] == "stopped by SIGTERM"
        assert place.word(name)["state"] == "cancelled"
        assert place.run(name) == 0
        assert "resumed after epoch 1" in place.said(name)
        assert place.bits(name) == alone[name]


KILLED = """
import os, signal, sys
from pathlib import Path
from engine.running import run
from engine.train.image import ImageTask
begin = ImageTask.begin_epoch
def begin_epoch(self, epoch):
    if epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    begin(self, epoch)
ImageTask.begin_epoch = begin_epoch
run(*map(Path, sys.argv[1:]))
"""


def test_killed_together_they_go_on_with_others(
    place: Place, alone: dict[str, dict[str, str]]
) -> None:
    directories = [place.directory(name) for name in ("zscore", "online")]
    killed = subprocess.run([sys.executable, "-c", KILLED, *map(str, directories)], check=False)
    assert killed.returncode == -signal.SIGKILL
    for directory in directories:
        assert not (directory / "exit.json").exists()
        record = json.loads((directory / "process.json").read_text())
        assert record["together"] == list(map(str, directories))
    assert place.run("online", "kd", "zscore") == 0
    assert any("resumed after epoch" in line for line in place.said("online"))
    for name in ("online", "kd", "zscore"):
        assert place.bits(name) == alone[name]


def test_one_that_another_process_makes_waits_and_the_others_go_on(
    place: Place, alone: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = place.bench.store.lock(STUDENTS["kd"].key)
    elsewhere.acquire()
    at_epoch(monkeypatch, 2, lambda begun: elsewhere.release())
    assert place.run("kd", "alone") == 0
    assert {name: place.bits(name) for name in ("kd", "alone")} == {
        name: alone[name] for name in ("kd", "alone")
    }


def test_only_students_who_see_the_same_are_of_one_company() -> None:
    of = {name: company(job.kind, job.settings) for name, job in STUDENTS.items()}
    assert len(set(of.values())) == 1
    for teacher in trial()[:-1]:
        assert company(teacher.kind, teacher.settings) is None
    views = next(job.settings for job in trial() if job.kind == "logits")
    base = STUDENTS["kd"].settings
    for name in views:  # all that decides the pixels of a view
        other = company("student", {**base, name: "other"})
        assert other != company("student", base), name
    batch = {**base, "optimiser": {**base["optimiser"], "batch": 16}}
    assert company("student", batch) != company("student", base)


def test_strangers_are_not_given_a_process(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    teacher = place.bench.prepare(trial()[0])
    student = place.directory("kd")
    assert main([str(student), str(teacher)]) == 2
    assert "share a process" in capsys.readouterr().err
    assert not (student / "exit.json").exists()


def test_what_nobody_uses_any_more_is_made_anew() -> None:
    class Thing:
        pass

    shared, made = Shared(), []

    def make() -> Thing:
        made.append(None)
        return Thing()

    thing = shared.once("a", make)
    assert shared.once("a", make) is thing
    assert shared.once("b", make) is not thing
    del thing
    shared.once("a", make)
    assert len(made) == 3
