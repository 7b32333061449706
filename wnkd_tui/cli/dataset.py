"""`wnkd dataset`: which images there are to train on."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wnkd_tui.cli.output import AsJson, console, print_json, say

if TYPE_CHECKING:
    from engine.data.registry import Source

app = typer.Typer(
    help="List, add and check datasets.\n\nExample: wnkd dataset add birds ~/data/birds",
    no_args_is_help=True,
)
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Such as digits, cifar100, or a name of your own.")
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
OWN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


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
        Path | None, typer.Argument(metavar="[PATH]", help="The folder that holds it.")
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
    from engine.data import registry
    from engine.errors import DataError, SpecError
    from wnkd_tui.cli import dataset_views
    from wnkd_tui.cli.reading import reading
    from wnkd_tui.home import Home
    from wnkd_tui.store import commands

    if (path is None) != download:
        raise SpecError(f"where is {name}? Give its folder, or --download, one of the two")
    if name in {info.name for info in registry.builtin()}:
        raise DataError(f"{name} is built in: it needs no adding")
    kind = _kind(name, splits)
    home = Home.find()
    folder = path or dataset_views.download(name, home.datasets)
    source = _source(name, kind, folder, prompts, splits)
    with reading(name) as report:
        info = registry.check(source, strict=strict, report=report)
    commands.add_dataset(home, info)
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
        Path | None, typer.Argument(metavar="[PATH]", help="A folder that is not added yet.")
    ] = None,
    prompts: Prompts = None,
    splits: Splits = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Read a whole dataset and say if it is sound.

    One that was added must be what it was; a folder, by PATH, must be one that could be added.

    Example: wnkd dataset check cifar100
    """
    from engine.data import registry
    from engine.errors import DataError, SpecError
    from wnkd_tui.cli import dataset_views, shapes
    from wnkd_tui.cli.reading import reading
    from wnkd_tui.home import Home
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    known = queries.dataset(connect(Home.find()), name) if path is None else None
    if known and (prompts or splits):
        raise SpecError(f"{name} has its prompts and splits already: give PATH to check another")
    source = known.source if known else _source(name, _kind(name, splits), path, prompts, splits)
    with reading(name) as report:
        info = registry.check(source, strict=strict, report=report)
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


def _kind(name: str, splits: Path | None) -> str:
    """The kind of a dataset that is called so. Raises SpecError for what is no name, and for
    splits of a kind that has none."""
    from engine.data import imagenet_lt
    from engine.data.registry import kind_of
    from engine.errors import SpecError

    if not OWN_NAME.fullmatch(name):
        raise SpecError(f"{name!r} is no name: letters, digits, - and _, at most 64")
    kind = kind_of(name)
    if splits and kind != imagenet_lt.NAME:
        raise SpecError(f"--splits is for {imagenet_lt.NAME}: {name} has no split files")
    return kind


def _source(
    name: str, kind: str, path: Path | None, prompts: Path | None, splits: Path | None
) -> "Source":
    from engine.data.registry import Source

    at, own, files = (one.expanduser() if one else None for one in (path, prompts, splits))
    return Source(name, kind, at, own, files)


def _draw(source: "Source") -> None:
    from wnkd_tui import pictures
    from wnkd_tui.cli import samples

    out = console()
    if samples.can_show(out):
        samples.show(pictures.samples(source, samples.fitting(out)), out)
    else:
        say("pictures need a terminal with colours and Unicode")
