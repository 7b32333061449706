"""The queue played in advance: laws that any order of claims keeps, and figures by hand."""

import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import process as processes
from engine.process import ProcessId
from engine.spec import Teachers
from wnkd_tui.queue.adding import TrialRequest, queue_trials
from wnkd_tui.queue.forecast import forecast
from wnkd_tui.queue.playing import Forecast, Running, Waiting, play
from wnkd_tui.store import queries

NOW = 1000.0
LENGTHS = st.sampled_from([1.0, 2.0, 3.0, 5.0, 8.0])


@st.composite
def queues(draw, *, unknown=True, alone=False):
    """Jobs that wait, each needing some with a lower number, and jobs that run.

    `alone`: none needs another, and each is of a trial of its own.
    """
    running = [
        Running(1000 + n, draw(LENGTHS.map(lambda s: NOW + s)), (draw(st.integers(1, 4)),))
        for n in range(draw(st.integers(0, 2)))
    ]
    lengths = LENGTHS | st.none() if unknown else LENGTHS
    there = [one.id for one in running]
    waiting = []
    for id in range(1, draw(st.integers(0, 12)) + 1):
        inputs = () if alone or not there else draw(st.sets(st.sampled_from(there), max_size=2))
        trials = {100 + id} if alone else draw(st.sets(st.integers(1, 4), max_size=3))
        waiting.append(
            Waiting(
                id,
                draw(st.integers(-1, 1)),
                draw(st.integers(1, 30)),
                draw(lengths),
                tuple(inputs),
                tuple(trials),
                NOW + draw(st.sampled_from([0.0, 0.0, 4.0])),
            )
        )
        there.append(id)
    return waiting, running, len(running) + draw(st.integers(1, 3))


def ends(queue, found: Forecast) -> dict[int, float]:
    waiting, running, _ = queue
    spans = {one.id: one.ends for one in running}
    never = float("inf")
    for job in waiting:
        if job.id in found.start:
            spans[job.id] = never if job.seconds is None else found.start[job.id] + job.seconds
    return spans


@settings(max_examples=100, deadline=None)
@given(queues())
def test_no_job_starts_before_its_inputs_end_nor_before_its_time(queue):
    waiting, running, slots = queue
    found = play(waiting, running, slots, NOW)
    over = ends(queue, found)
    for job in waiting:
        if job.id in found.start:
            assert found.start[job.id] >= max([NOW, job.due, *(over[i] for i in job.inputs)])


@settings(max_examples=100, deadline=None)
@given(queues())
def test_no_more_jobs_run_than_there_are_slots(queue):
    waiting, running, slots = queue
    found = play(waiting, running, slots, NOW)
    over = ends(queue, found)
    spans = [(NOW, one.ends) for one in running]
    spans += [(at, over[id]) for id, at in found.start.items()]
    for moment in found.start.values():
        assert sum(begin <= moment < end for begin, end in spans) <= slots


@settings(max_examples=100, deadline=None)
@given(queues())
def test_no_slot_is_idle_while_a_job_could_start(queue):
    """What starts late had no free slot at every moment since it was ready."""
    waiting, running, slots = queue
    found = play(waiting, running, slots, NOW)
    over = ends(queue, found)
    spans = [(NOW, one.ends) for one in running]
    spans += [(at, over[id]) for id, at in found.start.items()]
    moments = {NOW, *(end for _, end in spans)}
    for job in waiting:
        if job.id in found.start:
            ready = max([NOW, job.due, *(over[i] for i in job.inputs)])
            for moment in {ready, *(m for m in moments if ready < m < found.start[job.id])}:
                if moment < found.start[job.id]:
                    assert sum(begin <= moment < end for begin, end in spans) == slots


@settings(max_examples=100, deadline=None)
@given(queues(unknown=False, alone=True))
def test_more_slots_are_never_later(queue):
    """Of jobs that need no others. In general they may be: Graham's anomalies (1966)."""
    waiting, running, slots = queue
    fewer, more = (play(waiting, running, count, NOW) for count in (slots, slots + 1))
    if all(job.due == NOW for job in waiting):
        assert all(more.start[id] <= at for id, at in fewer.start.items())
        assert more.finished <= fewer.finished


@settings(max_examples=100, deadline=None)
@given(queues(unknown=False))
def test_all_is_done_between_the_least_and_the_most_that_it_can_take(queue):
    waiting, running, slots = queue
    found = play(waiting, running, slots, NOW)
    assert set(found.start) == {job.id for job in waiting}
    assert found.finished == max([NOW, *ends(queue, found).values()])
    work = sum(job.seconds for job in waiting) + sum(one.ends - NOW for one in running)
    last = max([NOW, *(job.due for job in waiting)])
    assert NOW + work / slots <= found.finished + 1e-9
    assert found.finished <= last + work
    endless = play(waiting, running, len(waiting) + len(running), NOW)
    for job in waiting:  # with a slot for each, none waits for anything but its inputs
        inputs = [ends(queue, endless)[id] for id in job.inputs]
        assert endless.start[job.id] == max([NOW, job.due, *inputs])


@settings(max_examples=100, deadline=None)
@given(queues(), st.randoms(use_true_random=False))
def test_it_is_a_matter_of_the_queue_not_of_the_list(queue, random):
    waiting, running, slots = queue
    mixed = random.sample(waiting, len(waiting))
    assert play(mixed, running, slots, NOW) == play(waiting, running, slots, NOW)


