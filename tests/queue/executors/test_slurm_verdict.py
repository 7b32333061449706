"""What is made of a node's record and Slurm's word; no clock is waited for."""

from dataclasses import replace
from signal import SIGKILL, SIGSEGV

import pytest

from wnkd_tui.queue.executors.base import Alive, Cause, Gone
from wnkd_tui.queue.executors.slurm import verdict
from wnkd_tui.queue.executors.slurm.allocation import OUTPUT, Allocation
from wnkd_tui.queue.executors.slurm.commands import ClusterJob
from wnkd_tui.queue.executors.slurm.record import Record
from wnkd_tui.queue.executors.slurm.verdict import CAUSES, Verdicts
from wnkd_tui.queue.executors.slurm.watch import View

NEW = Record("cluster", "wnkd-1")
BEGUN = replace(NEW, job="12", node="node7", began=100.0)
LEFT = replace(BEGUN, ended=160.0, seconds=60.0, code=0)
VIEW = View(at=1.0, places={"12": 4})


def slurm_says(state, reason=""):
    return ClusterJob("12", state, reason, "node7", "low", "wnkd-1")


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """The verdict, with all waiting over unless told otherwise."""
    verdicts = Verdicts()

    def judge(record, job, view=VIEW, patience=-1.0):
        monkeypatch.setattr(verdict, "SETTLES", patience)
        monkeypatch.setattr(verdict, "FORGOTTEN", patience)
        return verdicts.of(record, Allocation(tmp_path / "wnkd-1"), job, view)

    return judge


def test_waiting_in_the_clusters_queue_tells_why_and_how_far(judged):
    found = judged(NEW, slurm_says("PENDING", "Priority"))
    told = "Priority, place 4 in the cluster's queue"
    assert found == Alive(where="Slurm job 12", waits=told)


def test_a_list_that_works_and_a_job_that_runs(judged):
    assert judged(NEW, slurm_says("RUNNING")).waits == "waits for its turn there"
    booting = judged(NEW, slurm_says("CONFIGURING"))
    assert (booting.where, booting.waits) == (
        "Slurm job 12 on node7",
        "waits for the node (CONFIGURING)",
    )
    running = Alive(where="Slurm job 12 on node7", since=100.0)
    assert judged(BEGUN, slurm_says("RUNNING")) == running
    assert judged(BEGUN, slurm_says("COMPLETING")) == running


@pytest.mark.parametrize("state", ["SUSPENDED", "STOPPED", "A_STATE_TO_COME"])
def test_what_slurm_does_to_a_running_job_is_told(judged, state):
    found = judged(BEGUN, slurm_says(state))
    assert found == Alive(where=f"Slurm job 12 on node7, {state}", since=100.0)


@pytest.mark.parametrize("state", ["REQUEUED", "RESV_DEL_HOLD", "SPECIAL_EXIT", "REQUEUE_HOLD"])
def test_what_is_held_waits(judged, state):
    assert judged(NEW, slurm_says(state, "JobHeldAdmin")).waits.startswith("JobHeldAdmin")


def test_the_nodes_own_word_needs_no_word_of_slurm(judged):
    assert judged(LEFT, None) == Gone(code=0)
    assert judged(replace(LEFT, code=1), slurm_says("RUNNING")) == Gone(code=1)
    crashed = replace(LEFT, code=None, signal=SIGSEGV)
    assert judged(crashed, slurm_says("RUNNING")) == Gone(signal=SIGSEGV)
    limited = judged(replace(LEFT, cause=Cause.TIME_LIMIT), slurm_says("RUNNING"))
    assert (limited.cause, limited.told) == (Cause.TIME_LIMIT, "the time limit of Slurm job 12")


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("TIMEOUT", Cause.TIME_LIMIT),
        ("PREEMPTED", Cause.PREEMPTED),
        ("CANCELLED", Cause.CANCELLED),
        ("OUT_OF_MEMORY", Cause.MEMORY),
    ],
)
def test_why_a_node_was_told_to_end_a_job_is_slurms_to_say(judged, state, cause):
    stopped = replace(LEFT, stopped=True, code=143)
    assert isinstance(judged(stopped, slurm_says("COMPLETING"), patience=9.0), Alive)
    assert judged(stopped, slurm_says(state)).cause is cause
    assert judged(replace(LEFT, signal=SIGKILL, code=None), slurm_says(state)).cause is cause
    assert judged(BEGUN, slurm_says(state)).cause is cause  # the node was killed as well


def test_a_stopped_job_of_which_slurm_says_nothing(judged):
    stopped = replace(LEFT, stopped=True, code=143)
    assert isinstance(judged(stopped, None, patience=9.0), Alive)
    assert judged(stopped, None) == Gone(code=143)


def test_an_allocation_that_ended_is_given_time_for_its_last_word(judged):
    assert isinstance(judged(BEGUN, slurm_says("NODE_FAIL"), patience=9.0), Alive)
    told = judged(BEGUN, slurm_says("NODE_FAIL")).reason
    assert told == "Slurm job 12 ended (NODE_FAIL) on node7"


@pytest.mark.parametrize("state", ["FAILED", "NODE_FAIL", "BOOT_FAIL", "COMPLETED"])
def test_one_that_could_not_begin_says_why_and_is_tried_again(judged, tmp_path, state):
    """A few times: other nodes may do better."""
    (tmp_path / "wnkd-1").mkdir()
    (tmp_path / "wnkd-1" / OUTPUT).write_text("bash: /opt/python: No such file or directory\n")
    told = f"Slurm job 12 ({state}) on node7 could not begin it: bash: /opt/python: No such file"
    found = judged(NEW, slurm_says(state))
    assert found == Gone(told=f"{told} or directory")


def test_one_that_came_too_late_for_a_list_was_never_begun(judged, tmp_path):
    allocation = Allocation(tmp_path / "wnkd-1")
    allocation.make()
    allocation.close()
    assert judged(NEW, slurm_says("COMPLETED")).cause is Cause.NEVER_BEGUN


def test_what_slurm_does_not_know_is_gone_after_a_while_and_only_while_it_answers(judged):
    silent = replace(VIEW, trouble="squeue did not answer within 30 s")
    assert isinstance(judged(BEGUN, None, silent), Alive)
    assert isinstance(judged(BEGUN, None, patience=9.0), Alive)
    assert "knows its job no more" in judged(BEGUN, None).reason


def test_a_controller_that_comes_back_may_need_a_while_to_know_its_jobs(judged, monkeypatch):
    clock = iter([0.0, 0.0, 100.0, 100.0, 120.0, 120.0, 170.0, 170.0])
    monkeypatch.setattr(verdict.time, "monotonic", lambda: next(clock))
    silent = replace(VIEW, trouble="squeue did not answer within 30 s")
    assert isinstance(judged(BEGUN, None, patience=60.0), Alive)
    assert isinstance(judged(BEGUN, None, silent, patience=60.0), Alive)
    assert isinstance(judged(BEGUN, None, patience=60.0), Alive)  # it begins to count: 100
    assert isinstance(judged(BEGUN, None, patience=60.0), Alive)  # 120
    assert isinstance(judged(BEGUN, None, patience=60.0), Gone)  # 170


def test_every_state_that_ends_a_job_ends_it(judged):
    for state in (*CAUSES, "COMPLETED", "FAILED", "NODE_FAIL", "BOOT_FAIL"):
        assert isinstance(judged(BEGUN, slurm_says(state)), Gone)
