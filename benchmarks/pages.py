"""What benchmarks keep and where it is shown: `python benchmarks/pages.py` writes the pages anew.

A benchmark leaves its figures in `results/NAME.json`. Its module of the same name with `_shown`
makes sheets and figures of them: a sheet stands in its page between `<!-- NAME -->` and
`<!-- end -->`, a figure is a picture in docs/images.
"""

import json
import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wnkd_tui.report.files import as_markdown
from wnkd_tui.report.picture import draw
from wnkd_tui.report.sheet import Cell, Column, Figure, Sheet

RESULTS = Path(__file__).parent / "results"
DOCS = Path(__file__).parents[1] / "docs"
PAGES = {
    "growth": "growth.md",
    "features": "speed.md",
    "sweep_time": "speed.md",
    "cluster_queue": "scale.md",
    "fused": "speed.md",
}


def about() -> dict[str, Any]:
    """When and on what something is measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "torch": version("torch"),
        "precision": "float32",
    }


def measured(record: Mapping[str, Any]) -> str:
    """The same as a sentence."""
    return (
        f"Measured {record['date']} on {record['machine']}, Python {record['python']}, torch"
        f" {record['torch']}, {record['precision']}."
    )


def load(name: str) -> dict[str, Any]:
    return dict(json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")))


def save(name: str, record: Mapping[str, Any]) -> None:
    """Keeps the figures and shows them."""
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")
    show(name)


def show(name: str) -> None:
    """Writes a benchmark's tables into its page, and its pictures."""
    page = DOCS / PAGES[name]
    page.write_text(filled(page.read_text(encoding="utf-8"), sheets(name)), encoding="utf-8")
    for label, figure in figures(name).items():
        draw([figure], DOCS / "images" / f"{label}.svg", "svg")


def sheets(name: str) -> dict[str, Sheet]:
    """A benchmark's tables by the names of their places."""
    return dict(_shown(name).sheets(load(name)))


def figures(name: str) -> dict[str, Figure]:
    """A benchmark's pictures by the names of their files."""
    shown = _shown(name)
    return dict(shown.figures(load(name))) if hasattr(shown, "figures") else {}


def filled(page: str, tables: Mapping[str, Sheet]) -> str:
    """The page with the tables in their places; KeyError for one that has no place."""
    for name, sheet in tables.items():
        place = re.compile(rf"(?s)(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)")
        if not place.search(page):
            raise KeyError(f"the page has no place <!-- {name} -->")
        page = place.sub(lambda found: f"{found[1]}{as_markdown([sheet])}{found[2]}", page)  # noqa: B023
    return page


def text_sheet(
    label: str,
    caption: str,
    heads: list[str],
    rows: list[list[str]],
    notes: list[str],
    words: int = 1,
) -> Sheet:
    """A table of texts; all columns but the first `words` are of numbers."""
    columns = tuple(Column(head, head, number=place >= words) for place, head in enumerate(heads))
    cells = tuple(tuple(Cell(text) for text in row) for row in rows)
    return Sheet(label, caption, columns, cells, tuple(notes))


def _shown(name: str) -> Any:
    return import_module(f"{name}_shown")


if __name__ == "__main__":
    for each in PAGES:
        show(each)
