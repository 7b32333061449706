"""What the reports are asked with."""

from enum import StrEnum
from typing import Annotated

import typer

from wnkd_tui.cli import completing


class Epoch(StrEnum):
    """Which epoch's accuracy is reported; the paper reports the best."""

    BEST = "best"
    LAST = "last"
    BOTH = "both"


class By(StrEnum):
    """The order of classes: the dataset's, or by the first trial's lead on the second."""

    CLASS = "class"
    DIFFERENCE = "difference"


Dataset = Annotated[
    str | None,
    typer.Option("--dataset", help="Only this dataset.", autocompletion=completing.datasets),
]
Of = Annotated[Epoch, typer.Option("--epoch", help="Epoch whose validation accuracy counts.")]
Trial = Annotated[
    int,
    typer.Argument(
        metavar="TRIAL",
        help="Trial number; all its seeds count.",
        autocompletion=completing.trials,
    ),
]
