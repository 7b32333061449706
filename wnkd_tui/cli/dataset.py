"""`wnkd dataset`: which images there are to train on."""

from pathlib import Path
from typing import Annotated

import typer

from wnkd_tui.cli.output import AsJson, print_json, say

app = typer.Typer(
    help="List, add and check datasets.\n\nExample: wnkd dataset add cifar100 ~/data/cifar",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as digits or cifar100.")]


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
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a dataset's classes and their sizes.

    Example: wnkd dataset show digits
    """
    from wnkd_tui.cli import dataset_views, shapes
    from wnkd_tui.home import Home
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    row = queries.dataset(connect(Home.find()), name)
    if as_json:
        print_json(**shapes.dataset(row))
    else:
        dataset_views.show_one(row)


@app.command()
def add(
    name: Name,
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="The folder that holds it.")
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch it (cifar100, by torchvision) first.")
    ] = False,
) -> None:
    """Add a dataset from a folder.

    All of it is read and checked; nothing is copied. cifar100 is the folder with, or named,
    cifar-100-python: the official pickles.

    Example: wnkd dataset add cifar100 ~/data/cifar
    """
    from engine.data import registry
    from engine.errors import DataError, SpecError
    from wnkd_tui.cli import dataset_views
    from wnkd_tui.home import Home
    from wnkd_tui.store import commands

    if (path is None) != download:
        raise SpecError(f"where is {name}? Give its folder, or --download, one of the two")
    if name in {info.name for info in registry.builtin()}:
        raise DataError(f"{name} is built in: it needs no adding")
    home = Home.find()
    folder = path.expanduser() if path else dataset_views.download(name, home.datasets)
    info = registry.check(name, folder)
    commands.add_dataset(home, info)
    say(
        f"added {info.name}: {sum(info.train_per_class)} training images,"
        f" {sum(info.val_per_class)} for validation, {len(info.classes)} classes, at {info.path}"
    )


@app.command()
def check(
    name: Name,
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="A folder that is not added yet.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a whole dataset and say if it is sound.

    One that was added must be what it was; a folder, by PATH, must be one that could be added.

    Example: wnkd dataset check cifar100
    """
    from engine.data import registry
    from engine.errors import DataError
    from wnkd_tui.cli import dataset_views, shapes
    from wnkd_tui.home import Home
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    known = queries.dataset(connect(Home.find()), name) if path is None else None
    where = known.path if known else path
    info = registry.check(known.kind if known else name, where.expanduser() if where else None)
    if known and known.key != info.key:
        raise DataError(
            f"{name} at {info.path} has changed since it was added: wnkd dataset add {name} PATH"
            " takes it as it is now"
        )
    row = dataset_views.as_row(info)
    if as_json:
        print_json(**shapes.dataset(row))
    else:
        dataset_views.show_one(row)
        say(f"{name} is as it should be")
