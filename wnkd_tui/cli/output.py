"""stdout is data, stderr is narration: the only places that write to either."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import SpecError

if TYPE_CHECKING:
    from rich.console import Console

    from wnkd_tui.charts import Look

SCHEMA = 1
PIPE_WIDTH = 160  # a file or pipe has no width of its own: lines are not cut for it
CHART_WIDTH, CHART_HEIGHT = 76, 18

AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV: a line a row, numbers whole.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with a schema version inside.")]


def print_json(**fields: Any) -> None:
    """One JSON object on stdout, its schema version first."""
    text = json.dumps({"schema": SCHEMA, **fields}, indent=1, ensure_ascii=False, allow_nan=False)
    typer.echo(text)


def check_form(*, as_json: bool, as_csv: bool) -> None:
    """Raises SpecError where a list is asked for in two forms."""
    if as_json and as_csv:
        raise SpecError("--json and --csv: a list has one form at a time")


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """A table on stdout, numbers whole; empty is what is not known."""
    writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def say(text: str) -> None:
    """A line of narration on stderr."""
    typer.echo(text, err=True)


def on_terminal() -> bool:
    """Whether a person reads along, who is not given thousands of lines unasked."""
    return sys.stdout.isatty()


def console() -> "Console":
    """stdout for tables and charts: colours and the terminal's width only where there is one.

    Brackets in names and reasons are brackets and no markup.
    """
    from rich.console import Console

    width = None if on_terminal() else PIPE_WIDTH
    return Console(highlight=False, markup=False, soft_wrap=False, width=width)


def look(of: "Console") -> "Look":
    """How a chart has to be drawn for the console `of`."""
    from wnkd_tui.charts import Look

    return Look(
        width=min(CHART_WIDTH, of.width),
        height=CHART_HEIGHT,
        colour=of.color_system is not None,
        unicode=has_unicode(of),
    )


def has_unicode(of: "Console") -> bool:
    """Whether the console can show box-drawing signs."""
    return of.encoding.lower().startswith("utf")