def test_the_order_of_claims():
    """Priority, then the trial with the fewest running jobs, then position."""
    jobs = [
        Waiting(1, 0, 1, 10.0, trials=(1,)),
        Waiting(2, 0, 2, 10.0, trials=(1,)),
        Waiting(3, 0, 3, 10.0, trials=(2,)),
        Waiting(4, 5, 4, 10.0, trials=(1,)),
    ]
    found = play(jobs, [], 2, NOW)
    # 4 is of the highest priority and of trial 1, so trial 2 has its turn beside it.
    assert found.start == {4: NOW, 3: NOW, 1: NOW + 10, 2: NOW + 10}
    assert found.finished == NOW + 20


def test_a_job_of_several_trials_has_the_turn_of_the_idlest():
    jobs = [
        Waiting(1, 0, 2, 10.0, trials=(1, 2)),
        Waiting(2, 0, 1, 10.0, trials=(1,)),
        Waiting(3, 0, 3, 10.0),
    ]
    found = play(jobs, [Running(9, NOW + 4, (1,))], 2, NOW)
    assert found.start == {1: NOW, 3: NOW + 4, 2: NOW + 10}


def test_what_is_not_known_is_not_told():
    jobs = [
        Waiting(1, 0, 1, None),
        Waiting(2, 0, 2, 5.0, inputs=(1,)),
        Waiting(3, 0, 3, 5.0),
        Waiting(4, 0, 4, 5.0, inputs=(77,)),  # held up by one that failed
        Waiting(5, 0, 5, 5.0, inputs=(4,)),
    ]
    assert play(jobs, [], 2, NOW) == Forecast({1: NOW, 3: NOW}, None)
    assert play(jobs, [], 1, NOW) == Forecast({1: NOW}, None)
    assert play(jobs[2:], [], 1, NOW) == Forecast({3: NOW}, NOW + 5)
    assert play(jobs[2:], [Running(9, None)], 1, NOW) == Forecast({}, None)


def test_thousands_of_jobs_that_share_theirs_take_no_time():
    jobs = [
        Waiting(id, 0, id, 10.0, (id - id % 50 + 1,) if id % 50 > 1 else (), (id // 50, id % 7))
        for id in range(1, 5001)
    ]
    began = time.process_time()
    found = play(jobs, [], 8, NOW)
    assert len(found.start) == 5000
    assert time.process_time() - began < 2.0  # a square of n takes minutes


@pytest.fixture
def at_work(conn):
    """A `run-queue` of this process, which has done one job of each kind in 60 s."""

    def at_work(done_kinds=()):
        now = time.time()
        conn.execute(
            "INSERT INTO supervisor (id, host, pid, started_at, heartbeat, process, beat)"
            " VALUES ('me', 'here', 1, ?, ?, ?, ?)",
            [now, now, str(ProcessId.of(os.getpid())), processes.uptime()],
        )
        for kind in done_kinds:
            conn.execute(
                "UPDATE job SET state = 'done', result = '{}', attempt = 1, device = 'GPU',"
                " started_at = ?, finished_at = ? WHERE kind = ?",
                [NOW, NOW + 60, kind],
            )
        conn.execute(
            "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before, started_at,"
            " device, seconds, ending)"
            " SELECT id, 1, 'me', 'here', 'GPU 0', 0, ?, device, 60, 'done' FROM job"
            " WHERE state = 'done'",
            [NOW],
        )

    return at_work


def test_from_the_database(home, conn, at_work):
    queue_trials(home, [TrialRequest([(0, 0)], (Teachers.NONE,), recipe="demo")])
    assert forecast(home, conn, NOW) == Forecast()  # nobody works
    at_work(["student"])
    assert forecast(home, conn, NOW) == Forecast()  # nothing waits
    more = TrialRequest([(0, 0)], (Teachers.NONE,), recipe="demo", seeds=(1, 2, 3))
    queue_trials(home, [more])
    first, second, third = (row.id for row in queries.jobs(conn, states=["waiting"]))
    found = forecast(home, conn, NOW)
    assert found.start == pytest.approx({first: NOW, second: NOW + 60, third: NOW + 120})
    assert found.finished == pytest.approx(NOW + 180)
    conn.execute(
        "UPDATE job SET state = 'running', supervisor = 'me', slot = 'GPU 0', attempt = 1,"
        " done = 3, total = 12, rate = 0.5, started_at = ? WHERE id = ?",
        [NOW - 6, first],
    )
    conn.execute(
        "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before, started_at)"
        " VALUES (?, 1, 'me', 'here', 'GPU 0', 0, ?)",
        [first, NOW - 6],
    )
    conn.execute("UPDATE job SET retry_at = ? WHERE id = ?", [NOW + 100, second])
    found = forecast(home, conn, NOW)
    assert found.start == pytest.approx({third: NOW + 18, second: NOW + 100})
    conn.execute("UPDATE job SET rate = NULL WHERE id = ?", [first])  # by what such jobs take
    assert forecast(home, conn, NOW + 40).start == pytest.approx(
        {third: NOW + 54, second: NOW + 114}
    )


def test_no_rate_no_time(home, conn, at_work):
    both = (Teachers.NONE, Teachers.TX)
    queue_trials(home, [TrialRequest([(100, 0)], both, recipe="demo")])
    at_work(["wordnet"])
    found = forecast(home, conn, NOW)
    waiting = {row.id: row for row in queries.jobs(conn, states=["waiting"])}
    assert found.finished is None
    assert len(found.start) == 1  # its own length is not known, so the slot has no next
    (first,) = found.start
    assert waiting[first].position == min(row.position for row in waiting.values())
