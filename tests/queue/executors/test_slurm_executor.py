"""The executor's rules, on a Slurm that is played."""

from dataclasses import replace

import pytest

from wnkd_tui.queue.executors.base import Alive, Cause, ExecutorError, Gone, NotNowError
from wnkd_tui.queue.executors.slurm import executor as module
from wnkd_tui.queue.executors.slurm.allocation import Allocation
from wnkd_tui.queue.executors.slurm.commands import ClusterJob
from wnkd_tui.queue.executors.slurm.executor import Handle
from wnkd_tui.queue.executors.slurm.record import Record
from wnkd_tui.queue.jobdir import END


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
    assert executor.poll(handle) == Gone(code=0, seconds=60.0, last=last)


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
    first, _ = executor.submit(one, {}), executor.submit(two, {})
    begin(one, executor, first)
    slurm.state[name_of(first)] = "RUNNING"
    executor.cancel(first, 0.0)
    until(lambda: executor.poll(first) and slurm.cancelled)


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


def test_folders_of_what_is_over_are_removed_and_no_others(start, slurm, make_job, tmp_path, until):
    executor = start()
    over, waiting = executor.submit(make_job("one"), {}), executor.submit(make_job("two"), {})
    executor.cancel(over, 0.0)
    until(lambda: executor._allocations.is_over(executor._allocations[name_of(over)]))
    executor.close()
    assert [path.name for path in (tmp_path / "allocations").iterdir()] == [name_of(waiting)]


def test_many_jobs_are_asked_for_at_once(start, slurm, make_job, until):
    executor = start()
    handles = [executor.submit(make_job(f"job{n}"), {}) for n in range(20)]
    until(lambda: all(executor.poll(one).where for one in handles))
    asked = slurm.asked
    for one in handles:
        executor.poll(one)
    assert slurm.asked <= asked + 1
