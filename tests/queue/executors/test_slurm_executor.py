"""The executor's rules, on a Slurm that is played."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from engine.events import EXIT
from wnkd_tui.queue.executors.base import Alive, Cause, ExecutorError, Gone, NotNowError
from wnkd_tui.queue.executors.slurm import executor as module
from wnkd_tui.queue.executors.slurm import watch
from wnkd_tui.queue.executors.slurm.allocation import Allocation
from wnkd_tui.queue.executors.slurm.commands import ClusterJob
from wnkd_tui.queue.executors.slurm.executor import Handle
from wnkd_tui.queue.executors.slurm.record import Record
from wnkd_tui.queue.jobdir import CLUSTER, END


def name_of(handle):
    return Handle.parse(handle).allocation


def begin(job, executor, handle):
    """What a node does when it takes the job."""
    allocation = executor._allocations[name_of(handle)]
    assert allocation.take() == job.name
    record = replace(Record.read(job), job="1", node="node7", began=100.0)
    record.write(job)
    return record


def end(job, **how):
    replace(Record.read(job), ended=160.0, seconds=60.0, **how).write(job)


def test_a_job_from_the_clusters_queue_to_its_end(start, slurm, make_job, until):
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    assert "--comment=S_s one" in slurm.options[name_of(handle)]
    until(lambda: executor.poll(handle).waits == "Priority, place 2 in the cluster's queue")
    begin(job, executor, handle)
    slurm.state[name_of(handle)] = "RUNNING"
    until(lambda: executor.poll(handle) == Alive(where="Slurm job 1 on node7", since=100.0))
    end(job, code=0)
    last = Alive(where="Slurm job 1 on node7", since=100.0)
    assert executor.poll(handle) == last  # its last word is to be seen yet
    (job / EXIT).touch()
    assert executor.poll(handle) == Gone(code=0, seconds=60.0, last=last)


@pytest.mark.parametrize("code", [0, 1])
def test_a_last_word_is_waited_for_a_while(start, make_job, monkeypatch, code):
    """One that has done all and whose word is lost is tried again, and finds that."""
    monkeypatch.setattr(module, "FORGOTTEN", 0.0)
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    begin(job, executor, handle)
    end(job, code=code)
    never = (None, "Slurm job 1 on node7: its last word never came")
    found = executor.poll(handle)
    assert (found.code, found.told) == ((1, None) if code else never)


def test_a_record_that_cannot_be_read_is_no_end_at_once(start, slurm, make_job, monkeypatch, until):
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    begin(job, executor, handle)
    slurm.state[name_of(handle)] = "RUNNING"
    until(lambda: executor.poll(handle).since == 100.0)
    (job / CLUSTER).rename(job / "hidden")
    assert executor.poll(handle).waits == "its record cannot be read just now"
    (job / "hidden").rename(job / CLUSTER)
    assert executor.poll(handle).since == 100.0
    (job / CLUSTER).unlink()
    monkeypatch.setattr(module, "FORGOTTEN", 0.0)
    assert "its record is gone" in executor.poll(handle).told


def test_a_record_that_is_replaced_while_it_is_read_is_read_again(start, make_job, monkeypatch):
    executor, job = start(), make_job("one")
    executor.submit(job, {})
    faults = [OSError(errno.ESTALE, "Stale file handle")]
    read = Path.read_text

    def read_text(path, **how):
        if faults:
            raise faults.pop()
        return read(path, **how)

    monkeypatch.setattr(Path, "read_text", read_text)
    assert Record.read(job).cluster == "played"
    assert not faults


def test_small_jobs_share_an_allocation_and_others_do_not(start, slurm, make_job):
    executor = start("together_jobs = 2")
    small = [executor.submit(make_job(f"small{n}", "embed"), {}) for n in range(3)]
    large = [executor.submit(make_job(f"large{n}"), {}) for n in range(2)]
    first, second, third = map(name_of, small)
    assert first == second != third
    assert len({name_of(one) for one in (*small, *large)}) == 4 == len(slurm.state)


def test_a_job_of_several_processes_has_an_allocation_of_its_own(start, slurm, make_job):
    """Of those that can be shared, and no others."""
    executor = start('together = ["embed", "student"]\ngres = "gpu:1"\nnodes = 2')
    handles = [
        executor.submit(make_job(name, kind, ranks=4), {})
        for name, kind in (("one", "embed"), ("two", "student"), ("three", "embed"))
    ]
    small, large, again = map(name_of, handles)
    assert small == again != large
    assert "--gres=gpu:1" in slurm.options[small]
    assert {"--gres=gpu:2", "--nodes=2", "--ntasks-per-node=2"} <= {*slurm.options[large]}


def test_a_list_that_has_ended_takes_no_more(start, slurm, make_job, until):
    executor = start()
    first = executor.submit(make_job("one", "embed"), {})
    slurm.state[name_of(first)] = "COMPLETED"
    until(lambda: executor._allocations.is_over(executor._allocations[name_of(first)]))
    second = executor.submit(make_job("two", "embed"), {})
    executor._allocations[name_of(second)].close()  # by its node
    third = executor.submit(make_job("three", "embed"), {})
    assert len({name_of(one) for one in (first, second, third)}) == 3


def test_handles_are_good_after_a_restart_and_are_found_without_a_note(
    start, slurm, make_job, until
):
    job = make_job("one")
    handle = start().submit(job, {})
    next_one = start()
    assert next_one.find(job) == handle
    assert next_one.find(make_job("never")) is None
    until(lambda: next_one.poll(handle).where == "Slurm job 1")


def test_a_handle_of_another_cluster_is_not_gone(start, make_job):
    found = start().poll("slurm elsewhere wnkd-1 one")
    assert found == Alive(waits="is with cluster elsewhere, and this is played")


def test_what_squeue_has_forgotten_the_accounting_is_asked_for(start, slurm, make_job, until):
    """As long as it may know: an accounting that does not answer now may do so later, and one that
    is not there is not asked again."""
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    begin(job, executor, handle)
    until(lambda: executor.poll(handle).where)
    name, asked = name_of(handle), []
    answers = [NotNowError("sacct: Connection refused"), {}]

    def past(names):
        asked.append(set(names))
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    slurm.past = past
    del slurm.ids[name]
    until(lambda: isinstance(executor.poll(handle), Alive) and len(asked) > 2)
    assert asked[:3] == [{name}] * 3
    answers.append({name: ClusterJob("1", "NODE_FAIL", "", "node7", "low", name)})
    until(lambda: executor.poll(handle) and executor._allocations.job(executor._allocations[name]))
    many, looks = len(asked), slurm.asked
    until(lambda: executor.poll(handle) and slurm.asked > looks + 3)
    assert len(asked) == many  # what it told stays told


def test_that_a_job_runs_is_not_believed_of_the_accounting(start, slurm, make_job, until):
    """It says so for good where the end of a job never reached it."""
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    name, said = name_of(handle), {}
    begin(job, executor, handle)
    until(lambda: executor.poll(handle).where)
    slurm.past = lambda names: said
    said[name] = ClusterJob("1", "RUNNING", "", "node7", "low", name)
    del slurm.ids[name]
    looks = slurm.asked
    until(lambda: executor.poll(handle) and slurm.asked > looks + 3)
    assert executor._allocations.job(executor._allocations[name]) is None
    said[name] = ClusterJob("1", "NODE_FAIL", "", "node7", "low", name)
    until(lambda: executor.poll(handle) and executor._allocations.job(executor._allocations[name]))


def test_the_accounting_is_asked_why_a_job_was_killed_that_squeue_has_forgotten(
    start, slurm, make_job, until
):
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    name = name_of(handle)
    begin(job, executor, handle)
    end(job, signal=9)
    slurm.past = lambda _: {name: ClusterJob("1", "OUT_OF_MEMORY", "", "node7", "low", name)}
    del slurm.ids[name]
    until(lambda: isinstance(executor.poll(handle), Gone))
    assert executor.poll(handle).cause is Cause.MEMORY


@pytest.mark.parametrize("command", ["waiting", "cancel"])
def test_what_else_does_not_work_hides_no_news(start, slurm, make_job, until, monkeypatch, command):
    """A list of everybody's jobs that takes too long, a scancel that is refused."""
    monkeypatch.setattr(watch, "PLACES_EVERY", 0.0)
    executor, (one, two, three) = start(), map(make_job, ("one", "two", "three"))
    first, second, third = (executor.submit(job, {}) for job in (one, two, three))
    until(lambda: executor.poll(third).waits)  # and waits on
    works = getattr(slurm, command)

    def fails(_):
        raise NotNowError("did not answer within 30 s")

    setattr(slurm, command, fails)
    executor.cancel(first, 0.0)
    begin(two, executor, second)
    slurm.state[name_of(second)] = "SUSPENDED"
    until(lambda: "SUSPENDED" in (executor.poll(second).where or ""))
    if command == "cancel":
        assert executor.note == "waits for Slurm: did not answer within 30 s"
        setattr(slurm, command, works)
    until(lambda: slurm.cancelled == [name_of(first)])
    until(executor.ready)


