"""`wnkd trial diff`, and what `trial show` says of the code behind a trial."""

import json
from contextlib import closing
from dataclasses import asdict, replace

import pytest

from wnkd_tui.queue import adding
from wnkd_tui.queue.capture import capture
from wnkd_tui.store import queries
from wnkd_tui.store.database import connect


@pytest.fixture
def code(monkeypatch):
    """Queues what comes next with code that is made up."""
    real = capture()

    def written(id, **changes):
        made_up = {"revision": "c0ffee" * 6 + "abcd", "diff": None, "engine": id * 16}
        made = replace(real, id=id, **(made_up | changes))
        monkeypatch.setattr(adding, "capture", lambda: made)
        return made

    written("a")
    return written


@pytest.fixture
def add(wnkd):
    def queue(*words, wn="100", teachers="T_x"):
        result = wnkd("queue", "add", "--wn", wn, "--teachers", teachers, *words)
        assert result.exit_code == 0, result.stderr

    return queue


@pytest.fixture
def conn(home):
    with closing(connect(home)) as opened:
        yield opened


def attempt(conn, job, engine, number=1, device="cpu", host="here"):
    conn.execute(
        "INSERT INTO attempt (job_id, number, supervisor, host, slot, device, engine, done_before,"
        " started_at) VALUES (?, ?, 's', ?, 'cpu0', ?, ?, 0, 1)",
        [job, number, host, device, engine],
    )


def lines(found, group):
    return {
        one["name"]: (one["a"], one["b"], *([one["jobs"]] if one["jobs"] else []))
        for one in found["differences"][group]
    }


def test_a_trial_and_itself(wnkd, data, add, code, finish):
    add()
    finish()
    result = wnkd("trial", "diff", "1", "1", "--code")
    assert result.exit_code == 0
    assert "Nothing differs between trial 1 and trial 1." in result.stdout
    assert "Their uncommitted changes are the same, or there are none." in result.stdout
    found = data("trial", "diff", "1", "1")
    assert found["equal"]
    assert not any(found["differences"].values())


