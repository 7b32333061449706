"""`wnkd gc`: what no trial needs any more, and freeing it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wnkd_tui.cli.output import AsJson, print_json, say
from wnkd_tui.queue import wording

if TYPE_CHECKING:
    from wnkd_tui.queue.housekeeping.gc import Sweep

TEXTS = {
    "trash": "what a gc left in the trash",
    "artifact": "artifacts of no trial",
    "job_folder": "job folders of no trial",
    "checkpoint": "checkpoints of done jobs",
    "file": "given files of no trial",
    "half_made": "artifacts half made",
    "copy": "copies half made",
    "lock": "locks of no job",
}


def gc(
    delete: Annotated[
        bool, typer.Option("--delete", help="Free it. Without this nothing is changed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show, or free, disk that no trial needs.

    Artifacts and job folders of trials that were removed, files that no trial names, checkpoints of
    jobs that are done, and what kills have left half-made. Safe while the queue runs.

    Example: wnkd gc --delete
    """
    from wnkd_tui.home import Home
    from wnkd_tui.queue.housekeeping.gc import look, sweep
    from wnkd_tui.store.database import connect

    home = Home.find()
    conn = connect(home)
    try:
        swept = sweep(home, conn) if delete else look(home, conn)
    finally:
        conn.close()
    if as_json:
        _print_json(home.root, swept, delete)
    else:
        _print(home.root, swept, delete)


def _print(root: Path, swept: "Sweep", deleted: bool) -> None:
    for path, why in swept.left:
        say(f"left alone: {path.relative_to(root)}: {why}")
    if not swept.freed:
        typer.echo("nothing to free: all that is here is some trial's")
        return
    for sort, text in TEXTS.items():
        _line(text, *swept.of(sort))
    _line("freed" if deleted else "in all", len(swept.freed), sum(one.size for one in swept.freed))
    if not deleted:
        say("nothing was changed: wnkd gc --delete frees it")


def _line(text: str, count: int, size: int) -> None:
    if count:
        typer.echo(f"{text:<28}{count:>7}  {wording.size(size):>11}")


def _print_json(root: Path, swept: "Sweep", deleted: bool) -> None:
    sorts = [(sort, *swept.of(sort)) for sort in TEXTS]
    print_json(
        deleted=deleted,
        count=len(swept.freed),
        bytes=sum(one.size for one in swept.freed),
        sorts=[{"sort": sort, "count": count, "bytes": size} for sort, count, size in sorts],
        found=[
            {"sort": one.sort, "path": str(one.path.relative_to(root)), "bytes": one.size}
            for one in swept.freed
        ],
        left=[{"path": str(path.relative_to(root)), "why": why} for path, why in swept.left],
    )