def test_an_accounting_that_is_disabled_is_asked_once(start, slurm, make_job, until):
    executor, job = start(), make_job("one")
    handle, asked = executor.submit(job, {}), []

    def past(names):
        asked.append(names)
        raise ExecutorError("sacct: Slurm accounting storage is disabled")

    slurm.past = past
    until(lambda: executor.poll(handle).where)
    slurm.ids.clear()
    until(lambda: executor.poll(handle) and asked)
    looks = slurm.asked
    until(lambda: executor.poll(handle) and slurm.asked > looks + 3)
    assert len(asked) == 1


def test_a_silent_controller_is_no_news(start, slurm, make_job, until):
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    until(lambda: executor.poll(handle).where)
    slurm.down = "squeue did not answer within 30 s"
    until(lambda: not executor.ready())
    assert executor.note == "waits for Slurm: squeue did not answer within 30 s"
    assert executor.poll(handle).where == "Slurm job 1"
    slurm.down = None
    until(executor.ready)
    assert executor.note is None


@pytest.mark.parametrize("heard", [False, True])
def test_a_submission_that_was_cut_off_is_tried_again_and_never_done_twice(
    start, slurm, make_job, tmp_path, until, heard
):
    executor, job = start(), make_job("one")
    slurm.heard, slurm.refuses = heard, NotNowError("sbatch did not answer within 30 s")
    with pytest.raises(NotNowError):
        executor.submit(job, {})
    assert not executor.ready()
    assert executor.note == "waits for Slurm: sbatch did not answer within 30 s"
    (folder,) = (tmp_path / "allocations").iterdir()
    assert Allocation(folder).take() is None  # should Slurm have taken it all the same
    until(lambda: slurm.cancelled == ([folder.name] if heard else []))
    slurm.refuses = None
    until(executor.ready)
    assert name_of(executor.submit(job, {})) != folder.name