@pytest.mark.parametrize("words", [("1", "9"), ("9", "1")])
def test_an_unknown_trial_is_one_line(wnkd, add, code, words):
    add()
    result = wnkd("trial", "diff", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "wnkd: no trial 9: wnkd trial list shows them\n"


def test_what_was_asked_for_and_the_numbers_that_follow(wnkd, data, add, code):
    add()
    add("--seeds", "4,", "--set", "student.tau=2", "--set", "stem=linear", wn="0")
    found = data("trial", "diff", "1", "2")
    assert not found["equal"]
    assert lines(found, "asked") == {
        "seed": (0, 4),
        "wn": (100, 0),
        "val_text": ("mixed", "gt"),
        "T_x.stem": (None, "linear"),
        "student.tau": (None, 2.0),
    }
    numbers = lines(found, "settings")
    assert numbers["tau"] == (3.0, 2.0, ["student"])
    assert numbers["text_update"] == ("learned", "fixed", ["T_x"])
    assert "seed" not in numbers  # said above
    assert lines(found, "jobs") == {"nouns": (True, False), "relax": (True, False)}
    assert found["differences"]["code"] == found["differences"]["packages"] == []

    text = wnkd("trial", "diff", "1", "2").stdout
    for words in ("Asked for", "Numbers of the jobs", "Jobs that one of them has"):
        assert words in text
    assert text.count("wordnet-graph (a stand-in, not CLIP)") == 2
    assert "validation text mixed · seed 0" in text
    assert "Packages" not in text


def test_a_setting_is_said_once_for_all_its_jobs(data, add, code):
    add(teachers="T_m")
    add("--set", "precision=bf16", teachers="T_m")
    (line,) = data("trial", "diff", "1", "2")["differences"]["settings"]
    assert (line["name"], line["a"], line["b"]) == ("precision", "fp32", "bf16")
    assert line["jobs"] == ["T_1s", "logits of T_1s", "T_2w", "logits of T_2w", "student"]


def test_code_packages_and_machines(wnkd, data, add, code, conn):
    add(teachers="none")
    one = queries.capture(conn, "a")
    code("b", wnkd="9.9", packages={**one.packages, "torch": "9.1", "left-pad": "1"})
    conn.execute("UPDATE capture SET diff = ?", ["+ old\n+ both\n"])
    add("--seeds", "1,", teachers="none")
    conn.execute("UPDATE capture SET diff = ? WHERE id = 'b'", ["+ new\n+ both\n"])
    attempt(conn, 1, "a" * 16)
    attempt(conn, 2, "b" * 16, device="NVIDIA H100", host="there")

    found = data("trial", "diff", "1", "2")
    told = lines(found, "code")
    assert told.keys() == {"wnkd", "changes to it", "engine", "done with engine"}
    assert told["engine"] == ("a" * 16, "b" * 16)
    assert told["done with engine"] == ("a" * 16, "b" * 16, ["student"])
    assert lines(found, "packages") == {
        "torch": (one.packages["torch"], "9.1"),
        "left-pad": (None, "1"),
    }
    assert lines(found, "machines") == {
        "machine": ("cpu on here", "NVIDIA H100 on there", ["student"])
    }
    assert found["a"]["queued_with"]["diff"] == "+ old\n+ both\n"
    assert found["b"]["other_engines"] == []

    text = wnkd("trial", "diff", "1", "2", "--code").stdout
    assert f"queued with wnkd 9.9, commit c0ffeec0ffee with changes, engine {'b' * 12}," in text
    assert "-+ old\n++ new\n + both\n" in text


def test_other_code_than_it_was_queued_with_is_said(wnkd, data, add, code, conn):
    add()
    assert data("trial", "show", "1")["other_engines"] == []
    attempt(conn, 1, "a" * 16)
    attempt(conn, 2, "a" * 16)
    attempt(conn, 2, "d" * 16, number=2)
    attempt(conn, 3, "d" * 16)
    attempt(conn, 4, None)

    said = f"queued with {'a' * 12}, done with {'a' * 12} and {'d' * 12}: embed (job 2)"
    for words in (("show", "1"), ("diff", "1", "1")):
        text = wnkd("trial", *words).stdout
        assert said in text
        assert f"queued with {'a' * 12}, done with {'d' * 12}: nouns (job 3)" in text
    assert data("trial", "show", "1")["other_engines"] == [
        {"job": 2, "role": "embed", "engines": ["a" * 16, "d" * 16]},
        {"job": 3, "role": "nouns", "engines": ["d" * 16]},
    ]


def test_a_shared_job_that_was_done_before_with_other_code(wnkd, add, code, conn):
    add()
    attempt(conn, 2, "a" * 16)
    code("b")
    add("--seeds", "1,")
    assert f"queued with {'b' * 12}, done with {'a' * 12}: embed (job 2)" in (
        wnkd("trial", "show", "2").stdout
    )


def test_another_version_of_a_stage_and_another_content(data, add, code, conn):
    add(teachers="none")
    (spec,) = conn.execute("SELECT spec FROM job").fetchone()
    add("--seeds", "1,", teachers="none")
    conn.execute("UPDATE job SET spec = ? WHERE id = 2", [spec])
    conn.execute("UPDATE trial SET dataset_key = 'other' WHERE id = 2")
    found = data("trial", "diff", "1", "2")
    keys = [f"job {row['key'][:12]}" for row in conn.execute("SELECT key FROM job ORDER BY id")]
    assert lines(found, "code") == {"stage's version": (*keys, ["student"])}
    assert lines(found, "dataset")["key"][1] == "other"


def test_results_of_both(wnkd, data, add, code, finish):
    add()
    add("--seeds", "1,", wn="0")
    finish()
    found = data("trial", "diff", "1", "2")
    assert [one["name"] for one in found["results"]] == [
        "T_x best", "T_x last", "student best", "student last",
    ]  # fmt: skip
    assert found["results"][0]["a"] == {"val_top1": pytest.approx(90.22), "epoch": 5}
    text = wnkd("trial", "diff", "1", "2").stdout
    assert "Results: top-1 on the validation images, %" in text
    assert "90.22 (epoch 5)" in text
    assert "(1438 train, 359 val)" in text


def test_trials_of_an_older_wnkd(wnkd, data, add, code, conn):
    add()
    add("--seeds", "1,")
    conn.execute("UPDATE trial SET capture = NULL, dataset_key = NULL WHERE id = 1")
    assert "queued " not in wnkd("trial", "show", "1").stdout
    assert data("trial", "show", "1")["queued_with"] is None
    assert "queued with an older wnkd, which kept no more" in wnkd("trial", "diff", "1", "2").stdout
    found = data("trial", "diff", "1", "2")
    assert found["differences"]["dataset"] == []  # its jobs know the key
    assert found["differences"]["packages"] == []


def test_what_a_trial_was_queued_with(wnkd, data, add, code):
    kept = code("a", packages={"torch": "2.11.0", "numpy": "2.0"})
    add()
    shown = data("trial", "show", "1")
    assert shown["queued_with"] == json.loads(json.dumps(asdict(kept)))
    assert shown["capture"] == "a"
    assert len(shown["dataset_key"]) == 64
    assert (
        f"queued   with wnkd {kept.wnkd}, commit c0ffeec0ffee, engine {'a' * 12}, {kept.python},"
        " torch 2.11.0, numpy 2.0\n"
    ) in wnkd("trial", "show", "1").stdout


def test_the_shape_of_a_difference(data, add, code, finish, check_shape):
    code("a", diff="+ x\n", packages={"torch": "1"})
    add()
    code("b", packages={"torch": "2"})
    add("--seeds", "1,", teachers="T_m+T_x")
    finish()
    check_shape("trial-diff", data("trial", "diff", "1", "2"))
