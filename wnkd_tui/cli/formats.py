"""The forms of a report: the terminal's own, or exactly one that other programs read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import SpecError
from wnkd_tui.cli.output import console, look, print_json, say

if TYPE_CHECKING:
    from wnkd_tui.report.picture import Kind
    from wnkd_tui.report.sheet import Figure, Sheet

AsMd = Annotated[bool, typer.Option("--md", help="Print tables for Markdown (GitHub's).")]
AsTex = Annotated[bool, typer.Option("--tex", help="Print tables for LaTeX (booktabs).")]
Png = Annotated[
    Path | None, typer.Option("--png", metavar="FILE", help="Write the chart to a PNG file.")
]
Svg = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE", help="Write the chart to an SVG file.")
]

NOTHING = "nothing measured yet: {}, then wnkd run-queue --drain"


@dataclass(frozen=True)
class Form:
    """What the flags ask for; raises SpecError where they ask for two forms."""

    json: bool = False
    csv: bool = False
    md: bool = False
    tex: bool = False
    png: Path | None = None
    svg: Path | None = None

    def __post_init__(self) -> None:
        given = [f"--{field.name}" for field in fields(self) if getattr(self, field.name)]
        if len(given) > 1:
            raise SpecError(f"{' and '.join(given)}: a report has one form at a time")


@dataclass(frozen=True)
class Report:
    """A report before it has a form. `queue` is the command that queues what it needs."""

    json: Callable[[], dict[str, Any]]
    sheets: Callable[[], "Sequence[Sheet]"]
    figures: Callable[[], "Sequence[Figure]"] = tuple
    queue: str = "wnkd queue add --wn 100"


def tell(report: Report, form: Form) -> None:
    """Gives the report its form: on stdout, pictures in their file.

    Where nothing is measured that is said on stderr, and JSON has no rows. Raises SpecError for a
    picture of nothing and for one that cannot be written.
    """
    if form.json:
        print_json(**report.json())
    elif picture := form.png or form.svg:
        _draw(report, picture, "png" if form.png else "svg")
    elif sheets := report.sheets():
        _print(report, sheets, form)
    else:
        say(NOTHING.format(report.queue))


def _draw(report: Report, path: Path, kind: "Kind") -> None:
    from wnkd_tui.report.picture import draw

    figures = report.figures()
    if not figures:
        raise SpecError(NOTHING.format(report.queue))
    draw(figures, path.expanduser(), kind)
    say(f"wrote {path}")


def _print(report: Report, sheets: "Sequence[Sheet]", form: Form) -> None:
    from wnkd_tui.report import export, terminal

    if form.csv or form.md or form.tex:
        written: export.Form = "csv" if form.csv else "md" if form.md else "tex"
        typer.echo(export.text(sheets, written), nl=False)
    else:
        out = console()
        out.print(terminal.render(_together(sheets, report.figures()), look(out)))


def _together(sheets: "Sequence[Sheet]", figures: "Sequence[Figure]") -> "list[Sheet | Figure]":
    """Each sheet below the figures that show it: one, or one for each epoch."""
    each = len(figures) // len(sheets)
    parts: list[Sheet | Figure] = []
    for place, sheet in enumerate(sheets):
        parts += [*figures[place * each : (place + 1) * each], sheet]
    return parts
