"""Students who share a process: who starts with whom, and that each ends for itself."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from engine.data import digits
from engine.plan import DatasetRef, JobSpec, plan
from engine.process import ProcessId
from engine.spec import Teachers, TrialSpec
from wnkd_tui.queue.executors.base import Alive, Gone, NotNowError
from wnkd_tui.queue.executors.launchers import WARM, PlainLauncher, WarmLauncher
from wnkd_tui.queue.executors.local import LocalExecutor
from wnkd_tui.queue.housekeeping.processes import works_in
from wnkd_tui.queue.slots import find_slots
from wnkd_tui.store import commands, queries

HERE = Path(__file__).parent
STUDENTS = [*WARM, "--target", "fake_students:run", "--preload", "engine.events"]


def executor() -> LocalExecutor:
    return LocalExecutor(PlainLauncher([sys.executable, str(HERE / "fake_students.py")]))


@pytest.fixture
def directories(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE.parents[1]), str(HERE)]))
    found = [tmp_path / name for name in ("one of them", "two", "three")]
    for directory in found:
        directory.mkdir()
    yield found
    for directory in found:
        if process := works_in(directory):
            os.kill(process.pid, signal.SIGKILL)


def until(true):
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def begun(directories):
    until(lambda: all((one / "process.json").exists() for one in directories))


def test_each_has_a_handle_and_an_end_of_its_own(directories):
    one, two, three = directories
    mine = executor()
    handles = mine.submit_together(directories, {})
    begun(directories)
    another = executor()  # of the next run-queue
    assert [another.find(each) for each in directories] == handles
    assert len({ProcessId.parse(handle) for handle in handles}) == 1

    (one / "go").touch()
    for watching in (mine, another):
        until(lambda watching=watching: watching.poll(handles[0]) == Gone())
        assert [watching.poll(handle) for handle in handles[1:]] == [Alive(), Alive()]
    assert works_in(one) is None
    assert works_in(two) == ProcessId.parse(handles[1])

    another.cancel(handles[1], grace=60.0)
    until(lambda: another.poll(handles[1]) == Gone())
    assert json.loads((two / "exit.json").read_text())["state"] == "cancelled"
    assert mine.poll(handles[2]) == Alive()

    (three / "go").touch()
    until(lambda: mine.poll(handles[2]) != Alive())
    assert mine.poll(handles[2]) == Gone(code=0)
    until(lambda: works_in(three) is None)


def test_one_that_does_not_obey_takes_the_others_with_it(directories):
    (directories[0] / "deaf").touch()
    mine = executor()
    handles = mine.submit_together(directories, {})
    begun(directories)
    mine.cancel(handles[1], grace=0.1)
    until(lambda: mine.poll(handles[1]) != Alive())
    until(lambda: mine.poll(handles[2]) != Alive())
    assert mine.poll(handles[2]) == Gone(signal=signal.SIGKILL)


def test_where_all_are_asked_the_process_is(directories):
    """At once, also where a step takes long."""
    (directories[0] / "deaf").touch()
    mine = executor()
    handles = mine.submit_together(directories, {})
    begun(directories)
    for handle in handles:
        assert mine.poll(handle) == Alive()
        mine.cancel(handle, grace=60.0)
    until(lambda: mine.poll(handles[0]) != Alive())
    assert mine.poll(handles[0]) == Gone(signal=signal.SIGTERM)


class Students:
    """Queued students of two companies, `ours` and `theirs`, and a teacher."""

    def __init__(self, work):
        self.work = work
        self.ours = work.add(*(self.student(f"S_{n}", seed=0) for n in range(4)))
        (self.theirs,) = work.add(self.student("other", seed=1))
        (self.teacher,) = work.add(work.job("T_1s"))
        self.ids = [*self.ours, self.theirs, self.teacher]

    @staticmethod
    def student(name, seed):
        return JobSpec("student", name, {"name": name, "seed": seed})

    def supervisor(self, slots=1, **changes):
        launcher = WarmLauncher(self.work.home.root / "warm.log", STUDENTS)
        return self.work.supervisor_on(launcher, find_slots(slots, gpus=[]), **changes)

    def go(self, *ids):
        for n in ids:
            self.work.directory(n).mkdir(parents=True, exist_ok=True)
            (self.work.directory(n) / "go").touch()

    def companies(self):
        """Ids by the process that did them last."""
        found = {}
        for n in self.ids:
            for pid in self.work.pids(n)[-1:]:
                found.setdefault(pid, []).append(n)
        return sorted(found.values())


@pytest.fixture
def students(work):
    return Students(work)


def test_students_of_one_company_start_together_in_one_slot(work, students):
    students.go(*students.ids)
    seen, told = [], set()

    def look():
        running = [row for row in queries.jobs(work.conn) if row.state == "running"]
        seen.append(len({row.slot for row in running}))
        told.update((row.id, row.where) for row in running)

    assert work.run(students.supervisor(fuse=3), look) == 0
    a, b, c, d = students.ours
    assert students.companies() == [[a, b, c], [d], [students.theirs], [students.teacher]]
    assert max(seen) == 1
    together = {id for id, where in told if where.endswith(", CPU 0 (3 jobs in one process)")}
    assert together == {a, b, c}


def test_without_the_wish_each_has_a_process(work, students):
    students.go(*students.ids)
    assert work.run(students.supervisor(slots=3)) == 0
    assert students.companies() == [[n] for n in students.ids]


def test_what_is_lost_together_is_tried_again_and_one_may_be_cancelled(work, students):
    a, b, c, d = students.ours
    students.go(d, students.theirs, students.teacher)
    first = work.home.job(work.row(a).key)
    waiting = [
        (lambda: len(work.pids(c)) == 1, lambda: (first / "die").touch()),
        (lambda: len(work.pids(c)) == 2, lambda: commands.cancel(work.conn, [b])),
        (lambda: work.row(b).state == "cancelled", lambda: students.go(a, c)),
    ]

    def act():
        if waiting and waiting[0][0]():
            waiting.pop(0)[1]()

    assert work.run(students.supervisor(fuse=3), act) == 0
    assert work.states() == {
        **{"S_0": "done", "S_1": "cancelled", "S_2": "done", "S_3": "done"},
        **{"other": "done", "T_1s": "done"},
    }
    endings = {n: [one.ending for one in queries.attempts(work.conn, n)] for n in (a, b, c)}
    assert endings == {a: ["lost", "done"], b: ["lost", "cancelled"], c: ["lost", "done"]}


def test_a_run_queue_that_is_killed_leaves_them_to_the_next(work, students):
    a, b, c, _ = students.ours
    stop_after = students.supervisor(fuse=3)

    class Killed(BaseException):
        pass

    def look():
        if len(work.pids(c)) == 1:
            raise Killed

    with pytest.raises(Killed):
        work.run(stop_after, look)
    assert works_in(work.directory(a))
    work.conn.execute("UPDATE job SET handle = NULL WHERE id = ?", [b])  # as it was just before
    students.go(*students.ids)
    assert work.run(students.supervisor(fuse=3)) == 0
    assert [work.row(n).attempt for n in (a, b, c)] == [1, 1, 1]


def test_none_is_begun_where_the_process_is_not(work, students, monkeypatch):
    refused = []
    start = WarmLauncher.start

    def refuse_once(self, job_dirs, env):
        if not refused:
            refused.append(len(job_dirs))
            raise NotNowError("the job server is gone")
        return start(self, job_dirs, env)

    monkeypatch.setattr(WarmLauncher, "start", refuse_once)
    students.go(*students.ids)
    assert work.run(students.supervisor(fuse=4)) == 0
    assert refused == [4]
    assert students.companies()[0] == students.ours


def alone(job: JobSpec, root: Path) -> Path:
    """The directory of a job that no queue knows."""
    directory = root / job.key
    directory.mkdir()
    record = {
        **{"key": job.key, "kind": job.kind, "name": job.name},
        **{"settings": dict(job.settings), "inputs": dict(job.inputs)},
        "run": {name: str(root / name) for name in ("artifacts", "cache", "files")},
    }
    record["run"]["device"] = "cpu"
    (directory / "job.json").write_text(json.dumps(record))
    return directory


def test_real_students_that_are_killed_together_end_with_the_bits_of_each_alone(
    work, home, tmp_path, monkeypatch
):
    """They wait before their third epoch until they were killed, however quick they are."""
    going_on = tmp_path / "going on"
    monkeypatch.setenv("HELD", str(going_on))
    of_digits = DatasetRef(digits.NAME, digits.KEY, digits.TRAIN_PER_CLASS)
    changes = {"student.arch": "resnet8", "student.optimiser.epochs": 4}
    plans = [
        plan(
            TrialSpec(
                "digits",
                "demo",
                Teachers.NONE,
                None,
                limit_train=100,
                changes=(*changes.items(), ("student.optimiser.lr", rate)),
            ),
            of_digits,
        )
        for rate in (0.05, 0.1)
    ]
    students = [of.jobs[-1] for of in plans]
    ids = [row.id for row in commands.add_trials(home, plans, None).jobs if row.kind == "student"]
    preload = ("engine.stages.student", "torch._inductor")  # all it imports
    server = [*WARM, "--target", "held_students:run", "--preload", *preload]
    launcher = WarmLauncher(home.root / "warm.log", server)
    killed, by_themselves = [], []
    deadline = time.monotonic() + 120

    def act(conn):
        assert time.monotonic() < deadline
        if not by_themselves and launcher.ready():
            by_themselves.extend(alone(job, tmp_path) for job in students)
            for directory in by_themselves:
                launcher.start([directory], {})
        rows = [work.row(n) for n in ids]
        if not killed and all(row.done for row in rows):
            killed.append({ProcessId.parse(row.handle) for row in rows})
            os.kill(next(iter(killed[0])).pid, signal.SIGKILL)
            going_on.touch()

    assert work.supervisor_on(launcher, find_slots(2, gpus=[]), fuse=2).run(True, on_tick=act) == 0
    assert [len(processes) for processes in killed] == [1]
    for n in ids:
        assert [one.ending for one in queries.attempts(work.conn, n)] == ["lost", "done"]
    until(lambda: all((directory / "exit.json").exists() for directory in by_themselves))
    for job in students:
        where = Path(job.key[:2]) / job.key
        for made in (tmp_path / "artifacts" / where).iterdir():
            assert made.read_bytes() == (home.artifacts / where / made.name).read_bytes()