def test_what_sbatch_will_never_take_leaves_nothing(start, slurm, make_job, tmp_path):
    slurm.refuses = ExecutorError("sbatch: Invalid partition name specified")
    with pytest.raises(ExecutorError, match="Invalid partition"):
        start().submit(make_job("one"), {})
    assert list((tmp_path / "allocations").iterdir()) == []


def test_cancelling_one_that_waits_withdraws_it(start, slurm, make_job, until):
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    executor.cancel(handle, 5.0)
    executor.cancel(handle, 5.0)
    assert executor.poll(handle).cause is Cause.NEVER_BEGUN
    until(lambda: slurm.cancelled == [name_of(handle)])


def test_cancelling_one_of_a_list_leaves_the_others(start, slurm, make_job, until):
    executor = start()
    one, two = make_job("one", "embed"), make_job("two", "embed")
    first, second = executor.submit(one, {}), executor.submit(two, {})
    begin(one, executor, first)
    executor.cancel(first, 5.0)
    assert (one / END).read_text() == "5.0"
    assert not slurm.cancelled
    end(one, code=143, stopped=False)
    assert executor.poll(first) == executor.poll(first)
    executor.cancel(second, 5.0)
    until(lambda: slurm.cancelled == [name_of(second)])


def test_one_that_does_not_obey_is_ended_with_its_allocation(
    start, slurm, make_job, monkeypatch, until
):
    monkeypatch.setattr(module, "OBEYS", 0.0)
    executor = start()
    one, two = make_job("one", "embed"), make_job("two", "embed")
    first, second = executor.submit(one, {}), executor.submit(two, {})
    begin(one, executor, first)
    slurm.state[name_of(first)] = "RUNNING"
    executor.cancel(first, 0.0)
    until(lambda: executor.poll(first) and slurm.cancelled)
    assert executor.poll(second).cause is Cause.NEVER_BEGUN  # nobody cancelled that one


