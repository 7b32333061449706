"""Which job is next: priority, fairness between trials, position; and inputs that are there."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.artifacts import ArtifactStore
from wnkd_tui.store import claims, commands, queries

TRIALS = 4


@st.composite
def queues(draw):
    """Jobs as (priority, position, trials, state, inputs); an input comes before its user."""
    jobs = []
    for n in range(draw(st.integers(1, 9))):
        jobs.append(
            (
                draw(st.integers(-1, 1)),
                draw(st.integers(0, 3)),
                draw(st.sets(st.integers(1, TRIALS), max_size=3)),
                draw(st.sampled_from(["waiting", "waiting", "running", "done", "failed"])),
                draw(st.sets(st.integers(1, n), max_size=2)) if n else set(),
            )
        )
    return jobs


def fill(conn, jobs):
    for table in ("attempt", "job_input", "trial_job", "job", "trial"):
        conn.execute(f"DELETE FROM {table}")
    conn.executemany(
        "INSERT INTO trial (id, key, name, spec, dataset, recipe, seed, teachers, added_at)"
        " VALUES (?, ?, '', '{}', 'digits', 'demo', 0, 'none', 0)",
        [(n, str(n)) for n in range(1, TRIALS + 1)],
    )
    for n, (priority, position, trials, state, inputs) in enumerate(jobs, start=1):
        conn.execute(
            "INSERT INTO job (id, key, kind, name, spec, state, position, priority, slot, done,"
            " total, unit, attempt, events_offset, queued_at)"
            " VALUES (?, ?, 'teacher', 'x', '{}', ?, ?, ?, ?, 0, 0, '', 0, 0, 0)",
            [n, f"key {n}", state, position, priority, f"s{n}" if state == "running" else None],
        )
        conn.executemany("INSERT INTO trial_job VALUES (?, ?, 0)", [(one, n) for one in trials])
        conn.executemany(
            "INSERT INTO job_input VALUES (?, ?, ?)", [(n, f"r{one}", one) for one in inputs]
        )


def the_next(jobs, states):
    """The rule as the page on the queue tells it."""
    running = [
        trials for (_, _, trials, *_), state in zip(jobs, states, strict=True) if state == "running"
    ]
    load = {n: sum(n in trials for trials in running) for n in range(1, TRIALS + 1)}
    found = [
        (-priority, min((load[one] for one in trials), default=0), position, n)
        for n, (priority, position, trials, _, inputs) in enumerate(jobs, start=1)
        if states[n - 1] == "waiting" and all(states[one - 1] == "done" for one in inputs)
    ]
    return min(found)[-1] if found else None


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(jobs=queues(), once=st.booleans())
def test_the_next_job_is_the_one_that_the_rule_names(work, conn, jobs, once):
    """Whether each is looked for, or all of them once."""
    fill(conn, jobs)
    line = claims.line(conn, 1.0, 2.0)
    states = [state for *_, state, _ in jobs]
    for _ in range(len(jobs)):
        expected = the_next(jobs, states)
        left = claims.line(conn, 1.0, 2.0)
        assert claims.pending(conn) == bool(left) == (expected is not None)
        assert left == [id for id in line if id in left]
        claimed = work.claim(now=1.0, prepare=lambda _: None, among=line if once else None)
        assert (claimed and claimed.id) == expected
        if expected is None:
            return
        states[expected - 1] = "running"


def test_trials_take_turns_whatever_their_number_of_jobs(work, conn):
    fill(conn, [(0, n, {1 if n < 6 else 2 if n < 8 else 3}, "waiting", set()) for n in range(9)])

    order = [work.claim(now=1.0, prepare=lambda _: None).id for _ in range(9)]

    assert order == [1, 7, 9, 2, 8, 3, 4, 5, 6]


def test_fairness_is_sought_among_the_first_that_are_ready(work, conn, monkeypatch):
    monkeypatch.setattr(claims, "WINDOW", 3)
    fill(conn, [(0, n, {1 if n < 6 else 2}, "waiting", set()) for n in range(8)])

    order = [work.claim(now=1.0, prepare=lambda _: None).id for _ in range(8)]

    assert order == [1, 2, 3, 4, 7, 8, 5, 6]


def test_what_does_not_fit_is_passed_over(work, conn):
    fill(conn, [(0, n, {n + 1}, "waiting", set()) for n in range(3)])
    tried = []

    def place(job, taken):
        tried.append(job.id)
        return "GPU 0" if job.id == 3 else None

    def claim():
        return claims.claim(conn, "me", "host", 1.0, place, lambda _: None, has=lambda _: True)

    assert claim().id == 3
    assert list(dict.fromkeys(tried)) == [1, 2, 3]
    assert claim() is None


def test_an_input_whose_artifact_is_gone_is_made_again_first(work, conn, home):
    first = work.job("first")
    second = work.job("second", first)
    third = work.job("third", second)
    n, m, k = work.add(first, second)[0], *work.add(first, second, third)[1:]
    commands.cancel(conn, [k])
    assert work.drain() == 0
    store = ArtifactStore(home.artifacts)
    for one in (n, m):
        shutil.rmtree(store.path(work.row(one).key))
    commands.retry(conn, [k])
    reasons = set()

    assert work.drain(lambda: reasons.add(work.row(m).reason)) == 0

    assert [work.row(one).state for one in (n, m, k)] == ["done"] * 3
    assert [len(queries.attempts(conn, one)) for one in (n, m, k)] == [2, 2, 1]
    assert all(store.has(work.row(one).key) for one in (n, m, k))
    rows = [work.row(one) for one in (n, m, k)]
    assert rows[0].finished_at <= rows[1].started_at <= rows[1].finished_at <= rows[2].started_at


def test_a_missing_input_says_what_becomes_of_it_and_no_job_starts_before_it(work, conn):
    first = work.job("first")
    n, m = work.add(first, work.job("second", first))
    conn.execute("UPDATE job SET state = 'done', done = 5, result = '{}' WHERE id = ?", [n])

    claimed = work.claim(has=lambda key: False)

    assert claimed.id == n
    assert (claimed.done, claimed.done_before) == (0, 0)
    assert work.row(m).state == "waiting"
    work.claim(has=lambda key: True)
    assert work.row(m).state == "waiting"


def test_a_missing_input_waits_with_its_reason(work, conn):
    first = work.job("first")
    n, m = work.add(first, work.job("second", first))
    conn.execute("UPDATE job SET state = 'done' WHERE id = ?", [n])

    def place(job, taken):
        return None

    assert claims.claim(conn, "me", "host", 1.0, place, lambda _: None, has=lambda _: False) is None
    assert (work.row(n).state, work.row(n).reason) == (
        "waiting",
        "its artifact is gone: made again",
    )
    assert work.row(m).state == "waiting"


def test_an_input_that_is_gone_does_not_matter_to_what_is_done(work, conn, home):
    first = work.job("first")
    n, m = work.add(first, work.job("second", first))
    assert work.drain() == 0
    shutil.rmtree(ArtifactStore(home.artifacts).path(work.row(n).key))

    assert work.drain() == 0
    assert [work.row(one).attempt for one in (n, m)] == [1, 1]


@pytest.mark.parametrize(("held", "code"), [("paused", 0), ("failed", 1), ("cancelled", 1)])
def test_drain_leaves_what_waits_for_a_job_that_is_held(work, conn, held, code):
    first = work.job("first")
    n, m, k = work.add(first, work.job("second", first), work.job("other"))
    conn.execute("UPDATE job SET state = ? WHERE id = ?", [held, n])

    assert work.drain() == code

    assert [work.row(one).state for one in (n, m, k)] == [held, "waiting", "done"]


def test_a_priority_that_is_set_is_heeded_by_a_supervisor(work, conn):
    ids = work.add(*(work.job(f"job {n}") for n in range(3)))
    conn.execute("UPDATE job SET priority = id")

    assert work.drain(slots=1) == 0

    assert sorted(ids, key=lambda n: work.row(n).started_at) == ids[::-1]


def test_searches_that_find_nothing_take_a_tenth_of_the_time(work, conn, monkeypatch):
    """A slow look at a long queue is not repeated at every tick; the end of a job is heeded."""
    first = work.job("first", steps=3, delay=0.1)
    work.add(first, work.job("second", first))
    clock, searches, ticks = [0.0], [], []

    def slow(*arguments):
        searches.append(len(ticks))
        clock[0] += 0.5
        return real(*arguments)

    real = claims.line
    supervisor = work.supervisor()
    monkeypatch.setattr(claims, "line", slow)
    monkeypatch.setattr("wnkd_tui.queue.starting.time", Clock(clock))

    assert work.run(supervisor, lambda: ticks.append(1)) == 0
    assert work.states() == {"first": "done", "second": "done"}
    assert len(searches) < len(ticks)


class Clock:
    """Time as the supervisor's module sees it: it passes while there is a search."""

    def __init__(self, now):
        self._now = now

    def monotonic(self):
        self._now[0] += 0.02
        return self._now[0]

    def time(self):
        import time

        return time.time()
