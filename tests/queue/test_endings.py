"""How a run's end becomes a state: the rules alone."""

import json
import signal

import pytest

from engine.ending import NO_LAST_WORD as NO_LAST_WORD_OF_THE_ENGINE
from wnkd_tui.config import QueueConfig
from wnkd_tui.queue import endings, jobdir
from wnkd_tui.queue.endings import End, ending
from wnkd_tui.queue.executors.base import Gone
from wnkd_tui.queue.jobdir import LastWord
from wnkd_tui.store.work import Work

CONFIG = QueueConfig(
    retries=3,
    backoff=5.0,
    backoff_limit=60.0,
    grace=10.0,
    free_disk=256,
    gpu_margin=0,
    gpu_unknown=0,
    fuse=1,
    gpus_per_job=1,
)
KILLED = Gone(signal=signal.SIGKILL)
SAID_NOTHING = "its process is gone and said nothing"
NO_WORD = "its process ended with code 3 and said nothing"
BY_KILL = "killed by signal 9 (SIGKILL)"
PREEMPTED = "preempted: ended by SIGTERM from outside; tries again by itself"


def work_of(**fields):
    known = dict.fromkeys(Work.__dataclass_fields__) | {"attempt": 1, "losses": 0, "id": 1}
    return Work(**known | {"done": 0, "done_before": 0} | fields)


def word(state, reason=None, cause=None, result=None):
    return LastWord(state, cause, reason, result, memory=5, host_memory=7, together=2)


def again(why, number):
    return f"lost: {why}; tries again by itself ({number} of 3)"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (End(word("failed", "its fault"), Gone(code=1)), ("failed", "failed", "its fault")),
        (End(word("failed"), Gone(code=1)), ("failed", "failed", "it gave no reason")),
        (End(None, Gone(code=3)), ("failed", "failed", NO_WORD)),
        (
            End(None, Gone(signal=signal.SIGSEGV)),
            ("failed", "failed", "killed by signal 11 (SIGSEGV)"),
        ),
        (End(word("cancelled", "x"), Gone(code=143)), ("preempted", "waiting", PREEMPTED)),
        (End(None, Gone(signal=signal.SIGTERM)), ("preempted", "waiting", PREEMPTED)),
        (End(word("paused"), Gone(code=75)), ("paused", "waiting", None)),
        (End(None, KILLED), ("lost", "waiting", again(BY_KILL, 1))),
        (End(None, Gone()), ("lost", "waiting", again(SAID_NOTHING, 1))),
        (
            End(None, Gone(restarted=True)),
            ("lost", "waiting", again("the host was restarted", 1)),
        ),
        (
            End(None, KILLED, out_of_memory=True),
            (
                "lost",
                "waiting",
                again(f"{BY_KILL}, probably by the kernel: the machine ran out of memory", 1),
            ),
        ),
        (
            End(word("failed", "disk full: 0 MiB free", "disk full"), Gone(code=1)),
            ("disk full", "waiting", "disk full: 0 MiB free; goes on when there is room"),
        ),
        (
            End(None, Gone(code=74)),
            (
                "disk full",
                "waiting",
                "disk full, even for its last word; goes on when there is room",
            ),
        ),
        (
            End(None, Gone(signal=signal.SIGBUS), no_room=True),
            (
                "disk full",
                "waiting",
                "disk full, even for its last word; goes on when there is room",
            ),
        ),
        (
            End(word("failed", "CUDA out of memory: x", "out of memory"), Gone(code=1)),
            ("failed", "failed", "CUDA out of memory: x"),
        ),
    ],
)
def test_what_follows_from_an_end_that_nobody_wished_for(end, expected):
    how = ending(work_of(), end, CONFIG)
    assert (how.name, how.state, how.reason) == expected
    assert how.losses == (how.name == "lost")
    assert (how.wait is None) == (how.name in ("failed", "paused"))


ENDS = {
    "done": End(word("done", result={"x": 1}), Gone(code=0)),
    "failed": End(word("failed", "its fault"), Gone(code=1)),
    "full": End(word("failed", "no room", "disk full"), Gone(code=1)),
    "cancelled": End(word("cancelled"), Gone(code=143)),
    "paused": End(word("paused"), Gone(code=75)),
    "killed": End(None, KILLED),
}


