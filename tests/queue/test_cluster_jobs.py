"""What the queue makes of jobs with a cluster, whichever cluster that is."""

import json
from dataclasses import replace
from time import sleep

import pytest

from wnkd_tui.config import load
from wnkd_tui.queue import jobdir, starting
from wnkd_tui.queue.endings import End, ending
from wnkd_tui.queue.executors.base import Alive, Cause, Gone
from wnkd_tui.queue.jobdir import LastWord
from wnkd_tui.queue.slots import Slot
from wnkd_tui.queue.supervisor import REST, Supervisor
from wnkd_tui.store import queries
from wnkd_tui.store.liveness import HEARTBEAT

THERE = Alive(where="job 12 on node7", since=1000.0)
QUEUED = Alive(where="job 12", waits="Priority, place 4 in the cluster's queue")


class Cluster:
    """Tells of its one job what `said` holds, one look after another; the last one stays."""

    note = "waits for the cluster"

    def __init__(self, *said):
        self.said, self.looks, self.cancelled = said, 0, []

    def ready(self):
        return True

    def submit(self, job_dir, env):
        assert env == {}
        self.ranks = json.loads((job_dir / "job.json").read_text())["run"]["ranks"]
        return "cluster 12"

    def find(self, job_dir):
        return None

    def poll(self, handle):
        self.looks += 1
        return self.said[min(self.looks, len(self.said)) - 1]

    def cancel(self, handle, grace):
        self.cancelled.append(handle)
        self.said = (Gone(cause=Cause.NEVER_BEGUN, last=Alive()),)

    def wait(self, seconds):
        return

    def close(self):
        return


@pytest.fixture
def run(work, home):
    def on(cluster, act=None):
        slots = [Slot("Slurm 0", ranks=4)]
        config = work.config(backoff=0.0, retries=0)
        return work.run(Supervisor(home, cluster, slots, config=config, poll=0.0), act)

    return on


def test_people_see_where_a_job_is_and_its_waiting_is_no_time_of_its_own(work, run):
    (n,) = work.add(work.job("one"))
    seen = []

    def look():
        row, last = work.row(n), queries.attempts(work.conn, n)[-1]
        if (one := (row.reason, row.started_at, last.place)) not in seen:
            seen.append(one)

    gone = Gone(code=1, seconds=60.0, last=THERE)
    run(Cluster(QUEUED, QUEUED, THERE, THERE, gone), look)
    assert (QUEUED.waits, None, "job 12") in seen
    assert (None, 1000.0, "job 12 on node7") in seen
    (attempt,) = queries.attempts(work.conn, n)
    assert (attempt.started_at, attempt.seconds, attempt.place) == (1000.0, 60.0, THERE.where)


def test_one_that_was_quick_has_its_place_and_its_times(work, run):
    (n,) = work.add(work.job("one"))
    cluster = Cluster(QUEUED, Gone(code=1, seconds=3.0, last=THERE))
    run(cluster)
    assert cluster.ranks == 4  # the slot's
    assert work.row(n).started_at == 1000.0
    assert queries.attempts(work.conn, n)[0].place == "job 12 on node7"


def test_pausing_one_that_waits_there_takes_it_out(work, run, conn):
    (n,) = work.add(work.job("one"))

    def pause():
        conn.execute("UPDATE job SET wanted = 'paused' WHERE state = 'running'")

    cluster = Cluster(QUEUED)
    run(cluster, pause)
    assert set(cluster.cancelled) == {"cluster 12"}
    assert (work.row(n).state, work.row(n).reason) == ("paused", None)


def test_what_keeps_the_cluster_from_taking_jobs_is_told(work, home):
    supervisor = Supervisor(home, Cluster(), [], config=work.config())
    assert supervisor.note == "waits for the cluster"


