"""How a cell of the grid looks."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from engine.spec import Modality
from wnkd_tui.app.screens.grid.cells import Cell
from wnkd_tui.app.screens.grid.places import Layout, Line
from wnkd_tui.app.states import SIGNS, badge
from wnkd_tui.queue.wording import Mix
from wnkd_tui.report.stats import Epoch

MARK = "◆"
LEGEND = "✓ done   ▶ running   ○ queued   · not yet   ✗ failed   ◆ marked"
LABEL = 16  # cells of a row's label
PAPER = 22  # cells of a column that has room for the paper's number as well
_SPREAD = 15  # cells that a mean with its spread needs
_WORDS = {"waiting": "queued", "absent": "", "balanced": "no shots"}


def line_label(layout: Layout, line: Line, *, several: bool = False) -> str:
    """`20%gt 80%wn`, a dataset's name, or among several modalities `img, 20%gt 80%wn`."""
    if layout.by_dataset:
        name = line.dataset
        return name if len(name) < LABEL else f"{name[: LABEL - 2]}…"
    if not several:
        return mix_label(line.mix)
    if line.modality is Modality.IMG:
        return "img".ljust(LABEL + 4)
    image = "img," if line.modality is Modality.IMG_TEXT else "    "
    return image + mix_label(line.mix)


def mix_label(mix: Mix) -> str:
    """`20%gt 80%wn`, right-aligned parts so that rows line up."""
    wn, noise = mix
    gt = 100 - wn - noise
    other = f"{wn:>3}%wn" if wn else f"{noise:>3}%noise" if noise else ""
    return f"{gt:>3}%gt {other}".ljust(LABEL)


def cell_text(
    cell: Cell,
    seeds: int,
    epoch: Epoch,
    inks: Mapping[str, str],
    *,
    marked: bool,
    width: int = PAPER,
) -> Text:
    """`◆ ✓ 97.20 ±0.31`, `▶ 43%`, `○ queued`, `·`; of several seeds also how many are done, and
    where there is room the paper's number at the right."""
    mark = (f"{MARK} " if marked else "  ", inks["teacher"])
    state = "done" if cell.state == "partly" else cell.state
    ink = inks.get(f"state-{state}", inks["faint"])
    spread = width >= _SPREAD
    said = _said(cell, seeds, epoch, inks, spread=spread)
    text = Text.assemble(mark, (f"{SIGNS.get(state, '·')} ", ink), *said)
    if cell.paper is not None and width >= PAPER:
        paper = f"{cell.paper:.2f}"
        text.pad_right(width - 1 - len(text.plain) - len(paper))
        text.append(paper, f"italic {inks['faint']}")
    return text


def cell_words(
    name: str,
    cell: Cell,
    seeds: int,
    differs: Sequence[str],
    inks: Mapping[str, str],
) -> Text:
    """What is known of the cell under the cursor, in a line."""
    faint = inks["faint"]
    state = {"absent": "not yet", "partly": "done", "balanced": "no shot groups"}.get(cell.state)
    text = Text.assemble((name, "bold"), "  ")
    text.append_text(Text(state, faint) if state else badge(cell.state, inks))
    if seeds > 1 and cell.seeds:
        text.append(f" {cell.seeds} of {seeds} seeds")
    if cell.value:
        for words, stat in (("best", cell.value.best), ("last", cell.value.last)):
            spread = f" ±{stat.sd:.2f}" if stat.sd is not None else ""
            text.append(f"  {words} ", faint).append(f"{stat.mean:.2f}{spread}")
    if cell.paper is not None:
        text.append("  paper ", faint).append(f"{cell.paper:.2f}")
        text.append(f" (other {', '.join(differs)})" if differs else " (its settings)", faint)
    return text


def _said(
    cell: Cell, seeds: int, epoch: Epoch, inks: Mapping[str, str], *, spread: bool
) -> list[tuple[str, str]]:
    faint = inks["faint"]
    part = [(f" {cell.seeds}/{seeds}", faint)] if 0 < cell.seeds < seeds else []
    if cell.state == "running":
        return [(f"{cell.progress:.0%}", inks["state-running"]), *part]
    if cell.state in ("done", "partly") and cell.value:
        stat = cell.value.at(epoch)
        told = spread and stat.sd is not None and not part
        deviation = [(f" ±{stat.sd:.2f}", faint)] if told else []
        return [(f"{stat.mean:.2f}", "bold"), *deviation, *part]
    words = _WORDS.get(cell.state, cell.state)
    return [(words, inks.get(f"state-{cell.state}", faint)), *part]
