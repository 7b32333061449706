"""What a supervisor tells people: who failed, what is finished, that nothing is left."""

import re
import signal
from socket import gethostname


class Told:
    def __init__(self):
        self.notices = []

    def tell(self, event, text, **facts):
        self.notices.append((event, text, facts))


def test_people_are_told_of_failures_finished_trials_and_the_end_of_the_queue(work):
    told = Told()
    bad = work.job("bad", fail_at=1)
    work.add(bad, work.job("needs", bad))
    work.add(work.job("lost", die=[signal.SIGKILL] * 9))

    work.run(work.supervisor(notices=told))

    assert [event for event, _, _ in told.notices] == ["failed", "failed", "empty"]
    texts = sorted(text for _, text, _ in told.notices)
    where = rf"\(on {re.escape(gethostname())}, CPU [01]\)"
    assert re.fullmatch(f"job 1 bad failed {where}: step 1 went wrong", texts[0])
    lost = rf"job 3 lost was lost {where}: killed by signal 9 \(SIGKILL\); came no further"
    assert re.match(lost, texts[1])
    assert texts[2].startswith("the queue is empty: left are ")
    assert "1 waiting" in texts[2]

    told.notices.clear()
    work.run(work.supervisor(notices=told))
    assert told.notices == []  # there was nothing to do


def test_a_trial_is_finished_with_its_last_job(work, monkeypatch):
    monkeypatch.setattr(
        "wnkd_tui.queue.telling.trial_finished", lambda trial, jobs: (trial.name, {"n": len(jobs)})
    )
    told = Told()
    first = work.job("first")
    work.add(first, work.job("second", first))
    work.add(first)

    assert work.run(work.supervisor(notices=told)) == 0

    finished = [(text, facts) for event, text, facts in told.notices if event == "finished"]
    assert [facts["n"] for _, facts in finished] == [1, 2]
    assert told.notices[-1][:2] == ("empty", "the queue is empty")
