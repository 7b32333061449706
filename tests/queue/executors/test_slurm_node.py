"""What a node does with its list, with jobs that are played in this process."""

import json
import os
import shlex
import signal
import subprocess
from dataclasses import replace

import pytest

from engine.events import LEAVE
from engine.rank import ELSEWHERE, HERE
from wnkd_tui.queue.executors.base import Alive, Cause, Gone
from wnkd_tui.queue.executors.slurm import node as module
from wnkd_tui.queue.executors.slurm.allocation import Allocation
from wnkd_tui.queue.executors.slurm.node import Node, main
from wnkd_tui.queue.executors.slurm.record import Record
from wnkd_tui.queue.jobdir import END

SLURM = {"SLURM_JOB_ID": "12", "SLURM_JOB_NODELIST": "node7"}


class Played:
    """Does jobs in two looks each; `on` is called at the first, by the job's name."""

    def __init__(self):
        self.on, self.ends, self.done, self.cancelled = {}, {}, [], {}
        self.looks, self.told = 0, None

    def ready(self):
        return True

    def submit(self, job_dir, env):
        self.looks, self.told = 0, env
        return job_dir.name

    def poll(self, handle):
        self.looks += 1
        if self.looks == 1:
            self.on.get(handle, lambda: None)()
        if self.looks < 3:
            return Alive()
        self.done.append(handle)
        return self.ends.get(handle, Gone(code=0))

    def cancel(self, handle, grace):
        self.cancelled[handle] = grace

    def wait(self, seconds):
        return


@pytest.fixture
def played():
    return Played()


@pytest.fixture
def allocation(tmp_path):
    made = Allocation(tmp_path / "allocations" / "wnkd-1")
    made.make()
    return made


@pytest.fixture
def put(allocation, make_job):
    def begin(*names):
        made = [make_job(name, "embed") for name in names]
        for job in made:
            Record("played", allocation.name).write(job)
            assert allocation.put(job.name)
        return made

    return begin


@pytest.fixture
def node_in(allocation, jobs, played, monkeypatch):
    """A node where Slurm tells that, too."""
    monkeypatch.setattr(module, "LOOK", 0.001)
    return lambda **told: Node(allocation, jobs, 0.02, played, SLURM | told)


@pytest.fixture
def node(node_in):
    return node_in()


