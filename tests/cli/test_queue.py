"""`wnkd queue`: adding, listing, changing."""

import json

import pytest


def test_wn_100_alone_queues_a_whole_row_of_table_2(wnkd, data):
    result = wnkd("queue", "add", "--wn", "100")
    assert result.exit_code == 0
    for words in (
        "dataset  digits: 1438 training images, 359 for validation, 10 classes",
        "recipe   demo",
        "encoder  wordnet-graph (a stand-in, not CLIP)",
        "seeds    0",
        "T_m T_x,(img, 0%gt 100%wn) S_s",
        "3 new",
        "wnkd run-queue",
    ):
        assert words in result.stdout.replace("jobs     12: 12 new", "3 new")
    assert [row["name"] for row in data("trial", "list", "--sort", "id")["trials"]] == [
        "S_s",
        "T_x,(img, 0%gt 100%wn) S_s",
        "T_m T_x,(img, 0%gt 100%wn) S_s",
    ]


def test_adding_again_queues_nothing_new(wnkd, data, count):
    first = data("queue", "add", "--wn", "100")
    before = count("job")
    again = data("queue", "add", "--wn", "100")
    assert [row["id"] for row in again["trials"]] == [row["id"] for row in first["trials"]]
    assert not any(row["new"] for row in again["trials"] + again["jobs"])
    assert count("job") == before
    assert "known, waiting" in wnkd("queue", "add", "--wn", "100").stdout


def test_the_papers_sweep_shares_its_image_teachers(data):
    added = data("queue", "add", "--sweep", "0,20,50,80,100", "--noise", "20,50,80,100")
    names = [job["name"] for job in added["jobs"]]
    assert len(added["trials"]) == 1 + 9 * 2
    assert names.count("T_1s") == names.count("T_2w") == 1
    assert sum(job["kind"] == "T_x" for job in added["jobs"]) == 9


def test_lists_are_sweeps_and_one_number_each_is_one_mix(data):
    specs = [t["spec"]["tx"] for t in data("queue", "add", "--wn", "0,100", "--noise", "50",
                                           "--teachers", "T_x")["trials"]]  # fmt: skip
    assert [(tx["wn"], tx["noise"]) for tx in specs] == [(0, 0), (100, 0), (0, 50)]
    one = data("queue", "add", "--wn", "0", "--noise", "50", "--teachers", "T_x")["trials"]
    assert [(t["spec"]["tx"]["wn"], t["spec"]["tx"]["noise"]) for t in one] == [(0, 50)]


@pytest.mark.parametrize(
    ("text", "seeds"), [("3", [0, 1, 2]), ("4,", [4]), ("0,7,7", [0, 7]), ("1", [0])]
)
def test_seeds(data, text, seeds):
    trials = data("queue", "add", "--wn", "100", "--teachers", "T_x", "--seeds", text)["trials"]
    assert [trial["spec"]["seed"] for trial in trials] == seeds


def test_students_without_t_x_are_queued_once_and_that_is_said(wnkd, count):
    result = wnkd("queue", "add", "--wn", "0,50,100", "--teachers", "none,T_m")
    assert count("trial") == 2
    assert "text does not touch students without T_x (none, T_m)" in result.stderr
    assert "encoder  none (no T_x)" in result.stdout


def test_an_image_only_t_x_needs_no_text(data):
    trials = data("queue", "add", "--modality", "img", "--teachers", "T_x")["trials"]
    assert [trial["name"] for trial in trials] == ["T_x,(img) S_s"]


def test_a_limit_is_shown(wnkd):
    result = wnkd("queue", "add", "--wn", "100", "--limit-train", "200")
    assert "200 of 1438 training images (--limit-train)" in result.stdout


def test_the_recipe_used_last_is_the_default(wnkd, data):
    wnkd("queue", "add", "--wn", "100", "--recipe", "fast")
    assert data("queue", "add", "--wn", "50")["trials"][0]["spec"]["recipe"] == "fast"


def test_json_shapes(wnkd, data, finish, check_shape):
    check_shape("queue-add", data("queue", "add", "--wn", "100"))
    wnkd("queue", "cancel", "1")
    check_shape("queue-list", data("queue", "list", "--sort", "id"))
    assert data("queue", "list")["jobs"][-1]["state"] == "cancelled"
    finish()
    check_shape("queue-show", data("queue", "show", "1"))
    check_shape("trial-list", data("trial", "list"))
    check_shape("trial-show", data("trial", "show", "1"))
    check_shape("dataset-list", data("dataset", "list"))
    check_shape("dataset-show", data("dataset", "show", "digits"))
    check_shape("report-table2", data("report", "table2"))
    check_shape("report-fig3", data("report", "fig3"))
    check_shape("doctor", json.loads(wnkd("doctor", "--json").stdout))


