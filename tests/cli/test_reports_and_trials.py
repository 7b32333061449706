"""Reports, trials and the noun inspector on jobs whose figures are made up."""

import json

from engine.artifacts import ArtifactStore

NOUNS = {
    "classes": {"two": [["deuce", 0.6], ["dyad", 0.398], ["Adam", 0.002]], "one": [["ace", 1]]}
}


def publish_nouns(home, data, kind, nouns=NOUNS):
    job = next(job for job in data("queue", "list")["jobs"] if job["kind"] == kind)
    path = ArtifactStore(home.artifacts).path(job["key"])
    path.mkdir(parents=True)
    (path / "nouns.json").write_text(json.dumps(nouns) if nouns else "{")
    return job["id"]


def test_table2_from_the_database(wnkd, data, finish):
    wnkd("queue", "add", "--wn", "0,100", "--noise", "100,50", "--seeds", "2")
    finish()
    text = wnkd("report", "table2").stdout
    assert "wordnet-graph (a stand-in, not CLIP)" in text
    assert "2 seeds, mean ± sd (n)" in text
    rows = data("report", "table2")["rows"]
    assert [(row["gt"], row["wn"], row["noise"]) for row in rows] == [
        (0, 100, 0), (100, 0, 0), (50, 0, 50), (0, 0, 100),
    ]  # fmt: skip
    assert all(row["tx_val"]["n"] == 2 and row["student_alone"] for row in rows)
    assert all(row["paper"] is None for row in rows)
    last = data("report", "table2", "--epoch", "last")["rows"][0]["tx_val"]
    assert last["mean"] == last["last"]["mean"] == rows[0]["tx_val"]["mean"] - 1


def test_what_is_not_done_is_not_reported(wnkd, data):
    wnkd("queue", "add", "--wn", "100")
    assert data("report", "table2") == {"schema": 1, "epoch": "best", "rows": []}
    result = wnkd("report", "fig3")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing measured yet" in result.stderr


def test_fig3_draws_and_lists(wnkd, data, finish):
    wnkd("queue", "add", "--wn", "0,100", "--teachers", "T_x")
    finish()
    text = wnkd("report", "fig3").stdout
    assert "█ image" in text
    assert "0.600" in text
    assert [row["image_share"]["mean"] for row in data("report", "fig3")["rows"]] == [0.6, 0.4]


def test_trial_show_lists_its_jobs_and_figures(wnkd, finish):
    wnkd("queue", "add", "--wn", "100", "--teachers", "T_x", "--limit-train", "300")
    finish()
    text = wnkd("trial", "show", "1").stdout
    for words in ("limit-train 300", "0 % gt, 100 % wn", "val text mixed", "val 90.22 (epoch 5)"):
        assert words in text
    assert "digits (300)" in wnkd("trial", "list").stdout


LEARNED = {"classes": {"two": [["snake eyes", 1.0]], "one": [["ace", 1]]}}


def test_nouns_as_algorithm_1_makes_them_and_as_learned(wnkd, data, finish, home):
    wnkd("queue", "add", "--wn", "100", "--teachers", "T_x")
    finish()
    publish_nouns(home, data, "relax")
    text = wnkd("trial", "show", "1", "--nouns").stdout
    assert "two    deuce 60.0, dyad 39.8" in text
    assert "Adam" not in text
    assert "learned" not in text
    publish_nouns(home, data, "T_x", LEARNED)
    assert "snake eyes 100.0" in wnkd("trial", "show", "1", "--nouns").stdout
    found = data("trial", "show", "1", "--nouns")
    assert found["nouns"]["two"][0] == ["deuce", 0.6]
    assert found["nouns_learned"]["two"] == [["snake eyes", 1.0]]


def test_trials_without_nouns_say_so(wnkd):
    wnkd("queue", "add", "--wn", "0,100", "--teachers", "T_x")
    for trial, says in (("1", "takes no WordNet text"), ("2", "has no nouns yet")):
        result = wnkd("trial", "show", trial, "--nouns")
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert says in result.stderr


def test_a_damaged_nouns_file_is_told(wnkd, data, finish, home):
    wnkd("queue", "add", "--wn", "100", "--teachers", "T_x")
    finish()
    publish_nouns(home, data, "relax", nouns=None)
    result = wnkd("trial", "show", "1", "--nouns")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "damaged" in result.stderr


def test_no_trials_says_what_to_do(wnkd, data):
    assert "wnkd queue add" in wnkd("trial", "list").stderr
    assert data("trial", "list") == {"schema": 1, "trials": []}
