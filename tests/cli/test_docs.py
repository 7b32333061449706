"""What the pages of the documentation tell people to type is there to be typed."""

import re
from pathlib import Path

import pytest
import typer.main

from wnkd_tui.cli.root import app

WNKD = typer.main.get_command(app)
ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
CALL = re.compile(r"(?:^|[\s('\"])wnkd +(?=[a-z-])([^|;&)\n]*)")


def calls(page: Path) -> list[str]:
    """What stands behind `wnkd` in a page's blocks and spans of code, up to the line's end."""
    text = page.read_text(encoding="utf-8")
    blocks = [block.replace("\\\n", " ") for block in BLOCK.findall(text)]
    lines = [line for block in blocks for line in block.splitlines()]
    spans = SPAN.findall(BLOCK.sub("", text))
    code = [*lines, *(" ".join(span.split()) for span in spans)]
    return [found for line in code for found in CALL.findall(line.partition(" #")[0])]


def fault(call: str) -> str | None:
    """Why a command line could not be typed so, as far as commands and flags go."""
    command = WNKD
    for word in call.split():
        flag = word.strip("'\"[],.:").partition("=")[0]
        inner = getattr(command, "commands", None)
        if flag.startswith("--") and len(flag) > 2:
            known = {opt for one in command.params for opt in (*one.opts, *one.secondary_opts)}
            if flag not in known | {"--help", "--debug"}:
                return f"{command.name} has no {flag}"
        elif inner is not None:
            for name in flag.split("|"):
                if name not in inner:
                    return f"{command.name} has no {name}"
            command = inner[flag.split("|")[0]]
    return None


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_command_in_the_docs_is_there(page):
    wrong = {call: found for call in calls(page) if (found := fault(call))}
    assert wrong == {}


def test_a_wrong_command_would_be_found():
    assert fault("queue add --wn 100") is None
    assert fault("queue add --wnn 100") == "add has no --wnn"
    assert fault("queue sing") == "queue has no sing"
    assert sum(len(calls(page)) for page in PAGES) > 100