def test_our_own_scancel_is_no_persons(start, slurm, make_job, until):
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    begin(job, executor, handle)
    executor.cancel(handle, 5.0)
    end(job, code=143, stopped=True)
    until(lambda: isinstance(executor.poll(handle), Gone))
    assert executor.poll(handle).cause is None


def test_a_persons_scancel_is_told(start, slurm, make_job, until):
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    begin(job, executor, handle)
    end(job, code=143, stopped=True)
    slurm.state[name_of(handle)] = "CANCELLED"
    until(lambda: isinstance(executor.poll(handle), Gone))
    assert executor.poll(handle).reason == "Slurm job 1 was cancelled by hand (scancel)"


@pytest.mark.parametrize("stopped", [False, True])
def test_what_the_cluster_queues_again_is_taken_back(start, slurm, make_job, until, stopped):
    executor, job = start(), make_job("one")
    handle = executor.submit(job, {})
    begin(job, executor, handle)
    if stopped:
        end(job, code=143, stopped=True)
    until(lambda: isinstance(executor.poll(handle), Gone))  # it is PENDING, and had begun
    assert executor.poll(handle).cause is Cause.PREEMPTED
    until(lambda: slurm.cancelled == [name_of(handle)])


def test_what_waits_in_a_list_that_is_queued_again_goes_elsewhere(start, slurm, make_job, until):
    executor = start()
    one, two = make_job("one", "embed"), make_job("two", "embed")
    first, second = executor.submit(one, {}), executor.submit(two, {})
    begin(one, executor, first)
    until(lambda: executor.poll(first) and slurm.cancelled == [name_of(first)])
    assert executor.poll(second).cause is Cause.NEVER_BEGUN
    assert name_of(executor.submit(make_job("three", "embed"), {})) != name_of(first)


def test_folders_of_what_is_over_are_removed_and_no_others(start, slurm, make_job, tmp_path, until):
    executor = start()
    over, waiting = executor.submit(make_job("one"), {}), executor.submit(make_job("two"), {})
    executor.cancel(over, 0.0)
    until(lambda: executor._allocations.is_over(executor._allocations[name_of(over)]))
    executor.close()
    assert [path.name for path in (tmp_path / "allocations").iterdir()] == [name_of(waiting)]


def test_other_allocations_are_not_looked_at_for_each_new_one(start, make_job, monkeypatch):
    executor, looked_at = start(), []
    monkeypatch.setattr(executor._allocations, "is_over", looked_at.append)
    for n in range(3):
        executor.submit(make_job(f"job{n}"), {})
    assert not looked_at


def test_many_jobs_are_asked_for_at_once(start, slurm, make_job, until):
    executor = start()
    handles = [executor.submit(make_job(f"job{n}"), {}) for n in range(20)]
    until(lambda: all(executor.poll(one).where for one in handles))
    asked = slurm.asked
    for one in handles:
        executor.poll(one)
    assert slurm.asked <= asked + 1
