import pytest

from engine.errors import SpecError
from engine.spec import Teachers
from wnkd_tui.queue.adding import TrialRequest, queue_trials
from wnkd_tui.store import commands, queries
from wnkd_tui.store.database import StoreError


def test_a_sweep_shares_what_does_not_depend_on_the_mix(home, conn):
    request = TrialRequest([(0, 0), (50, 0), (100, 0)], [Teachers.TM_TX, Teachers.NONE])

    added = queue_trials(home, request)

    assert len(added.trials) == 3 + 1  # a student without teachers is the same for every mix
    names = [job.name for job in added.jobs]
    assert names.count("T_1s") == names.count("T_2w") == names.count("embed digits") == 1
    assert len([job for job in added.jobs if job.kind == "T_x"]) == 3
    assert queue_trials(home, request).new_jobs == set()


def test_the_dataset_used_last_is_the_default(home, conn, monkeypatch):
    request = TrialRequest([(100, 0)], [Teachers.TX])
    assert queue_trials(home, request).trials[0].dataset == "digits"
    assert queries.setting(conn, "last_dataset") == "digits"

    commands.remember(conn, "last_dataset", "gone")
    with pytest.raises(StoreError, match="unknown dataset 'gone'"):
        queue_trials(home, request)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mixes": [(50, 0), (120, 0)]},
        {"mixes": [(50, 20)]},
        {"dataset": "fish"},
        {"recipe": "soup"},
        {"limit_train": 100_000},
        {"limit_train": 9},
        {"seeds": [0, -1]},
    ],
)
def test_a_request_that_makes_no_sense_queues_nothing(home, conn, wrong):
    request = {"mixes": [(100, 0)], "teachers": [Teachers.TM_TX], "recipe": "demo"} | wrong

    with pytest.raises((SpecError, StoreError)) as told:
        queue_trials(home, TrialRequest(**request))

    assert "\n" not in str(told.value)
    assert queries.jobs(conn) == []
    assert queries.trials(conn) == []
