"""`wnkd queue usage`: what jobs took here."""

from typing import TYPE_CHECKING

from wnkd_tui.cli.output import AsJson, console, has_unicode, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wnkd_tui.queue.usage import Usage


def usage(as_json: AsJson = False) -> None:
    """Show time and memory that jobs took here.

    Done jobs by what decides it: kind, dataset, device, and settings such as network, image size
    and batch. Estimates are made from these numbers.

    Example: wnkd queue usage
    """
    from wnkd_tui.cli import shapes
    from wnkd_tui.home import Home
    from wnkd_tui.queue.usage import used
    from wnkd_tui.store import queries
    from wnkd_tui.store.database import connect

    conn = connect(Home.find())
    found = used(conn, {row.name: row for row in queries.datasets(conn)})
    if as_json:
        print_json(usage=[shapes.usage(one) for one in found])
    elif found:
        _show(found)
    else:
        say("nothing measured yet: wnkd run-queue measures what it does")


def _show(found: "Sequence[Usage]") -> None:
    """A table for each device, the one that was measured last at the end."""
    from rich.box import ASCII2, SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    out = console()
    for device in sorted({one.device for one in found}, key=lambda name: _last(found, name)):
        box = SIMPLE_HEAD if has_unicode(out) else ASCII2
        table = Table(box=box, show_edge=False, pad_edge=False)
        for head in ("job", "dataset", "with"):
            table.add_column(head, overflow="fold")
        for head in ("jobs", "median", "95 %", "rate", "GPU", "host"):
            table.add_column(head, justify="right", overflow="fold")
        for one in found:
            if one.device == device:
                table.add_row(*map(Text, _cells(one)))
        out.print(Text(device, style="bold"))
        out.print(table)
    out.print(
        "median and 95 %: time of a whole job, of jobs in one process a share each; GPU and host:"
        " memory at most"
    )


def _last(found: "Sequence[Usage]", device: str) -> float:
    return max(one.at for one in found if one.device == device)


def _cells(one: "Usage") -> tuple[str, ...]:
    from wnkd_tui.queue.wording import size

    dataset, limit = one.data
    shared = [f"{one.together} in a process"] if one.together > 1 else []
    return (
        one.kind,
        f"{dataset or ''}{f' ({limit})' if limit else ''}",
        ", ".join([*(_told(name, value) for name, value in one.settings.items()), *shared]),
        str(len(one.runs)),
        _time(one.median),
        _time(one.p95),
        f"{one.rate:,.{0 if one.rate >= 100 else 1}f} {one.unit}/s" if one.unit else "",
        *("" if peak is None else size(peak) for peak in (one.memory, one.host_memory)),
    )


def _told(name: str, value: object) -> str:
    """`resnet20`, `32 px`, `batch 64`: a name says what it is of by itself."""
    if isinstance(value, str):
        return value
    return f"{value} px" if name in ("size", "image_size") else f"{name} {value}"


def _time(seconds: float) -> str:
    """`4.2 s`, `12.5 min`, `3.1 h`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