@pytest.mark.parametrize(
    ("wanted", "states"),
    [
        ("cancelled", ["done", *["cancelled"] * 5]),
        ("paused", ["done", "failed", *["paused"] * 4]),
        ("waiting", ["done", "failed", *["waiting"] * 4]),
    ],
)
def test_wishes_hold_unless_the_job_was_done_or_failed_before(wanted, states):
    found = [ending(work_of(wanted=wanted), end, CONFIG) for end in ENDS.values()]
    assert [how.state for how in found] == states
    took = [(how.memory, how.host_memory, how.together) for how in found]
    assert took == [(5, 7, 2)] * 5 + [(None, None, None)]  # what was killed told nothing
    assert found[0].result == '{"x": 1}'
    if wanted == "waiting":  # at once, and nobody's fault
        assert [(how.name, how.wait) for how in found[3:]] == [("stopped", None)] * 3
    if wanted == "paused":
        assert [how.name for how in found[2:]] == ["disk full", "preempted", "paused", "lost"]
        assert [how.losses for how in found] == [0] * 6
        assert found[-1].reason == BY_KILL


def test_a_paused_job_stays_paused_where_its_run_queue_is_stopped():
    how = ending(work_of(wanted="paused"), End(word("cancelled"), Gone(), stopped=True), CONFIG)
    assert (how.name, how.state, how.reason) == ("stopped", "paused", None)


def test_losses_without_progress_back_off_and_end():
    waits, work = [], work_of()
    for _ in range(4):
        how = ending(work, End(None, KILLED), CONFIG)
        waits.append(how.wait)
        work = work_of(losses=how.losses)
    assert waits == [5.0, 10.0, 20.0, None]
    assert (how.state, how.losses) == ("lost", 3)
    assert how.reason == f"{BY_KILL}; came no further in 3 more tries"

    further = ending(work_of(losses=3, done=5, done_before=4), End(None, KILLED), CONFIG)
    assert (further.state, further.losses, further.wait) == ("waiting", 1, 5.0)
    no_retries = CONFIG.model_copy(update={"retries": 0})
    assert ending(work_of(), End(None, KILLED), no_retries).reason == BY_KILL


def test_a_back_off_has_a_limit_and_no_number_is_too_large_for_it():
    config = CONFIG.model_copy(update={"retries": 10**6})
    for losses in (4, 60, 5000):
        assert ending(work_of(losses=losses), End(None, KILLED), config).wait == 60.0


def test_a_disk_that_is_full_again_is_given_longer_and_preemption_is_not():
    full = [
        ending(work_of(), End(word("failed", "x", "disk full"), Gone(), full_before=n), CONFIG)
        for n in range(3)
    ]
    assert [how.wait for how in full] == [5.0, 10.0, 20.0]
    preempted = ending(work_of(losses=2), ENDS["cancelled"], CONFIG)
    assert (preempted.wait, preempted.losses) == (5.0, 2)


def test_the_engine_means_the_same_by_its_exit_code():
    assert endings.NO_LAST_WORD == NO_LAST_WORD_OF_THE_ENGINE


def test_the_kernel_tells_how_often_it_killed_for_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(endings, "_VMSTAT", tmp_path / "vmstat")
    assert endings.oom_kills() is None
    (tmp_path / "vmstat").write_text("pgfault 7\noom_kill 3\noom_kill_more 9\n")
    assert endings.oom_kills() == 3
    (tmp_path / "vmstat").write_text("pgfault 7\n")
    assert endings.oom_kills() is None


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"state": 5, "reason": null, "result": null}', "[" * 100_000]
    + [
        json.dumps({"state": "done", "reason": None, "result": None} | wrong)
        for wrong in ({"state": "odd"}, {"result": [1]}, {"memory": -1}, {"host_memory": "x"})
    ]
    + [json.dumps({"state": "failed", "reason": 5, "result": None})],
)
def test_a_last_word_that_makes_no_sense_is_none(tmp_path, text):
    (tmp_path / jobdir.EXIT).write_text(text)
    assert jobdir.last_word(tmp_path) is None


def test_a_last_word_of_an_older_engine_and_half_a_character(tmp_path):
    old = '{"state": "failed", "reason": "half \\ud800", "result": null}'
    (tmp_path / jobdir.EXIT).write_text(old)
    assert jobdir.last_word(tmp_path) == LastWord("failed", None, "half ?", *[None] * 4)
