"""What Tab offers: names from the database, at once, in silence, and with nothing made."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.data import registry
from engine.recipes import recipe_names
from engine.spec import Teachers
from wnkd_tui.cli import bash_words, completing
from wnkd_tui.queue import configs
from wnkd_tui.queue.fields import Fields
from wnkd_tui.store.find.fields import TABLES

ROOT = Path(__file__).parents[2]
HEAVY = ("sqlmodel", "sqlalchemy", "alembic", "textual", "torch", "numpy", "rich")


@pytest.fixture
def filled(wnkd):
    wnkd("queue", "add", "--wn", "0,100", "--teachers", "T_x")
    wnkd("trial", "tag", "1", "--add", "paper")
    wnkd("filter", "save", "good", "acc:>90")
    wnkd("filter", "save", "stuck", "state:failed", "--of", "jobs")


def words(offers):
    return [word for word, _ in offers]


def test_names_of_shipped_and_added_things(filled):
    assert tuple(info.name for info in registry.builtin()) == completing.BUILT_IN
    assert words(completing.datasets("")) == ["digits"]
    assert words(completing.recipes("")) == recipe_names()
    assert words(completing.recipes("f")) == ["fast"]
    assert words(completing.encoders("")) == ["wordnet-graph"]
    assert words(completing.teachers("none,T_m+")) == ["none,T_m+T_x"]
    assert set(words(completing.teachers(""))) == {str(one) for one in Teachers}


def test_saved_configurations(home):
    assert completing.configurations("") == []
    for name in ("paper", "text-alone"):
        configs.save(home, name, Fields())
    assert words(completing.configurations("")) == ["paper", "text-alone"]
    assert words(completing.configurations("t")) == ["text-alone"]


def test_numbers_come_with_names_and_jobs_in_the_states_that_fit(wnkd, filled):
    assert completing.trials("")[0] == ("2", "T_x,(img, 0%gt 100%wn) S_s")
    assert words(completing.trials("2,")) == ["2,2", "2,1"]
    every = completing.jobs()("")
    assert words(every)[-1] == "1"
    assert every[-1][1].startswith("waiting: ")
    wnkd("queue", "cancel", "1")
    assert words(completing.jobs("cancelled")("")) == ["1"]
    assert "1" not in words(completing.jobs("waiting", "paused")(""))
    assert words(completing.jobs()("9")) == [word for word in words(every) if word[0] == "9"]


def test_tags_saved_filters_and_fields_to_sort_by(filled):
    assert completing.tags("") == [("paper", "1 trials")]
    assert words(completing.saved("")) == ["good", "stuck"]
    assert words(completing.sorts("trials")("")) == list(TABLES["trials"].fields)


@pytest.mark.parametrize(
    ("what", "typed", "offers"),
    [
        ("trials", "no", ["noise:", "note:"]),
        ("trials", "state:f", ["state:failed"]),
        ("trials", "-state:failed,d", ["-state:failed,done"]),
        ("trials", "dataset", ["dataset:", "dataset:digits"]),
        ("trials", "acc", ["acc:", "acc:="]),
        ("trials", "tag:", ["tag:paper"]),
        ("trials", "teachers:T_x", ["teachers:T_x"]),
        ("trials", "seed:0 stat", [f"seed:0 state:{end}" for end in
            ("", "running", "failed", "lost", "cancelled", "waiting", "done")]),
        ("trials", "@", ["@good"]),
        ("jobs", "@", ["@stuck"]),
        ("jobs", "kind:s", ["kind:student"]),
        ("jobs", "recipe:d", ["recipe:demo"]),
        ("trials", "nothing:", []),
        ("trials", "nothing", []),
    ],
)  # fmt: skip
def test_a_filter_is_completed_word_by_word(filled, what, typed, offers):
    assert words(completing.terms(what)(typed)) == offers


def test_every_field_is_offered_with_what_it_means(filled):
    for what, table in TABLES.items():
        expected = [(f"{one.name}:", one.words) for one in table.fields.values()]
        assert completing.terms(what)("") == expected


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 100])
def test_where_there_is_no_database_nothing_is_offered_and_nothing_made(
    tmp_path, monkeypatch, content
):
    home = tmp_path / "none"
    monkeypatch.setenv("WNKD_HOME", str(home))
    if content is not None:
        home.mkdir()
        (home / "wnkd.db").write_bytes(content)
    assert completing.trials("") == completing.jobs()("") == completing.tags("") == []
    assert words(completing.datasets("")) == ["digits"]
    assert completing.terms("trials")("tag:") == []
    if content is None:
        assert not home.exists()
    else:
        assert [path.name for path in home.iterdir()] == ["wnkd.db"]


@pytest.mark.parametrize(
    ("cut", "place", "whole", "at", "fixed"),
    [
        ("wnkd trial list sta", 3, "wnkd trial list sta", 3, ""),
        ("wnkd trial list state : fai", 5, "wnkd trial list state:fai", 3, "state:"),
        ("wnkd trial list state :", 4, "wnkd trial list state:", 3, "state:"),
        ("wnkd trial list @ go", 4, "wnkd trial list @go", 3, ""),
        ("wnkd trial list wn : 0 @", 6, "wnkd trial list wn:0 @", 4, ""),
        ("wnkd queue retry --where = sta", 5, "wnkd queue retry --where=sta", 3, ""),
        ("wnkd queue list --where = id : 1", 7, "wnkd queue list --where=id:1", 3, "id:"),
        ("wnkd trial list wn : 0 x", 3, "wnkd trial list wn:0 x", 3, ""),
    ],
)  # fmt: skip
def test_words_that_bash_cuts_are_joined(cut, place, whole, at, fixed):
    environ = {
        "_WNKD_COMPLETE": "complete_bash",
        "COMP_WORDS": cut.replace(" ", "\n"),
        "COMP_CWORD": str(place),
    }
    assert bash_words.join(environ) == fixed
    assert environ["COMP_WORDS"].split("\n") == whole.split()
    assert environ["COMP_CWORD"] == str(at)


def completed(**environ):
    """What `wnkd` answers a shell, and the heavy modules that it took."""
    code = (
        "import sys, json\n"
        "from wnkd_tui.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines(), json.loads(done.stderr)


def test_zsh_and_fish_are_told_what_the_words_mean(filled):
    zsh, heavy = completed(
        _WNKD_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="wnkd trial list sta"
    )
    assert '"state\\\\:failed"' in "".join(zsh)
    assert "sqlmodel" not in heavy
    fish, _ = completed(
        _WNKD_COMPLETE="complete_fish",
        _TYPER_COMPLETE_ARGS="wnkd trial show ",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )
    assert fish[0].startswith("2\tT_x,(img, 0%gt 100%wn)")


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")
def test_bash_completes_by_the_script_that_wnkd_prints(filled, tmp_path):
    """The real protocol: the script, bash's own cutting of words, the program, the replies."""
    offers, heavy = completed(
        _WNKD_COMPLETE="complete_bash",
        COMP_WORDS="wnkd\ntrial\nlist\nstate\n:\nfai",
        COMP_CWORD="5",
    )
    assert (offers, heavy) == (["failed"], [])
    script = subprocess.run(
        [sys.executable, "-m", "wnkd_tui.cli"],
        env={**os.environ, "_WNKD_COMPLETE": "source_bash"},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout
    (tmp_path / "wnkd").write_text(
        f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m wnkd_tui.cli "$@"\n'
    )
    (tmp_path / "wnkd").chmod(0o755)
    lines = f"{script}\nCOMP_WORDS=(wnkd trial list dataset :) COMP_CWORD=4\n"
    lines += "_wnkd_completion wnkd\nprintf '%s ' \"${COMPREPLY[@]}\"\n"
    done = subprocess.run(
        ["bash", "--norc", "-c", lines],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("digits ", "")
