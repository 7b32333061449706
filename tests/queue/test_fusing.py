"""Students that share a process: what one of so many takes, in estimates and in forecasts."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import process as processes
from engine.process import ProcessId
from engine.spec import Teachers
from wnkd_tui.queue.adding import TrialRequest, plans_of, queue_trials
from wnkd_tui.queue.estimate import Estimate, estimate
from wnkd_tui.queue.forecast import forecast
from wnkd_tui.queue.fusing import at_most, pace_of, sizes
from wnkd_tui.queue.playing import Running, Waiting, play
from wnkd_tui.store import queries

NOW = 1000.0
# CPU seconds for 1,000 images of a student, by how many shared its process: benchmarks/fused.py,
# two ResNet50 teachers asked in every step.
MEASURED = {1: 84.7, 3: 51.3, 6: 43.5}


def test_a_number_that_was_measured_is_as_measured():
    assert [pace_of(MEASURED, n) for n in MEASURED] == [*MEASURED.values()]


def test_others_share_what_is_done_once():
    paces = {1: 10.0, 2: 7.0}  # 4 each and 6 for all
    assert pace_of(paces, 3) == pytest.approx(4 + 6 / 3)
    assert pace_of(paces, 6) == pytest.approx(4 + 6 / 6)
    assert pace_of({2: 7.0, 6: 5.0}, 1) == pytest.approx(10.0)
    # By what one and three took, six are foretold within two percent.
    assert pace_of({1: 84.7, 3: 51.3}, 6) == pytest.approx(MEASURED[6], rel=0.02)


def test_nothing_is_promised_that_was_not_seen():
    assert pace_of({1: 10.0}, 4) == 10.0
    assert pace_of({1: 10.0, 3: 12.0}, 6) == 12.0  # sharing made it worse: nothing is shared
    assert pace_of({1: 10.0, 3: 1.0}, 6) == 0.5  # three took less than one: nothing is their own


@given(
    st.dictionaries(st.integers(1, 8), st.floats(0.1, 10), min_size=1),
    st.integers(1, 8),
)
def test_a_share_is_positive_and_no_larger_than_alone_would_say(paces, together):
    found = pace_of(paces, together)
    assert found > 0
    if together > max(paces):
        assert found <= paces[max(paces)] + 1e-9


def test_processes_are_filled_in_turn():
    assert sizes(["a", None, "b", "a", "a", None, "a", "a"], 2) == [2, 1, 1, 2, 2, 1, 2, 1]
    assert sizes(["a", "a", "a"], 1) == [1, 1, 1]
    assert sizes([], 3) == []


def students(count, **more):
    return [Waiting(id, 0, id, 10.0, company="a", **more) for id in range(1, count + 1)]


def test_a_group_takes_one_slot_and_ends_as_one():
    shares = {2: 7.0, 3: 6.0}
    found = play(students(5, shares=shares), [], 1, NOW, fuse=3)
    first = NOW + 3 * 6.0
    assert found.start == {1: NOW, 2: NOW, 3: NOW, 4: first, 5: first}
    assert found.finished == first + 2 * 7.0
    alone = play(students(5, shares=shares), [], 1, NOW)
    assert (alone.start[5], alone.finished) == (NOW + 40, NOW + 50)


def test_who_comes_along_is_ready_of_the_company_and_next_in_line():
    jobs = [
        Waiting(1, 0, 1, 10.0, trials=(1,), company="a"),
        Waiting(2, 0, 2, 10.0, trials=(1,), company="a"),
        Waiting(3, 0, 3, 10.0, trials=(2,), company="a"),  # whose trial has nothing running
        Waiting(4, 0, 4, 10.0, trials=(3,), company="b"),
        Waiting(5, 9, 5, 10.0, inputs=(4,), company="a"),  # is not ready
    ]
    found = play(jobs, [], 2, NOW, fuse=2)
    # 1 and 3 in one process, 20 s; 4 alone, 10 s; then 5, of higher priority, with 2.
    assert found.start == {1: NOW, 3: NOW, 4: NOW, 5: NOW + 10, 2: NOW + 10}


def test_one_of_unknown_length_holds_the_process():
    jobs = [*students(1), Waiting(2, 0, 2, None, company="a"), Waiting(3, 0, 3, 5.0)]
    found = play(jobs, [], 1, NOW, fuse=2)
    assert (found.start, found.finished) == ({1: NOW, 2: NOW}, None)


def test_a_slot_is_free_when_its_last_job_has_ended():
    running = [Running(8, NOW + 3, slot="GPU 0"), Running(9, NOW + 5, slot="GPU 0")]
    found = play([Waiting(1, 0, 1, 10.0), Waiting(2, 0, 2, 10.0)], running, 2, NOW)
    assert found.start == {1: NOW, 2: NOW + 5}


@pytest.fixture
def measured(home, conn):
    """A live run-queue, and students that it did: of two seeds alone, of three others together."""
    now = time.time()
    conn.execute(
        "INSERT INTO supervisor (id, host, pid, started_at, heartbeat, process, beat)"
        " VALUES ('me', 'here', 1, ?, ?, ?, ?)",
        [now, now, str(ProcessId.of(os.getpid())), processes.uptime()],
    )

    def done(seeds, seconds, together):
        queue_trials(home, [asked(seeds)])
        conn.execute(
            "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before, started_at,"
            " device, seconds, ending, together)"
            " SELECT id, 1, 'me', 'here', 'GPU 0', 0, ?, 'GPU', ?, 'done', ? FROM job"
            " WHERE state = 'waiting'",
            [NOW, seconds, together],
        )
        conn.execute(
            "UPDATE job SET state = 'done', result = '{}', attempt = 1, finished_at = ?"
            " WHERE state = 'waiting'",
            [NOW + seconds],
        )

    done((0, 1), 60.0, 1)
    done((2,), 120.0, 3)  # 40 s each: 30 of its own, and 30 that three share
    return conn


def asked(seeds, **changes):
    """Students on their own; of one seed, those of different rates see the same views."""
    return TrialRequest(
        [(0, 0)],
        (Teachers.NONE,),
        recipe="demo",
        seeds=seeds,
        changes=tuple((name.replace("_", "."), value) for name, value in changes.items()),
    )


def company_of(size, seed=7):
    return [asked((seed,), student_optimiser_lr=0.01 * n) for n in range(1, size + 1)]


def test_an_estimate_counts_companies_in_full_processes(home, measured):
    plans = [one for request in company_of(5) for one in plans_of(measured, request)[1]]
    found = estimate(home, measured, plans)
    # Lately three were in a process: three of 40 s each, and two of 30 + 30 / 2.
    assert found.hours == pytest.approx((3 * 40 + 2 * 45) / 3600)
    assert found.together == 3
    assert (
        found.text
        == "estimated: about 4 GPU minutes on GPU (measured rates; up to 3 students in a process)"
    )
    apart = [one for seed in (7, 8) for one in plans_of(measured, asked((seed,)))[1]]
    found = estimate(home, measured, apart)  # other seeds see other views
    assert (found.hours, found.together) == (pytest.approx(120 / 3600), 1)


def test_a_forecast_plays_companies(home, measured):
    queue_trials(home, company_of(4))
    ids = [row.id for row in queries.jobs(measured, states=["waiting"])]
    found = forecast(home, measured, NOW)
    assert found.start == pytest.approx(dict(zip(ids, [NOW] * 3 + [NOW + 120], strict=True)))
    assert found.finished == pytest.approx(NOW + 120 + 60)
    # Three of them run by now, in one slot, which is not told at which rate.
    for number, id in enumerate(ids[:3]):
        measured.execute(
            "UPDATE job SET state = 'running', supervisor = 'me', slot = 'GPU 0', attempt = 1,"
            " started_at = ? WHERE id = ?",
            [NOW + number / 10, id],
        )
        measured.execute(
            "INSERT INTO attempt (job_id, number, supervisor, host, slot, done_before, started_at,"
            " together) VALUES (?, 1, 'me', 'here', 'GPU 0', 0, ?, 3)",
            [id, NOW],
        )
    assert forecast(home, measured, NOW + 20).start == pytest.approx({ids[3]: NOW + 120.2})


def test_how_many_is_what_config_says_or_what_was_lately_done(home, conn, request):
    config = home.root / "config.toml"
    assert at_most(home, conn, ["me"]) == 1
    config.write_text("[queue]\nfuse = 2\n")
    assert at_most(home, conn, []) == 2
    measured = request.getfixturevalue("measured")
    assert at_most(home, measured, ["me"]) == 3
    assert at_most(home, measured, ["another"]) == 2
    config.write_text("[queue]\nfuse = 'no'\n")  # run-queue tells of it
    assert at_most(home, measured, []) == 1


def test_alone_nothing_is_said_of_processes():
    assert "process" not in Estimate(1.0, "GPU", 4, 0).text
