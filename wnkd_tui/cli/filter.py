"""`wnkd filter`: searches that have a name; `@NAME` stands for one in any filter."""

import re
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from wnkd_tui.cli import completing
from wnkd_tui.cli.finding import Down, Filtering, search
from wnkd_tui.cli.output import AsJson, print_json, say

app = typer.Typer(
    help="Save filters under a name.\n\nExample: wnkd filter save good 'acc:>90 -tag:old'",
    no_args_is_help=True,
)
NAMED = re.compile(r"[\w.-]+")


class What(StrEnum):
    """What a filter is of."""

    TRIALS = "trials"
    JOBS = "jobs"


Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="What @ goes before.", autocompletion=completing.saved),
]


@app.command(cls=Filtering)
def save(
    name: Name,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="FILTER",
            help="As in wnkd trial list.",
            autocompletion=completing.terms("trials"),
        ),
    ],
    of: Annotated[What, typer.Option("--of", help="What it finds.")] = What.TRIALS,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help="And sort by this field.",
            autocompletion=completing.sorts("trials"),
        ),
    ] = None,
    down: Down = False,
) -> None:
    """Save a filter under a name.

    `@NAME` then stands for it on the command line, and the app lists it. One of the same name is
    replaced.

    Example: wnkd filter save good acc:'>90' -tag:old --sort acc --down
    """
    from engine.errors import SpecError
    from wnkd_tui.home import Home
    from wnkd_tui.store.database import connect
    from wnkd_tui.store.find import labels
    from wnkd_tui.store.rows import SavedFilter

    if not NAMED.fullmatch(name):
        raise SpecError(f"{name!r} is no name: letters, digits, - _ and .")
    conn = connect(Home.find())
    found = search(conn, of, words, sort, down)
    labels.save(conn, SavedFilter(name, of, found.text, found.sort, found.down))
    say(f"@{name} stands for: {found.text.strip() or f'all {of}'}")


@app.command("list")
def list_filters(as_json: AsJson = False) -> None:
    """List saved filters.

    Example: wnkd filter list
    """
    from wnkd_tui.home import Home
    from wnkd_tui.store.database import connect
    from wnkd_tui.store.find import labels

    found = labels.saved(connect(Home.find()))
    if as_json:
        print_json(filters=[asdict(one) for one in found])
        return
    if not found:
        say("no filters yet: wnkd filter save NAME FILTER saves one")
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        order = f"  by {one.sort}{' down' * one.down}" if one.sort else ""
        typer.echo(f"@{one.name:<{width}}  {one.what:<6}  {one.text}{order}")


@app.command()
def remove(name: Name) -> None:
    """Remove a saved filter.

    Example: wnkd filter remove good
    """
    from wnkd_tui.home import Home
    from wnkd_tui.store.database import connect
    from wnkd_tui.store.find import labels

    labels.forget(connect(Home.find()), name)
    say(f"@{name} removed")
