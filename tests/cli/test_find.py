"""Filters, orders, tags, notes and saved filters, as people type them."""

import csv
import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from wnkd_tui.cli import finding
from wnkd_tui.store.find.fields import TABLES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def swept(wnkd):
    """Ten trials on digits: wn 0, 50, 100 and noise 50 for T_x and T_m+T_x, and two more."""
    wnkd("queue", "add", "--wn", "0,50,100", "--noise", "50", "--teachers", "T_x,T_m+T_x")
    wnkd("queue", "add", "--teachers", "none", "--seeds", "2")


@pytest.fixture
def found(data, swept):
    """Numbers of the trials that a filter finds, in the list's order."""
    return lambda *words: [trial["id"] for trial in data("trial", "list", *words)["trials"]]


@pytest.fixture
def narrow(monkeypatch):
    """As on a terminal that is given three lines."""
    monkeypatch.setattr(finding, "on_terminal", lambda: True)
    monkeypatch.setattr(finding, "FEW", 3)


def test_trials_are_found_by_words_that_all_hold(found, data):
    assert found() == list(range(10, 0, -1))  # the newest first
    assert found("teachers:none", "seed:1") == [10]
    assert found("teachers:none seed:1") == [10]  # one argument, the same filter
    assert found("-teachers:none", "wn:>=50") == found("wn:50,100")
    assert len(found("noise:50")) == 2
    assert found("--dataset", "digits", "seed:1") == [10]
    assert found("dataset:cifar100") == []


