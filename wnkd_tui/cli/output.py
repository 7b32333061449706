"""stdout is data, stderr is narration: the only places that write to either."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from wnkd_tui.charts import Look

SCHEMA = 1
PIPE_WIDTH = 160  # a file or pipe has no width of its own: lines are not cut for it
CHART_WIDTH, CHART_HEIGHT = 76, 18

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with a schema version inside.")]


def print_json(**fields: Any) -> None:
    """One JSON object on stdout, its schema version first."""
    text = json.dumps({"schema": SCHEMA, **fields}, indent=1, ensure_ascii=False, allow_nan=False)
    typer.echo(text)


def say(text: str) -> None:
    """A line of narration on stderr."""
    typer.echo(text, err=True)


def console() -> "Console":
    """stdout for tables and charts: colours and the terminal's width only where there is one."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(highlight=False, soft_wrap=False, width=width)


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
