"""What is said below the grid: what its signs and numbers mean, the cell under the cursor, and what
queueing the marks would add."""

from collections.abc import Mapping

from rich.text import Text

from wnkd_tui.app.screens.grid.paint import LEGEND, cell_words
from wnkd_tui.app.screens.grid.paper import differs
from wnkd_tui.app.screens.grid.places import Layout, Place
from wnkd_tui.app.screens.grid.view import Grid
from wnkd_tui.queue.preview import Preview
from wnkd_tui.report.stats import Epoch


def legend(grid: Grid, epoch: Epoch, inks: Mapping[str, str], *, roomy: bool) -> Text:
    """`roomy`: columns have room for the paper's numbers."""
    figure = f"validation top-1 %, {epoch} epoch (b: the other)"
    if roomy and any(cell.paper is not None for cell in grid.cells.values()):
        figure += "; at the right the paper's"
    return Text(f"{LEGEND}\n{figure}", style=inks["faint"])


def cell(grid: Grid, layout: Layout, place: Place, epoch: Epoch, inks: Mapping[str, str]) -> Text:
    """What is known of the cell at `place`."""
    line, title = place
    kind = layout.columns[title]
    name = grid.basis.specs(line, kind, 0)[0].name
    if kind.teachers is None:
        name = grid.basis.tx(line).name
    others = differs(grid.basis, place, epoch)
    words = cell_words(name, grid.cells[place], len(grid.basis.seeds), others, inks)
    if tx := grid.basis.specs(line, kind, 0)[0].tx:
        words.append(f"  validation text {tx.val_text}", inks["faint"])
    return Text.assemble(line.dataset, "  ", words) if layout.by_dataset else words


def why_not(grid: Grid, layout: Layout, place: Place) -> str:
    """Why the cell at `place` cannot be marked, "" where it can."""
    if layout.columns[place[1]].teachers is None:
        return "T_x is trained with its student: mark T_x S_s or T_m T_x S_s"
    if grid.cells[place].state == "balanced":
        return f"LFME learns from shot groups: {place[0].dataset} is not long-tailed"
    return ""


def marks(told: Preview | str, inks: Mapping[str, str], *, marked: bool, tall: bool) -> Text:
    """What the marks would add, or why they cannot be queued; on a terminal that is not `tall` only
    the time it would take, unless the disk has no room."""
    if isinstance(told, str):
        return Text(told, style=inks["state-failed"])
    if not marked:
        return Text("space marks a cell, a its row, A all; q queues what is marked", inks["faint"])
    line = Text(told.text())
    if told.new_trials:
        line.append("   q", f"bold {inks['teacher']}").append(" queues them")
    cost = told.estimate
    lines = cost.lines if tall or cost.free is not None else [cost.text]
    return line.append("".join(f"\n{text}" for text in lines), inks["faint"])
