"""How a cell of the grid looks."""

from collections.abc import Mapping

from rich.text import Text

from wnkd_tui.app.screens.grid.cells import Cell
from wnkd_tui.app.screens.grid.places import Layout, Line
from wnkd_tui.app.states import SIGNS
from wnkd_tui.queue.wording import Mix
from wnkd_tui.report.stats import Epoch

MARK = "◆"
LEGEND = "✓ done   ▶ running   ○ queued   · not yet   ✗ failed   ◆ marked"
LABEL = 16  # cells
_WORDS = {"waiting": "queued", "absent": "", "balanced": "no shots"}


def line_label(layout: Layout, line: Line) -> str:
    dataset, mix = line
    if not layout.by_dataset:
        return mix_label(mix)
    return dataset if len(dataset) < LABEL else f"{dataset[: LABEL - 2]}…"


def mix_label(mix: Mix) -> str:
    """`20%gt 80%wn`, right-aligned parts so that rows line up."""
    wn, noise = mix
    gt = 100 - wn - noise
    other = f"{wn:>3}%wn" if wn else f"{noise:>3}%noise" if noise else ""
    return f"{gt:>3}%gt {other}".ljust(LABEL)


def cell_text(
    cell: Cell, seeds: int, epoch: Epoch, inks: Mapping[str, str], *, marked: bool
) -> Text:
    """`◆ ✓ 97.20 ± 0.31`, `▶ 43%`, `○ queued`, `·`; of several seeds also how many are done."""
    mark = (f"{MARK} " if marked else "  ", inks["teacher"])
    state = "done" if cell.state == "partly" else cell.state
    ink = inks.get(f"state-{state}", inks["faint"])
    return Text.assemble(mark, (f"{SIGNS.get(state, '·')} ", ink), *_said(cell, seeds, epoch, inks))


def _said(cell: Cell, seeds: int, epoch: Epoch, inks: Mapping[str, str]) -> list[tuple[str, str]]:
    faint = inks["faint"]
    part = [(f" {cell.seeds}/{seeds}", faint)] if 0 < cell.seeds < seeds else []
    if cell.state == "running":
        return [(f"{cell.progress:.0%}", inks["state-running"]), *part]
    if cell.state in ("done", "partly") and cell.value:
        stat = cell.value.at(epoch)
        spread = [(f" ±{stat.sd:.2f}", faint)] if stat.sd is not None and not part else []
        return [(f"{stat.mean:.2f}", "bold"), *spread, *part]
    words = _WORDS.get(cell.state, cell.state)
    return [(words, inks.get(f"state-{cell.state}", faint)), *part]