def test_an_order_is_asked_for_by_field(found):
    assert found("--sort", "id") == list(range(1, 11))
    assert found("--sort", "id", "--down") == list(range(10, 0, -1))
    assert found("seed:0", "--sort", "seed", "--down")[-1] in found("seed:0")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("trial", "list", "datset:digits"), "did you mean dataset?"),
        (("trial", "list", "--sort", "nonsense"), "nonsense"),
        (("trial", "list", "--down"), "--down goes with --sort FIELD"),
        (("trial", "list", "--json", "--csv"), "one form at a time"),
        (("trial", "list", "@nobody"), "@nobody: no filter of trials is saved so; saved: none"),
        (("queue", "list", "state:broken"), "state:broken"),
        (("trial", "tag", "1"), "which tags? Give --add TAG or --remove TAG"),
        (("trial", "tag", "--add", "a"), "which trials?"),
        (("trial", "tag", "99", "--add", "a"), "no trial 99"),
        (("trial", "note", "99", "x"), "no trial 99"),
        (("trial", "remove"), "which trials?"),
        (("trial", "remove", "1", "--all"), "which trials?"),
        (("filter", "save", "a/b", "x"), "'a/b' is no name"),
        (("filter", "save", "a", "wn:many"), "wn:many"),
        (("filter", "remove", "a"), "no saved filter 'a'"),
    ],
)
def test_a_refusal_is_one_line(wnkd, words, says):
    result = wnkd(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_terminal_is_given_the_first_lines_and_told_how_many_there_are(wnkd, swept, narrow):
    result = wnkd("trial", "list")
    assert len(result.stdout.splitlines()) == 2 + 3
    assert result.stderr == "3 of 10 trials: --all shows all of them, a filter narrows\n"
    whole = wnkd("trial", "list", "--all")
    assert (len(whole.stdout.splitlines()), whole.stderr) == (2 + 10, "")
    assert len(wnkd("trial", "list", "--csv").stdout.splitlines()) == 1 + 10
    assert len(wnkd("queue", "list", "kind:student").stdout.splitlines()) == 2 + 3 + 1
    assert "3 of 10 jobs" in wnkd("queue", "list", "kind:student").stderr


def test_csv_has_a_column_for_each_field_and_whole_numbers(wnkd, swept, finish):
    finish()
    wnkd("trial", "tag", "1", "2", "--add", "b", "--add", "a")
    rows = list(csv.DictReader(io.StringIO(wnkd("trial", "list", "--csv", "id:1").stdout)))
    (row,) = rows
    assert (row["gt"], row["wn"], row["tags"], row["changes"]) == ("100", "0", "a b", "")
    assert float(row["acc"]) - float(row["last"]) == pytest.approx(1)
    jobs = list(csv.DictReader(io.StringIO(wnkd("queue", "list", "--csv", "trial:1").stdout)))
    assert {job["state"] for job in jobs} == {"done"}
    assert all("1" in job["trials"].split() for job in jobs)


def test_jobs_are_found_by_words_and_flags(wnkd, data, swept):
    def jobs(*words):
        return [job["id"] for job in data("queue", "list", *words)["jobs"]]

    students = jobs("kind:student")
    assert len(students) == 10
    wnkd("queue", "cancel", *map(str, students[:2]))
    assert jobs("kind:student", "--state", "cancelled") == students[:2]
    assert set(jobs("-state:cancelled")) == set(jobs()) - set(students[:2])
    assert jobs("--trial", "10", "kind:student")[0] in students
    assert jobs("kind:student", "--sort", "id", "--down") == sorted(students, reverse=True)


def test_what_a_filter_finds_is_changed(wnkd, data, swept):
    def states(*words):
        return {job["state"] for job in data("queue", "list", *words)["jobs"]}

    assert wnkd("queue", "pause", "--where", "kind:student trial:10").exit_code == 0
    assert states("trial:10") == {"paused"}
    assert wnkd("queue", "resume", "--where", "trial:10").exit_code == 0
    refused = wnkd("queue", "cancel", "--where", "-trial:10")
    assert refused.exit_code == 2
    assert "give --yes to cancel them" in refused.stderr
    assert states() == {"waiting"}
    told = wnkd("queue", "cancel", "--where", "-trial:10", "--yes")
    assert re.fullmatch(r"\d+ jobs: cancelled\n", told.stderr)
    assert states("-trial:10") == {"cancelled"}
    assert states("trial:10") == {"waiting"}
    nothing = wnkd("queue", "retry", "--where", "trial:10")
    assert nothing.stderr == "no job is failed or lost or cancelled and found by that filter\n"
    assert wnkd("queue", "retry", "--where", "kind:student").exit_code == 0
    assert states("kind:student") == {"waiting"}


def test_many_are_asked_about_on_a_terminal(wnkd, data, swept, monkeypatch):
    monkeypatch.setattr("wnkd_tui.cli.selection.MANY", 3)
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("wnkd_tui.cli.selection.sys", terminal)
    asked = []

    def answer(question, **_):
        asked.append(question)
        raise typer.Abort

    monkeypatch.setattr("wnkd_tui.cli.selection.typer.confirm", answer)
    assert wnkd("trial", "remove", "--where", "wn:>=0").exit_code == 130
    assert asked == ["remove 8 trials?"]
    assert len(data("trial", "list")["trials"]) == 10
    assert wnkd("trial", "remove", "--where", "seed:1").stderr.startswith("removed 1 trial and ")
    assert len(asked) == 1


def test_trials_are_removed_by_number_filter_and_all(wnkd, found, count):
    assert wnkd("trial", "remove", "1", "2").stderr.startswith("removed 2 trials and ")
    assert found() == list(range(10, 2, -1))
    assert wnkd("trial", "remove", "--where", "noise:50").exit_code == 0
    assert wnkd("trial", "remove", "--all").exit_code == 0
    assert count("job") == count("trial") == 0


def test_tags_and_notes_are_put_on_shown_and_found(wnkd, data, found):
    assert wnkd("trial", "tag", "1", "2", "--add", "paper").stderr == "2 trials: +paper\n"
    wnkd("trial", "tag", "--where", "tag:paper", "--add", "good", "--remove", "paper")
    assert found("tag:paper") == []
    assert found("tag:good") == [2, 1]
    assert wnkd("trial", "note", "2", "for the talk").stderr == "trial 2: noted\n"
    assert found("note:talk") == [2]
    shown = data("trial", "show", "2")
    assert (shown["tags"], shown["note"]) == (["good"], "for the talk")
    text = wnkd("trial", "list", "id:2").stdout
    assert "good" in text
    assert "for the talk" in text
    assert "for the talk" in wnkd("trial", "show", "2").stdout
    assert "is no tag" in wnkd("trial", "tag", "1", "--add", "two words").stderr
    assert wnkd("trial", "note", "2", "").stderr == "trial 2: no note\n"
    assert found("note:*") == []


def test_a_saved_filter_stands_for_its_words_and_brings_its_order(wnkd, data, found):
    assert data("filter", "list") == {"schema": 1, "filters": []}
    assert "wnkd filter save" in wnkd("filter", "list").stderr
    wnkd("filter", "save", "alone", "teachers:none", "-seed:7", "--sort", "seed")
    assert found("@alone") == [9, 10]
    assert found("@alone", "--sort", "seed", "--down") == [10, 9]
    assert found("seed:1 @alone") == [10]
    wnkd("filter", "save", "second", "@alone", "seed:1")
    wnkd("filter", "remove", "alone")  # what was said with it stays
    assert found("@second") == [10]
    wnkd("filter", "save", "students", "kind:student", "--of", "jobs")
    assert (
        "no filter of trials is saved so; saved: @second"
        in wnkd("trial", "list", "@students").stderr
    )
    assert len(data("queue", "list", "@students")["jobs"]) == 10
    assert wnkd("queue", "pause", "--where", "@students trial:10").exit_code == 0
    assert data("filter", "list")["filters"][0] == {
        "name": "second",
        "what": "trials",
        "text": "teachers:none -seed:7 seed:1",
        "sort": "seed",
        "down": False,
    }
    assert wnkd("filter", "list").stdout.splitlines()[0] == (
        "@second    trials  teachers:none -seed:7 seed:1  by seed"
    )


def test_an_at_sign_in_quotes_is_no_saved_filter(wnkd, found):
    wnkd("trial", "note", "3", "ask me @work")
    assert found('note:"ask me @work"') == [3]


def test_the_docs_have_every_field_with_its_words():
    docs = (ROOT / "docs" / "find.md").read_text(encoding="utf-8")
    trials, jobs = docs.split("## Fields of jobs")
    for part, table in ((trials, "trials"), (jobs, "jobs")):
        listed = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?)(?:: `.*`)? \|$", part, re.MULTILINE)
        fields = TABLES[table].fields.values()
        assert listed == [(one.name, one.kind, one.words) for one in fields]
        for one in fields:
            assert all(f"`{value}`" in part for value in one.values)
