import json

import pytest

from engine.errors import ArtifactError, SpecError
from engine.spec import Method, Teachers
from wnkd_tui.queue.adding import TrialRequest, plans_of, queue_trials
from wnkd_tui.store import commands, queries
from wnkd_tui.store.connection import StoreError


def test_a_sweep_shares_what_does_not_depend_on_the_mix(home, conn):
    request = TrialRequest([(0, 0), (50, 0), (100, 0)], [Teachers.TM_TX, Teachers.NONE])

    added = queue_trials(home, [request])

    assert len(added.trials) == 3 + 1  # a student without teachers is the same for every mix
    names = [job.name for job in added.jobs]
    assert names.count("T_1s") == names.count("T_2w") == names.count("embed digits") == 1
    assert len([job for job in added.jobs if job.kind == "T_x"]) == 3
    assert queue_trials(home, [request]).new_jobs == set()


def test_the_dataset_used_last_is_the_default(home, conn, monkeypatch):
    request = TrialRequest([(100, 0)], [Teachers.TX])
    assert queue_trials(home, [request]).trials[0].dataset == "digits"
    assert queries.setting(conn, "last_dataset") == "digits"

    commands.remember(conn, "last_dataset", "gone")
    with pytest.raises(StoreError, match="unknown dataset 'gone'"):
        queue_trials(home, [request])


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
        {"method": "lfme"},
        {"method": "zscore", "teachers": [Teachers.NONE]},
        {"method": "lfme", "teachers": [Teachers.NONE]},  # digits have many-shot classes alone
        {"method": "magic"},
        {"changes": (("stemm", "linear"),)},
        {"changes": (("lr", 0.1),)},
        {"changes": (("optimiser", 0.1),)},
        {"changes": (("T_x.stem", "cubic"),)},
        {"changes": (("student.tau", "warm"),)},
        {"changes": (("student.tau", True),)},
        {"changes": (("teacher.optimiser.steps", 3),)},
        {"changes": (("teacher.optimiser.epochs", 0),)},
        {"changes": (("augment.weak.flip", 3),)},
        {"changes": (("encoder", "wordnet-graph/x"),)},
        {"changes": (("summary", "better"),)},
        {"changes": (("weights", "none"),)},
        {"changes": (("relax.nouns", "no/such/file.txt"),)},
        {"changes": (("nouns", "file:never-given.txt"),)},
        {"encoder": "ViT-B-32/no/such/file.pt"},
        {"encoder": "ViT-B-32/file:never-given.pt"},
    ],
)
def test_a_request_that_makes_no_sense_queues_nothing(home, conn, wrong):
    request = {"mixes": [(100, 0)], "teachers": [Teachers.TM_TX], "recipe": "demo"} | wrong

    with pytest.raises((SpecError, StoreError, ArtifactError)) as told:
        queue_trials(home, [TrialRequest([(0, 0)]), TrialRequest(**request)])

    assert "\n" not in str(told.value)
    assert queries.jobs(conn) == []
    assert queries.trials(conn) == []


def test_several_requests_are_one(home, conn):
    one = TrialRequest([(100, 0)], [Teachers.TX])
    added = queue_trials(home, [one, TrialRequest([(100, 0), (50, 0)], [Teachers.TX])])

    assert [trial.spec.tx.wn for trial in added.trials] == [100, 50]
    assert [plan.spec for plan in added.plans] == [trial.spec for trial in added.trials]


def test_a_change_touches_those_who_read_it(home, conn):
    plain = TrialRequest([(100, 0)], [Teachers.NONE, Teachers.TX])
    queue_trials(home, [plain])
    changed = TrialRequest(
        [(100, 0)], [Teachers.NONE, Teachers.TX], changes=(("stem", "linear"), ("tau", 3.0))
    )
    with pytest.raises(SpecError, match=r"'tau' may be student\.tau, zscore\.tau"):
        queue_trials(home, [changed])
    changed = TrialRequest(
        [(100, 0)], [Teachers.NONE, Teachers.TX], changes=(("stem", "linear"), ("student.tau", 3))
    )
    added = queue_trials(home, [changed])

    # The student alone has no T_x, and demo's τ is 3 already.
    assert [trial.changes for trial in added.trials] == [(), (("T_x.stem", "linear"),)]
    assert added.new_trials == {added.trials[1].id}
    assert {job.name for job in added.jobs if job.kind == "embed"} == {"embed digits"}
    row = conn.execute("SELECT method, changes FROM trial ORDER BY id DESC").fetchone()
    assert (row["method"], json.loads(row["changes"])) == ("kd", {"T_x.stem": "linear"})


def test_a_method_is_part_of_a_trial(home, conn):
    request = TrialRequest([(100, 0)], [Teachers.TM], method=Method.ZSCORE)
    (trial,) = queue_trials(home, [request]).trials
    assert (trial.method, trial.name) == (Method.ZSCORE, "Z-score T_m S_s")
    assert queries.trial(conn, trial.id).method is Method.ZSCORE


def test_files_are_taken_into_the_home_under_names_of_their_content(home, conn, tmp_path):
    nouns = tmp_path / "my nouns.txt"
    nouns.write_text("horse\nzebra\n")
    clip = tmp_path / "clip.pt"
    clip.write_bytes(b"weights")
    request = TrialRequest(
        [(100, 0)],
        [Teachers.TX],
        encoder=f"ViT-B-32/{clip}",
        changes=(("nouns", str(nouns)), ("T_x.weights", "imagenet")),
    )
    planned = plans_of(conn, request)[1]
    assert not home.files.exists()

    (trial,) = queue_trials(home, [request]).trials

    assert trial.spec == planned[0].spec
    taken = dict(trial.changes)
    assert taken["relax.nouns"].startswith("file:my-nouns-")
    for name, content in ((taken["relax.nouns"], nouns), (trial.encoder, clip)):
        kept = home.files / name.rpartition("file:")[2]
        assert kept.read_bytes() == content.read_bytes()
    again = TrialRequest([(100, 0)], [Teachers.TX], encoder=trial.encoder, changes=trial.changes)
    assert queue_trials(home, [again]).new_trials == set()


def test_jobs_are_told_where_their_dataset_is(home, conn):
    queue_trials(home, [TrialRequest([(100, 0)])])
    data = {row["data"] for row in conn.execute("SELECT data FROM job")}
    assert [json.loads(one) for one in data] == [
        {
            "name": "digits",
            "kind": "digits",
            "path": None,
            "prompts": None,
            "splits": None,
            "skipped": [],
        }
    ]