def test_many_slots_are_filled_a_while_at_a_time(work, home, monkeypatch):
    """So that others see that it lives, and running jobs are looked at."""
    monkeypatch.setattr(starting, "FILL", -1.0)
    work.add(*(work.job(f"{n}") for n in range(3)))
    seen = []
    slots = [Slot(f"Slurm {n}") for n in range(3)]
    cluster = Cluster(*[THERE] * 6, Gone(code=1))
    supervisor = Supervisor(home, cluster, slots, config=work.config(), poll=0.0)
    work.run(supervisor, lambda: seen.append([*work.states().values()].count("running")))
    assert seen[:3] == [1, 2, 3]


def test_a_look_that_takes_long_is_followed_by_a_longer_rest(work, home):
    rests = []

    class Slow(Cluster):
        def poll(self, handle):
            sleep(0.01)
            return super().poll(handle)

        def wait(self, seconds):
            rests.append(seconds)

    work.add(work.job("one"))
    cluster = Slow(THERE, Gone(code=1))
    work.run(Supervisor(home, cluster, [Slot("Slurm 0")], config=work.config(), poll=0.02))
    assert rests[0] == 0.02  # there was nothing to look at
    assert HEARTBEAT >= rests[1] >= REST * 0.01


def test_a_wish_to_pause_is_written_once_and_taken_back_once(work, run, conn, monkeypatch):
    asked, wishes = [], iter([None, None, "paused", "paused", "paused", None, None])
    monkeypatch.setattr(jobdir, "ask_to_pause", lambda directory, wanted: asked.append(wanted))
    work.add(work.job("one"))

    def wish():
        conn.execute("UPDATE job SET wanted = ? WHERE state = 'running'", [next(wishes, None)])

    run(Cluster(*[THERE] * 8, Gone(code=1)), wish)
    assert asked == [False, True, False]


def told(cause):
    return Gone(cause=cause, told="so says the cluster")


@pytest.mark.parametrize(
    ("cause", "progress", "expected"),
    [
        (Cause.TIME_LIMIT, 3, ("preempted", "waiting", 0)),
        (Cause.TIME_LIMIT, 0, ("lost", "waiting", 3)),
        (Cause.PREEMPTED, 3, ("preempted", "waiting", 0)),
        (Cause.PREEMPTED, 0, ("preempted", "waiting", 2)),
        (Cause.CANCELLED, 3, ("cancelled", "cancelled", 0)),
        (Cause.MEMORY, 0, ("failed", "failed", 2)),
        (Cause.NEVER_BEGUN, 0, ("stopped", "waiting", 2)),
    ],
)
@pytest.mark.parametrize("said", ["paused", "cancelled", None])
def test_how_a_cluster_ends_jobs(work, home, cause, progress, expected, said):
    """Whatever the job itself said to it: a pause, SIGTERM, or nothing."""
    (_,) = work.add(work.job("one"))
    job = replace(work.claim(), losses=2, done=progress)
    word = LastWord(said, None, "x", None, None, None, 1) if said else None
    found = ending(job, End(word, told(cause)), load(home).queue)
    assert (found.name, found.state, found.losses) == expected
    assert cause is Cause.NEVER_BEGUN or "so says the cluster" in found.reason


def test_a_job_whose_epoch_never_fits_stays_lost(work, home):
    work.add(work.job("one"))
    job = replace(work.claim(), losses=3)
    found = ending(job, End(None, told(Cause.TIME_LIMIT)), load(home).queue)
    assert (found.state, found.wait) == ("lost", None)
    assert "before it had got any further" in found.reason


@pytest.mark.parametrize("wanted", ["cancelled", "paused", "waiting"])
def test_what_people_want_counts_first(work, home, wanted):
    work.add(work.job("one"))
    job = replace(work.claim(), wanted=wanted)
    found = ending(job, End(None, told(Cause.PREEMPTED)), load(home).queue)
    assert found.state == wanted


def test_done_is_done_whatever_the_cluster_says(work, home):
    work.add(work.job("one"))
    word = LastWord("done", None, None, {}, None, None, 1)
    found = ending(work.claim(), End(word, told(Cause.CANCELLED)), load(home).queue)
    assert found.state == "done"
