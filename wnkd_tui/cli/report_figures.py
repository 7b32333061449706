"""Reports with a chart: `wnkd report fig2|fig3|scatter`."""

from typing import Annotated, Literal

import typer

from wnkd_tui.cli.formats import AsMd, AsTex, Form, Png, Report, Svg, tell
from wnkd_tui.cli.output import AsCsv, AsJson
from wnkd_tui.cli.report_options import Dataset, Epoch, Of


def register(app: typer.Typer) -> None:
    for report in (fig2, fig3, scatter):
        app.command()(report)


def fig2(
    dataset: Dataset = None,
    epoch: Of = Epoch.BEST,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_md: AsMd = False,
    as_tex: AsTex = False,
    png: Png = None,
    svg: Svg = None,
) -> None:
    """T_x on text alone and the student it teaches.

    Accuracy over the percentage of WordNet-relaxed text: a chart and its numbers.

    Example: wnkd report fig2 --png fig2.png
    """
    form = Form(as_json, as_csv, as_md, as_tex, png, svg)
    from wnkd_tui.cli import measured
    from wnkd_tui.report import fig2 as figure

    rows = measured.rows(dataset)
    tell(
        Report(
            lambda: figure.to_json(rows, epoch.value),
            lambda: figure.sheets(rows, epoch.value),
            lambda: figure.figures(rows, epoch.value),
            "wnkd queue add --sweep fig2",
        ),
        form,
    )


def fig3(
    dataset: Dataset = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_md: AsMd = False,
    as_tex: AsTex = False,
    png: Png = None,
    svg: Svg = None,
) -> None:
    """Image and text share of T_x's decision.

    A bar for each text mix, and its numbers.

    Example: wnkd report fig3 --svg fig3.svg
    """
    form = Form(as_json, as_csv, as_md, as_tex, png, svg)
    from wnkd_tui.cli import measured
    from wnkd_tui.report import fig3 as figure

    rows = measured.rows(dataset)
    tell(
        Report(
            lambda: figure.to_json(rows),
            lambda: figure.sheets(rows),
            lambda: figure.figures(rows),
            "wnkd queue add --sweep fig3",
        ),
        form,
    )


def scatter(
    dataset: Dataset = None,
    epoch: Of = Epoch.BEST,
    against: Annotated[
        Literal["accuracy", "leakage"],
        typer.Option("--against", help="T_x's accuracy, or how much text leaks the label."),
    ] = "accuracy",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    as_md: AsMd = False,
    as_tex: AsTex = False,
    png: Png = None,
    svg: Svg = None,
) -> None:
    """What a student gains, against the T_x that taught it.

    A point for each text mix, with error bars over seeds, and its numbers.

    Example: wnkd report scatter --against leakage
    """
    form = Form(as_json, as_csv, as_md, as_tex, png, svg)
    from wnkd_tui.cli import measured
    from wnkd_tui.report import scatter as figure

    rows = measured.rows(dataset)
    tell(
        Report(
            lambda: figure.to_json(rows, epoch.value, against),
            lambda: figure.sheets(rows, epoch.value, against),
            lambda: figure.figures(rows, epoch.value, against),
            "wnkd queue add --sweep table2",
        ),
        form,
    )
