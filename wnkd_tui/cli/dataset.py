"""`wnkd dataset`: which images there are to train on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wnkd_tui.cli import completing
from wnkd_tui.cli.output import AsJson, console, print_json, say

if TYPE_CHECKING:
    from engine.data.registry import Source

app = typer.Typer(
    help="List, add and check datasets.\n\nExample: wnkd dataset add birds ~/data/birds",
    no_args_is_help=True,
)
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Such as digits, cifar100, or a name of your own.",
        autocompletion=completing.datasets,
    ),
]
Prompts = Annotated[
    Path | None,
    typer.Option("--prompts", metavar="CSV", help="Prompts of your own: columns class,prompt."),
]
Splits = Annotated[
    Path | None,
    typer.Option("--splits", metavar="FOLDER", help="Where imagenet-lt's split files are."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse the dataset for its first unreadable file.")
]


@app.command("list")
def list_datasets(as_json: AsJson = False) -> None:
    """List datasets, built in and added.

    Example: wnkd dataset list
    """
    from wnkd_tui.cli import dataset_views, shapes
    from wnkd_tui.home import Home
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    rows = queries.datasets(connect(Home.find()))
    if as_json:
        print_json(datasets=[shapes.dataset(row) for row in rows])
    else:
        dataset_views.show_list(rows)


@app.command()
def show(
    name: Name,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Draw an image of each class, as many as fit.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a dataset's classes and their sizes.

    With --pictures, on a terminal with colours: a training image of each class.

    Example: wnkd dataset show digits --pictures
    """
    from engine.errors import SpecError
    from wnkd_tui.cli import dataset_views, shapes
    from wnkd_tui.home import Home
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    if pictures and as_json:
        raise SpecError("--pictures and --json: give one of them")
    row = queries.dataset(connect(Home.find()), name)
    if as_json:
        print_json(**shapes.dataset(row))
        return
    dataset_views.show_one(row)
    if pictures:
        _draw(row.source)


@app.command()
def add(
    name: Name,
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="The folder that holds it.")
    ] = None,
    prompts: Prompts = None,
    splits: Splits = None,
    strict: Strict = False,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch it (CIFAR-100, by torchvision) first.")
    ] = False,
) -> None:
    """Add a dataset from a folder.

    All of it is read and checked; nothing is copied. Files that cannot be read are left out and
    told, or refused with --strict. cifar100, cifar100-imb100, imagenet, imagenet-lt, scene and
    utkface are read in their own layouts; any other name is a folder of class folders.

    Example: wnkd dataset add birds ~/data/birds --prompts birds.csv
    """
    from dataclasses import replace

    from engine.errors import SpecError
    from wnkd_tui.cli import dataset_views
    from wnkd_tui.cli.reading import reading
    from wnkd_tui.home import Home
    from wnkd_tui.queue import datasets

    if (path is None) != download:
        raise SpecError(f"where is {name}? Give its folder, or --download, one of the two")
    source = datasets.source_of(name, path, prompts, splits)
    home = Home.find()
    if download:
        if gone := datasets.missing(source):  # said before a download, which takes a while
            raise SpecError(f"{gone}: no such file or folder")
        source = replace(source, path=dataset_views.download(name, home.datasets))
    with reading(name) as report:
        info = datasets.add(home, source, strict=strict, report=report)
    say(
        f"added {info.name}: {sum(info.train_per_class)} training images,"
        f" {sum(info.val_per_class)} for validation, {len(info.classes)} classes, at {info.path}"
    )
    if info.skipped:
        say(f"skipped {dataset_views.skipped_text(info.skipped)}")


@app.command()
def check(
    name: Name,
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A folder that is not added yet.")
    ] = None,
    prompts: Prompts = None,
    splits: Splits = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Read a whole dataset and say if it is sound.

    One that was added must be what it was, and what was found stands in the app as well; a folder,
    by PATH, must be one that could be added.

    Example: wnkd dataset check cifar100
    """
    from engine.data import registry
    from engine.errors import DataError, SpecError
    from wnkd_tui.cli import dataset_views, shapes
    from wnkd_tui.cli.reading import reading
    from wnkd_tui.home import Home
    from wnkd_tui.queue import datasets
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect
    from wnkd_tui.store.datasets import row_of

    if path is None:
        if prompts or splits:
            raise SpecError(f"{name} has its prompts and splits already: give PATH to check others")
        home = Home.find()
        row = queries.dataset(connect(home), name)
        with reading(name) as report:
            wrong = datasets.check(home, row, strict=strict, report=report).wrong
        if wrong:
            so = f"wnkd dataset add {name} PATH takes it as it is now"
            raise DataError(f"{name}: {wrong}; {so}")
    else:
        source = datasets.source_of(name, path, prompts, splits)
        with reading(name) as report:
            row = row_of(registry.check(source, strict=strict, report=report))
    if as_json:
        print_json(**shapes.dataset(row))
    else:
        dataset_views.show_one(row)
        say(f"{name} is as it should be")


@app.command()
def remove(name: Name) -> None:
    """Forget a dataset; its files stay where they are.

    One that trials are of is kept: remove those first (wnkd trial remove).

    Example: wnkd dataset remove birds
    """
    from wnkd_tui.home import Home
    from wnkd_tui.queue import datasets
    from wnkd_tui.store.database import connect

    datasets.remove(connect(Home.find()), name)
    say(f"removed {name}; its files are untouched")


def _draw(source: "Source") -> None:
    from wnkd_tui import pictures
    from wnkd_tui.cli import samples

    out = console()
    if samples.can_show(out):
        samples.show(pictures.samples(source, samples.fitting(out)), out)
    else:
        say("pictures need a terminal with colours and Unicode")
