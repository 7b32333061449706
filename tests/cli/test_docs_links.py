"""Links of the documentation lead somewhere, and its map of modules is the tree's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAPPED = ("engine", "wnkd_tui", "wnkd_tui/store", "wnkd_tui/queue")
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
FILE = re.compile(r"(?:engine|wnkd_tui|tests|scripts|benchmarks|docs)/[\w./-]+")


def text_of(page: Path) -> str:
    """Without its blocks of code."""
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings are linked to, as git hosts make them."""
    titles = HEADING.findall(text_of(page))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def dead(page: Path) -> Iterator[str]:
    """Links and files that a page names and that are not there."""
    text = text_of(page)
    for link in LINK.findall(SPAN.sub("", text)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" not in link and not (
            target.exists() and (not anchor or anchor in anchors(target))
        ):
            yield link
    for span in SPAN.findall(text):
        if FILE.fullmatch(span) and not (ROOT / span).exists():
            yield span


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_what_a_page_links_to_is_there(page: Path) -> None:
    assert list(dead(page)) == []


@pytest.mark.parametrize("package", MAPPED)
def test_the_map_of_modules_names_every_one(package: str) -> None:
    named = {span.rstrip("/") for span in SPAN.findall(text_of(ROOT / "docs/architecture.md"))}
    files = (ROOT / package).glob("*.py")
    folders = (folder.parent for folder in (ROOT / package).glob("*/__init__.py"))
    modules = {file.stem for file in files} - {"__init__"} | {folder.name for folder in folders}
    assert modules - named == set()


def test_a_dead_link_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A: b, c\n[x](#a-b-c) [y](#a) [z](none.md) `engine/none.py` `a](b)`\n")
    assert list(dead(page)) == ["#a", "none.md", "engine/none.py"]