@pytest.fixture
def handlers():
    """Puts back what `main` sets."""
    numbers = (signal.SIGUSR1, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def test_every_job_of_the_list_is_done_and_noted(node, put, played, allocation):
    one, two = put("one", "two")
    node.work()
    assert played.done == ["one", "two"]
    record = Record.read(one)
    assert (record.job, record.node, record.code) == ("12", "node7", 0)
    assert record.began <= record.ended <= Record.read(two).began
    assert record.seconds >= 0.0
    assert allocation.closed


def test_what_is_put_in_while_it_works_is_done_too(node, put, played):
    put("one")
    played.on["one"] = lambda: put("two")
    node.work()
    assert played.done == ["one", "two"]


def test_a_job_is_told_how_its_ranks_get_to_other_nodes(node_in, put, played, tmp_path):
    """By a command that starts another one as each of them: here in place of srun."""
    (one,) = put("one")
    two = {"SLURM_JOB_NUM_NODES": "3", "SLURM_NTASKS_PER_NODE": "2"}
    node_in(**two, SLURM_JOB_NODELIST="node[7-9]").work()
    assert Record.read(one).node == "node[7-9]"
    assert played.told[HERE] == "2"
    srun, *options = shlex.split(played.told[ELSEWHERE])
    assert srun == "srun"
    assert options[:4] == ["--nodes=2", "--relative=1", "--ntasks=4", "--ntasks-per-node=2"]
    command = options[options.index("bash") :]
    task = {**os.environ, "SLURM_PROCID": "3", "SLURM_LOCALID": "1"}
    tells = [*command, "bash", "-c", "echo $RANK $LOCAL_RANK $0", "a b"]
    assert subprocess.check_output(tells, env=task, text=True) == "5 1 a b\n"


def test_on_one_node_a_job_is_told_nothing(node, put, played):
    put("one")
    node.work()
    assert played.told == {}


def test_near_the_time_limit_a_job_is_asked_to_go_and_the_rest_is_given_back(node, put, played):
    one, two = put("one", "two")
    played.on["one"] = lambda: node.leave(signal.SIGUSR1, None)
    exit_json = {"state": "paused", "reason": "paused", "result": None}
    played.ends["one"] = Gone(code=75)
    (one / "exit.json").write_text(json.dumps(exit_json))
    node.work()
    assert (one / LEAVE).exists()
    assert Record.read(one).cause is Cause.TIME_LIMIT
    assert Record.read(two).cause is Cause.NEVER_BEGUN


def test_a_job_that_ends_by_itself_near_the_time_limit_ended_by_itself(node, put, played):
    (one,) = put("one")
    played.on["one"] = lambda: node.leave(signal.SIGUSR1, None)
    node.work()
    assert Record.read(one).cause is None


def test_a_node_that_is_to_end_ends_its_job_and_leaves_the_why_to_slurm(node, put, played):
    one, two = put("one", "two")
    played.on["one"] = lambda: node.stop(signal.SIGTERM, None)
    node.work()
    assert played.cancelled == {"one": float("inf")}
    assert (Record.read(one).stopped, Record.read(one).cause) == (True, None)
    assert Record.read(two).cause is Cause.NEVER_BEGUN


def test_one_job_is_ended_and_the_next_is_done(node, put, played):
    one, _ = put("one", "two")
    played.on["one"] = lambda: (one / END).write_text("0.0")
    node.work()
    assert played.cancelled == {"one": 0.0}
    assert played.done == ["one", "two"]
    assert not Record.read(one).stopped


def test_after_a_sigkill_there_is_no_next_one(node, put, played):
    one, two = put("one", "two")
    played.ends["one"] = Gone(signal=signal.SIGKILL)
    node.work()
    assert Record.read(one).signal == signal.SIGKILL
    assert Record.read(two).cause is Cause.NEVER_BEGUN


def test_what_the_cluster_runs_again_by_itself_does_nothing(node_in, put, played, allocation):
    one, two = put("one", "two")
    allocation.take()
    began = Record("played", "wnkd-1", job="12", node="node7", began=1.0)
    began.write(one)
    node_in(SLURM_RESTART_COUNT="1").work()
    assert played.done == []
    assert Record.read(one).cause is Cause.PREEMPTED
    assert Record.read(two).cause is Cause.NEVER_BEGUN


def test_a_job_that_is_with_another_allocation_by_now_is_passed_over(node, put, played):
    """Slurm did not know this one for a while."""
    one, _ = put("one", "two")
    Record("played", "wnkd-2").write(one)
    node.work()
    assert played.done == ["two"]
    assert Record.read(one) == Record("played", "wnkd-2")


def test_what_is_seen_late_is_waited_for(node, put, played, monkeypatch):
    (one,) = put("one")
    (one / "job.json").rename(one / "hidden")
    monkeypatch.setattr(module, "look_into", lambda _: (one / "hidden").rename(one / "job.json"))
    node.work()
    assert played.done == ["one"]


def test_a_node_that_does_not_see_the_files_says_so(
    allocation, tmp_path, capsys, handlers, monkeypatch
):
    monkeypatch.setattr(module, "SEEN", 0.0)
    monkeypatch.setattr(module, "LOOK", 0.001)
    allocation.put("one")
    assert main([str(allocation.folder), str(tmp_path / "elsewhere"), "0"]) == 1
    said = capsys.readouterr().out
    assert f"does not see {tmp_path / 'elsewhere' / 'one'}: is it on a shared disk?" in said


def test_one_that_was_stopped_for_the_cluster_to_run_it_again_was_preempted(
    node_in, put, allocation
):
    (one,) = put("one")
    allocation.take()
    fields = {"job": "12", "node": "node7", "began": 1.0, "ended": 2.0, "code": 143}
    Record("played", "wnkd-1", stopped=True, **fields).write(one)
    node_in(SLURM_RESTART_COUNT="1").work()
    record = Record.read(one)
    assert (record.cause, record.ended) == (Cause.PREEMPTED, 2.0)


def test_a_time_limit_that_is_too_short_to_begin_counts_as_one(node, put, played):
    (one,) = put("one")
    played.ready = lambda: node.leave(signal.SIGUSR1, None)
    node.work()
    record = Record.read(one)
    assert (record.job, record.began, record.cause) == ("12", None, Cause.TIME_LIMIT)


def test_what_was_given_to_another_allocation_is_not_noted(node, put, played):
    (one,) = put("one")
    other = Record("played", "wnkd-2")
    played.on["one"] = lambda: other.write(one)
    node.work()
    assert Record.read(one) == other


def test_why_run_queue_took_it_back_stays_noted(node, put, played):
    (one,) = put("one")

    def take_back():
        replace(Record.read(one), ended=1.0, cause=Cause.PREEMPTED).write(one)
        node.stop(signal.SIGTERM, None)

    played.on["one"] = take_back
    node.work()
    assert (Record.read(one).cause, Record.read(one).stopped) == (Cause.PREEMPTED, True)