def test_the_shapes_that_people_keep(data):
    added = data("queue", "add", "--wn", "100")
    assert added["schema"] == 1
    assert {"id", "name", "spec"} <= added["trials"][0].keys()
    assert {"id", "key", "kind", "state"} <= added["jobs"][0].keys()
    listed = data("queue", "list")
    assert listed["schema"] == 1
    fields = {"id", "key", "kind", "state", "trials", "progress", "reason"}
    assert fields <= listed["jobs"][0].keys()


def test_list_narrows_by_state_and_trial(wnkd, data):
    wnkd("queue", "add", "--wn", "100")
    wnkd("queue", "cancel", "1", "2")
    states = {job["state"] for job in data("queue", "list", "--state", "waiting")["jobs"]}
    assert states == {"waiting"}
    assert [job["id"] for job in data("queue", "list", "--trial", "1")["jobs"]] == [1]
    text = wnkd("queue", "list").stdout
    assert "cancelled" in text
    assert "2 cancelled" in text.splitlines()[-1]


def test_an_empty_queue_says_what_to_do(wnkd, data):
    result = wnkd("queue", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "wnkd queue add" in result.stderr
    assert data("queue", "list") == {"schema": 1, "jobs": []}


def test_cancel_and_retry_by_number_trial_and_all(wnkd, data):
    wnkd("queue", "add", "--wn", "100")

    def states():
        return [job["state"] for job in data("queue", "list")["jobs"]]

    assert wnkd("queue", "cancel", "1").stderr == "job 1: cancelled\n"
    assert states().count("cancelled") == 1
    assert wnkd("queue", "cancel", "--all").exit_code == 0
    assert set(states()) == {"cancelled"}
    assert wnkd("queue", "retry", "--trial", "2").exit_code == 0
    needed = {job["id"] for job in data("queue", "list", "--trial", "2")["jobs"]}
    waiting = {job["id"] for job in data("queue", "list", "--state", "waiting")["jobs"]}
    assert waiting == needed
    assert wnkd("queue", "retry", "--all").exit_code == 0
    assert set(states()) == {"waiting"}
    assert "no job is failed" in wnkd("queue", "retry", "--all").stderr


def test_a_refused_change_changes_nothing(wnkd, data):
    wnkd("queue", "add", "--wn", "100")
    assert wnkd("queue", "retry", "1").exit_code == 2
    assert wnkd("queue", "cancel", "1", "99").exit_code == 2
    assert {job["state"] for job in data("queue", "list")["jobs"]} == {"waiting"}


def test_remove_keeps_what_other_trials_need(wnkd, data, count):
    wnkd("queue", "add", "--wn", "100")
    kept = {job["id"] for job in data("queue", "list", "--trial", "2")["jobs"]}
    refused = wnkd("queue", "remove", "2")
    assert refused.exit_code == 2
    assert "wnkd trial remove 2 3 removes job 2" in refused.stderr
    assert wnkd("queue", "remove", "--trial", "1,3").stderr.startswith("removed 2 trials and ")
    assert {job["id"] for job in data("queue", "list")["jobs"]} == kept
    assert wnkd("queue", "remove", "--all").exit_code == 0
    assert count("job") == count("trial") == 0


def test_show_tells_a_jobs_facts_and_curves(wnkd, finish, home):
    from wnkd_tui.store.database import connect

    wnkd("queue", "add", "--wn", "100", "--teachers", "T_x")
    finish()
    conn = connect(home)
    job = conn.execute("SELECT id FROM job WHERE kind = 'T_x'").fetchone()[0]
    for step in (1, 2, 3):
        conn.execute("INSERT INTO metric VALUES (?, 'val_top1', ?, ?)", [job, step, 50.0 + step])
    text = wnkd("queue", "show", str(job)).stdout
    for words in ("T_x,(img, 0%gt 100%wn)", "done", "val_top1 90.22", "accuracy over epochs"):
        assert words in text
    conn.execute("UPDATE job SET state = 'failed', reason = 'no [/data]' WHERE id = ?", [job])
    assert "no [/data]" in wnkd("queue", "list").stdout  # brackets are no markup
    shown = json.loads(wnkd("queue", "show", str(job), "--json").stdout)
    assert shown["metrics"] == {"val_top1": [[1, 51.0], [2, 52.0], [3, 53.0]]}
