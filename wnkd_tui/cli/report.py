"""`wnkd report`: the paper's tables and figures from this database."""

from importlib import import_module
from typing import Annotated, Any

import typer

from wnkd_tui.cli import completing
from wnkd_tui.cli import report_figures as figures
from wnkd_tui.cli.formats import AsMd, AsTex, Form, Report, tell
from wnkd_tui.cli.output import AsCsv, AsJson
from wnkd_tui.cli.report_options import By, Dataset, Epoch, Of, Trial

app = typer.Typer(
    help="The paper's tables and figures, from what was measured here."
    "\n\nExample: wnkd report table2 --tex",
    no_args_is_help=True,
)


# Tables of the database's rows: a module of wnkd_tui.report each, and a sweep that queues them.
TABLES = {
    "table1": """Our student against other methods, by dataset.

    Best trial, three-teacher baseline, Z-score and LFME, with the paper's numbers beside them.

    Example: wnkd report table1 --md""",
    "table2": """Teacher and student accuracy over the text mix.

    Mean ± sd (n) over seeds, the paper's own numbers beside them where it has any.

    Example: wnkd report table2 --dataset cifar100 --epoch last""",
    "table3": """What it brings that T_x learns its noun bank.

    T_x and student with the bank fixed and learned, and what they gain.

    Example: wnkd report table3 --epoch both""",
    "leakage": """What text gives T_x beyond the image.

    The lead of T_x on one without text, its entropy, and what comes of both in the student.

    Example: wnkd report leakage --dataset cifar100""",
}


def _add_table(name: str, about: str) -> None:
    @app.command(name, help=about)
    def table(
        dataset: Dataset = None,
        epoch: Of = Epoch.BEST,
        as_json: AsJson = False,
        as_csv: AsCsv = False,
        as_md: AsMd = False,
        as_tex: AsTex = False,
    ) -> None:
        form = Form(as_json, as_csv, as_md, as_tex)
        from wnkd_tui.cli import measured

        module: Any = import_module(f"wnkd_tui.report.{name}")
        rows = measured.rows(dataset)
        tell(
            Report(
                lambda: module.to_json(rows, epoch.value),
                lambda: module.sheets(rows, epoch.value),
                queue=f"wnkd queue add --sweep {name}",
            ),
            form,
        )


for _name, _about in TABLES.items():
    _add_table(_name, _about)


figures.register(app)


@app.command()
def shots(
    dataset: Dataset = None,
    epoch: Of = Epoch.BEST,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_md: AsMd = False,
    as_tex: AsTex = False,
) -> None:
    """Many-, medium- and few-shot classes.

    Accuracy by the number of a class's training images, for each T_x and student.

    Example: wnkd report shots --dataset cifar100-imb100
    """
    form = Form(as_json, as_csv, as_md, as_tex)
    from wnkd_tui.cli import measured
    from wnkd_tui.report import shots as table

    rows, datasets = measured.rows(dataset), measured.datasets()
    tell(
        Report(
            lambda: table.to_json(rows, datasets, epoch.value),
            lambda: table.sheets(rows, datasets, epoch.value),
        ),
        form,
    )


@app.command()
def classes(
    trials: Annotated[
        list[int],
        typer.Argument(
            metavar="TRIAL",
            help="Trial numbers; all their seeds count.",
            autocompletion=completing.trials,
        ),
    ],
    by: Annotated[
        By, typer.Option(help="Order: the dataset's, or by the first trial's lead on the second.")
    ] = By.CLASS,
    epoch: Of = Epoch.BEST,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_md: AsMd = False,
    as_tex: AsTex = False,
) -> None:
    """Accuracy of every class, trials side by side.

    Example: wnkd report classes 2 3 --by difference
    """
    form = Form(as_json, as_csv, as_md, as_tex)
    from wnkd_tui.cli import measured
    from wnkd_tui.report import classes as table

    chosen = measured.chosen(trials)
    dataset = measured.datasets()[chosen[0].spec.dataset]
    tell(
        Report(
            lambda: table.to_json(chosen, dataset, epoch.value, by.value),
            lambda: [table.sheet(chosen, dataset, epoch.value, by.value)],
        ),
        form,
    )


@app.command()
def diff(
    a: Trial,
    b: Trial,
    epoch: Of = Epoch.BOTH,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_md: AsMd = False,
    as_tex: AsTex = False,
) -> None:
    """Two trials, paired seed by seed.

    The mean difference with its 95 % interval, and whether the trials can be told apart.

    Example: wnkd report diff 2 3
    """
    form = Form(as_json, as_csv, as_md, as_tex)
    from wnkd_tui.cli import measured
    from wnkd_tui.report import differences as table

    first, second = measured.pair(a, b)
    tell(
        Report(
            lambda: table.to_json(first, second),
            lambda: [table.sheet(first, second, epoch.value)],
        ),
        form,
    )
