"""What T_x looks at, and the nouns that each class's images retrieve."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wnkd_tui.app.progress import bar
from wnkd_tui.app.screens.run.facts import basis
from wnkd_tui.app.screens.run.panes.grid import grid
from wnkd_tui.app.screens.run.parts import Attribution
from wnkd_tui.report.nouns import Nouns
from wnkd_tui.report.rows import LARGE_DELTA

Inks = Mapping[str, str]
_LEARNED = 3  # nouns of the learned bank, of each class
_SHOWN_WEIGHT = 0.005  # a noun below half a percent says nothing to a reader
_BAR = 40


def attribution(part: Attribution, inks: Inks) -> RenderableType:
    said = Text(basis(part.spec), inks["faint"])
    parts: list[RenderableType] = [said, Text("\nWhat T_x looks at", "bold")]
    result = part.result
    if result and "image_share" in result:
        table = grid()
        for name, ink in (("image", "student"), ("text", "teacher")):
            share = float(result[f"{name}_share"])
            table.add_row(name, bar(share, _BAR, inks[ink], inks["faint"]), f"{share:.3f}")
        parts += [table, _measured(result, inks)]
    else:
        parts.append(Text(part.waited, inks["faint"]))
    if part.fault:
        parts.append(Text(part.fault, inks["state-failed"]))
    if part.nouns.relaxed:
        parts += [
            Text("\nNouns that each class's images retrieve, with weights in percent", "bold"),
            _nouns(part.nouns.relaxed, part.nouns.learned, inks),
        ]
    return Group(*parts)


def _measured(result: Mapping[str, Any], inks: Inks) -> Text:
    delta = result.get("delta_share")
    void = ", too large: the shares are void" if delta is not None and delta > LARGE_DELTA else ""
    said = [
        f"convergence delta {delta:.2g} of all attribution{void}" if delta is not None else "",
        f"{result['samples']:,} samples" if "samples" in result else "",
        f"{result['steps']} steps" if "steps" in result else "",
    ]
    return Text(", ".join(word for word in said if word), inks["faint"])


def _nouns(relaxed: Nouns, learned: Nouns, inks: Inks) -> Table:
    table = grid()
    heads = ["", "as Algorithm 1 makes the bank", *(["as T_x learned it"] if learned else [])]
    table.add_row(*(Text(head, inks["faint"]) for head in heads))
    for name, pairs in relaxed.items():
        row = [Text(name, inks["teacher"]), _weighted(pairs, inks)]
        if learned:
            row.append(_weighted(learned.get(name, ())[:_LEARNED], inks))
        table.add_row(*row)
    return table


def _weighted(pairs: Sequence[tuple[str, float]], inks: Inks) -> Text:
    shown = [(noun, weight) for noun, weight in pairs if weight >= _SHOWN_WEIGHT] or pairs[:1]
    return Text(", ").join(
        Text.assemble(noun.replace("_", " "), (f" {100 * weight:.0f}", inks["faint"]))
        for noun, weight in shown
    )
