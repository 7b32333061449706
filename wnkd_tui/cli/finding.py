"""Which trials and jobs: filters and numbers as arguments and options, and what filters ask for.

A filter is words of the language of `wnkd_tui.store.find`, joined by "and".
"""

import re
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from wnkd_tui.cli import completing
from wnkd_tui.cli.output import on_terminal

if TYPE_CHECKING:
    from wnkd_tui.store.find.listing import Search

TrialWords = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILTER",
        help="Which ones: dataset:digits wn:>=50 acc:>90 -tag:old @saved, or a part of the name.",
        autocompletion=completing.terms("trials"),
    ),
]
JobWords = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILTER",
        help="Which ones: state:failed,lost kind:T_x took:>1h @saved, or a part of the name.",
        autocompletion=completing.terms("jobs"),
    ),
]
TrialList = Annotated[
    str | None,
    typer.Option(
        "--trial",
        metavar="N[,N]",
        help="All jobs of these trials.",
        autocompletion=completing.trials,
    ),
]
WhereJobs = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="FILTER",
        help="Those that a filter finds, such as 'state:failed dataset:digits'.",
        autocompletion=completing.terms("jobs"),
    ),
]
WhereTrials = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="FILTER",
        help="Those that a filter finds, such as 'dataset:digits -tag:paper'.",
        autocompletion=completing.terms("trials"),
    ),
]
Trials = Annotated[
    list[int] | None,
    typer.Argument(metavar="TRIAL", help="Trial numbers.", autocompletion=completing.trials),
]
EveryTrial = Annotated[bool, typer.Option("--all", help="Every trial.")]
EveryJob = Annotated[bool, typer.Option("--all", help="Every job that this can be done to.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, however many a filter finds.")]
Down = Annotated[bool, typer.Option("--down", help="With --sort: the greatest first.")]
Everything = Annotated[
    bool, typer.Option("--all", help="All of them, however many, on a terminal too.")
]

FEW = 50  # lines that a terminal is given unasked
_NEGATED = re.compile(r"-[A-Za-z]\w*:.*", re.DOTALL)


class Filtering(TyperCommand):
    """A command whose words may begin with `-`, as in `-state:done`, and are no flags then."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        terms = [word for word in args[:end] if _NEGATED.fullmatch(word)]
        rest = [word for word in args[:end] if not _NEGATED.fullmatch(word)]
        if terms:
            args = [*rest, "--", *terms, *args[end + 1 :]]
        return super().parse_args(ctx, args)


def search(
    conn: sqlite3.Connection,
    what: str,
    words: Sequence[str] | None,
    sort: str | None = None,
    down: bool = False,
) -> "Search":
    """What `words` ask for; sorted as a saved filter among them says, where `sort` is not given.

    Raises FilterError for a filter that nobody saved or that is of something else than `what`,
    SpecError for an order of nothing.
    """
    from engine.errors import SpecError
    from wnkd_tui.store.find import labels
    from wnkd_tui.store.find.listing import Search

    text, called = labels.expanded(conn, what, " ".join(words or ()))
    ordered = next((one for one in called if one.sort), None)
    if not sort and ordered:
        sort, down = ordered.sort, ordered.down
    if down and not sort:
        raise SpecError("--down goes with --sort FIELD")
    return Search(text, sort or "", down)


def shown(everything: bool) -> int | None:
    """How many lines of a list are shown: a few on a terminal, else (None) all."""
    return FEW if on_terminal() and not everything else None


def told_more(what: str, shown: int, found: int) -> str:
    """The line below a list that is not whole."""
    return f"{shown} of {found:,} {what}: --all shows all of them, a filter narrows"
