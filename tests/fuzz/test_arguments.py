"""Words after `wnkd`: whatever they are, an error is one line and changes nothing."""

import gc
import os

import typer
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from wnkd_tui.cli.root import app

MANY = settings(
    max_examples=int(os.environ.get("WNKD_FUZZ", "15")),
    deadline=None,
    database=None,
    derandomize="WNKD_FUZZ" not in os.environ,
)
# These do work, or fetch something; all other commands are called in earnest.
WORKING = {("run-queue",), ("demo",)}
NOT_GIVEN = {"--download"}
VALUES = (
    *("0", "1", "2", "7", "-1", "100", "101", "0,50,100", "0,,1", ",", "3,", "1.5", "1e9", "inf"),
    *("nan", "2147483648", "9223372036854775808", "9" * 40, "1" * 5000, "", " ", "-", "--", "=x"),
    *("digits", "cifar100", "demo", "fast", "paper", "T_x", "T_m+T_x", "none,T_x", "kd", "lfme"),
    *("zscore", "text", "img", "gt", "mixed", "table1", "fig2", "leakage", "waiting", "done"),
    *("waiting,asleep", "stem=linear", "student.tau=2", "tau=[[1]]", "steps=1,2", "lam=1e999"),
    *("lr=0x10", "summary=1", "nouns=x", "weights=file:../wnkd.db", "ViT-B-32/openai", "a/b/c"),
    *("file:x", "wordnet-graph", "nothing.png", "nothing", "\0", "\n", "ä\u200bö", "\udcff", "{}"),
    *("[bold]x[/]", "'; DROP TABLE job; --", "%s%n", "\x1b[31m"),
)


def commands(group, before=()):
    """Every command as (words, its parameters)."""
    for name, command in group.commands.items():
        words = (*before, name)
        if hasattr(command, "commands"):
            yield from commands(command, words)
        elif words not in WORKING:
            flags = [flag for one in command.params for flag in one.opts if flag.startswith("-")]
            yield words, sorted({*flags, "--json", "--debugging"} - NOT_GIVEN)


COMMANDS = list(commands(typer.main.get_command(app)))
FLAGS = sorted({flag for _, flags in COMMANDS for flag in flags})
# No way out of the folder that it runs in, which a command would read as a whole.
junk = st.text(max_size=20).filter(lambda word: not {"/", "~", "."} & set(word))
value = st.sampled_from(VALUES) | junk | st.integers().map(str)


@st.composite
def meant(draw):
    """A command with flags of its own and values that may be meant for them."""
    words, flags = draw(st.sampled_from(COMMANDS))
    rest = draw(st.lists(st.sampled_from(flags) | value, max_size=8))
    return [*words, *rest]


@st.composite
def jumbled(draw):
    """Words of the command line in any order."""
    names = sorted({word for words, _ in COMMANDS for word in words})
    first = draw(st.sampled_from(names) | value)
    rest = st.sampled_from(names) | st.sampled_from(FLAGS) | value
    return [first, *draw(st.lists(rest, max_size=6))]


def check(words, state, reset):
    if tuple(words[:1]) in WORKING:
        return
    before = state()
    result = CliRunner().invoke(app, words)
    gc.collect(1)  # commands leave their connections to the end of their process
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert "--debug for the traceback" not in result.stderr, result.stderr
    assert "Traceback" not in result.stderr
    assert result.exit_code in (0, 1, 2)
    if result.exit_code == 2:
        told = [line for line in result.stderr.splitlines() if line.startswith("wnkd: ")]
        assert len(told) == 1 or "Usage:" in result.stderr + result.stdout
        assert state() == before
    elif state() != before:
        reset()


@MANY
@given(words=meant())
@example(words=["queue", "add", "--wn", "0", "--seeds", "2147483648"])
@example(words=["queue", "add", "--wn", "0", "--set", "tau=" + "[" * 1000 + "]" * 1000])
@example(words=["queue", "list", "--trial", "9" * 30])
def test_flags_and_values(home, state, reset, words):
    check(words, state, reset)


@MANY
@given(words=st.lists(value, max_size=3))
def test_additions(home, state, reset, words):
    """Most of what can be asked for is asked for by `queue add`."""
    flags = ("--wn", "--noise", "--seeds")
    check(
        ["queue", "add", *(w for pair in zip(flags, words, strict=False) for w in pair)],
        state,
        reset,
    )


@MANY
@given(words=jumbled())
def test_words_in_any_order(home, state, reset, words):
    check(words, state, reset)
