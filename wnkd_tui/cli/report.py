"""`wnkd report`: the paper's tables and figures from this database."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from wnkd_tui.cli.output import AsJson, console, has_unicode, look, print_json, say

if TYPE_CHECKING:
    from wnkd_tui.report.rows import Row

app = typer.Typer(
    help="The paper's tables and figures, from what was measured here."
    "\n\nExample: wnkd report table2",
    no_args_is_help=True,
)


class Epoch(StrEnum):
    """Which epoch's accuracy is reported; the paper reports the best."""

    BEST = "best"
    LAST = "last"


Dataset = Annotated[str | None, typer.Option("--dataset", help="Only this dataset.")]


@app.command()
def table2(
    dataset: Dataset = None,
    epoch: Annotated[
        Epoch, typer.Option(help="Epoch whose validation accuracy counts; JSON holds both.")
    ] = Epoch.BEST,
    as_json: AsJson = False,
) -> None:
    """Teacher and student accuracy over the text mix.

    Mean ± sd (n) over seeds, the paper's own numbers beside them where it has any.

    Example: wnkd report table2 --dataset cifar100 --epoch last
    """
    from wnkd_tui.report import table2 as table

    rows = _rows(dataset)
    if as_json:
        print_json(**table.to_json(rows, epoch.value))
    elif rows:
        out = console()
        out.print(table.render(rows, epoch.value, unicode=has_unicode(out)))
    else:
        say(_NOTHING)


@app.command()
def fig3(dataset: Dataset = None, as_json: AsJson = False) -> None:
    """Image and text share of T_x's decision.

    Example: wnkd report fig3 --json
    """
    from wnkd_tui.report import fig3 as figure

    rows = _rows(dataset)
    if as_json:
        print_json(**figure.to_json(rows))
    elif figure.attributed(rows):
        out = console()
        out.print(figure.render(rows, look(out)))
    else:
        say(_NOTHING)


_NOTHING = "nothing measured yet: wnkd queue add --wn 100, then wnkd run-queue --drain"


def _rows(dataset: str | None) -> "list[Row]":
    """Rows of what is done. Raises StoreError for an unknown dataset."""
    from wnkd_tui.home import Home
    from wnkd_tui.report.rows import collect
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    conn = connect(Home.find())
    if dataset is not None:
        queries.dataset(conn, dataset)
    return collect(queries.results(conn), dataset)
