"""Every command explains itself, with an example; starting costs next to nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from wnkd_tui.cli.root import app

ROOT = Path(__file__).parents[2]
HEAVY = ("sqlmodel", "sqlalchemy", "alembic", "textual", "torch", "numpy", "pydantic", "rich")


def commands(command=None, words=()):
    command = command or typer.main.get_command(app)
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))


ALL = list(commands())


def test_all_commands_are_there():
    leaves = {" ".join(words) for words, command in ALL if not hasattr(command, "commands")}
    verbs = ("add", "list", "show", "usage", "move", "pause", "resume", "cancel", "retry", "remove")
    queue = {f"queue {verb}" for verb in verbs}
    dataset = {f"dataset {verb}" for verb in ("list", "show", "add", "check", "remove")}
    trial = {f"trial {verb}" for verb in ("list", "show", "diff", "tag", "note", "remove")}
    filters = {f"filter {verb}" for verb in ("save", "list", "remove")}
    others = trial | filters | {"notify", "recipe list", "recipe show"}
    reports = (
        "table1",
        "table2",
        "table3",
        "fig2",
        "fig3",
        "leakage",
        "scatter",
        "shots",
        "classes",
        "diff",
    )
    report = {f"report {name}" for name in reports}
    assert leaves == queue | dataset | report | others | {"run-queue", "demo", "doctor", "gc"}


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_every_command_has_help_with_an_example(words, command):
    assert command.help
    assert "Example: wnkd" in command.help
    assert len(command.get_short_help_str(60)) <= 60
    assert not command.get_short_help_str(60).endswith("...")


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_every_option_has_help(words, command):
    for parameter in command.params:
        shown = not getattr(parameter, "hidden", False)
        assert parameter.help or not shown, f"{' '.join(words)}: {parameter.name}"


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_every_command_is_in_the_docs(words, command):
    docs = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert f"wnkd {' '.join(words)}".strip() in docs
    for parameter in command.params:
        for flag in parameter.opts:
            assert not flag.startswith("--") or flag in docs


def test_help_imports_nothing_heavy():
    code = (
        "import sys, json\n"
        "from wnkd_tui.cli import main\n"
        "sys.argv = ['wnkd', '--help']\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code\n"
        f"print(json.dumps([code, [m for m in {HEAVY!r} if m in sys.modules]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]
    assert "queue" in done.stdout


def test_listing_the_queue_imports_neither_sqlmodel_nor_torch(wnkd, home):
    wnkd("queue", "add", "--wn", "100")
    code = (
        "import sys\n"
        "from wnkd_tui.cli import main\n"
        "sys.argv = ['wnkd', 'queue', 'list']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('sqlmodel', 'alembic', 'textual', 'torch') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "T_x,(img, 0%gt 100%wn)" in done.stdout


def test_nothing_asked_shows_help_and_is_bad_usage(wnkd):
    for words in ((), ("queue",), ("report",)):
        result = wnkd(*words)
        assert result.exit_code == 2
        assert "Commands:" in result.stderr
        assert result.stdout == ""


def test_version(wnkd):
    result = wnkd("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("wnkd ")
