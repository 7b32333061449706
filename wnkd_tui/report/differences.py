"""Two trials against each other, paired seed by seed."""

from collections.abc import Mapping
from typing import Any

from wnkd_tui.report.cells import (
    differences,
    epochs,
    made,
    numbers,
    stat_json,
    texts,
)
from wnkd_tui.report.chosen import Chosen
from wnkd_tui.report.conditions import SCHEMA
from wnkd_tui.report.notes import on_signs
from wnkd_tui.report.sheet import Sheet
from wnkd_tui.report.stats import Difference, Epoch, Shown, difference

WHAT: Mapping[str, str] = {"student": "student top-1", "T_x": "T_x val"}


def sheet(a: Chosen, b: Chosen, shown: Shown = "both") -> Sheet:
    """A line for the student and, where both have one, for T_x; the notes say what follows."""
    lines = _lines(a, b, shown)
    columns = [
        texts("what", "what", (f"{WHAT[kind]}, {epoch} epoch" for kind, epoch in lines)),
        numbers("a", f"A: {a.label}", [a.top1(kind, epoch) for kind, epoch in lines]),
        numbers("b", f"B: {b.label}", [b.top1(kind, epoch) for kind, epoch in lines]),
        differences("difference", "A − B", [_gap(a, b, kind, epoch) for kind, epoch in lines]),
    ]
    notes = [
        f"{WHAT[kind][0].upper()}{WHAT[kind][1:]}, {epoch} epoch: {told(_gap(a, b, kind, epoch))}"
        for kind, epoch in lines
    ]
    notes += on_signs(cells for _, cells in columns)
    texts_of = [one.spec.tx.val_text for one in (a, b) if one.spec.tx]
    if len(set(texts_of)) > 1:
        notes.append(f"T_x val is on other text: {texts_of[0]} in A, {texts_of[1]} in B.")
    return made("Differences", f"A = {a.about} · B = {b.about}", columns, notes)


def to_json(a: Chosen, b: Chosen) -> dict[str, Any]:
    """Accuracies in percent, differences in percentage points."""
    return {
        "schema": SCHEMA,
        **{
            side: {"id": one.id, "name": one.spec.name, "about": one.about}
            for side, one in (("a", a), ("b", b))
        },
        "differences": [
            {
                "what": WHAT[kind],
                "epoch": epoch,
                "a": stat_json(a.top1(kind, epoch)),
                "b": stat_json(b.top1(kind, epoch)),
                "difference": stat_json(_gap(a, b, kind, epoch)),
                "text": told(_gap(a, b, kind, epoch)),
            }
            for kind, epoch in _lines(a, b, "both")
        ],
    }


def told(gap: Difference | None, a: str = "A", b: str = "B", digits: int = 2) -> str:
    """What can be said of a difference, in one sentence."""
    if gap is None:
        return f"{a} and {b} have no seed in common."
    if gap.half is None:
        return f"{a} − {b} = {gap.text(digits)} (one seed: no interval)."
    known = f"(95 %, {gap.n} paired seeds)"
    if not gap.certain:
        return f"{a} and {b} are not told apart: {a} − {b} = {gap.text(digits)} {known}."
    better, worse = (a, b) if gap.mean > 0 else (b, a)
    lead = f"{abs(gap.mean):.{digits}f} ± {gap.half:.{digits}f}"
    return f"{better} is better than {worse} by {lead} {known}."


def _lines(a: Chosen, b: Chosen, shown: Shown) -> list[tuple[str, Epoch]]:
    kinds = [kind for kind in WHAT if a.top1(kind, "best") and b.top1(kind, "best")]
    return [(kind, epoch) for kind in kinds or ["student"] for epoch in epochs(shown)]


def _gap(a: Chosen, b: Chosen, kind: str, epoch: Epoch) -> Difference | None:
    return difference(a.top1(kind, epoch), b.top1(kind, epoch))
