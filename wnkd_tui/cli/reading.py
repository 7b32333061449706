"""How far the reading of a dataset is, on stderr: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

Report = Callable[[int, int], None]  # files read, files in all

REMIND_EVERY = 15.0  # seconds between two plain lines


@contextmanager
def reading(name: str, console: Console | None = None) -> Iterator[Report]:
    """Gives what `engine.data.registry.check` reports to; `console` stands for stderr."""
    console = console or Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _lines(name, console)
        return
    columns = (
        TextColumn(f"reading {name}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("files"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _lines(name: str, console: Console) -> Report:
    last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > REMIND_EVERY:
            last = time.monotonic()
            console.print(f"reading {name}: {done} of {total} files", markup=False, soft_wrap=True)

    return report
