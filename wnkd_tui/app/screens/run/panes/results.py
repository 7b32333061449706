"""What T_x and the student of a trial found, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from wnkd_tui.app.screens.run.facts import basis
from wnkd_tui.app.screens.run.panes.grid import grid
from wnkd_tui.app.screens.run.parts import Results

Inks = Mapping[str, str]
_WHO = {"T_x": "teacher", "student": "student"}  # kind of job → ink
_FEW = 5  # best and worst classes that are named
_NOTHING = "T_x and the student are not done yet"
# What a result says at its last epoch: key → words, and how it is written.
_FIGURES = {
    "fidelity": ("answers as its teachers do", "{:.2f} % of validation"),
    "teacher_entropy": ("entropy of its teachers", "{:.3f} nats"),
    "entropy": ("entropy", "{:.3f} nats"),
}


def results(part: Results, inks: Inks) -> RenderableType:
    """What the numbers depend on, then a block for T_x and one for the student."""
    found = {job.kind: job.result for job in part.jobs if job.kind in _WHO and job.result}
    if not found:
        return Text(_NOTHING, style=inks["faint"])
    of = next(iter(found.values()))
    said = basis(part.spec, of.get("train_n"), of.get("val_n"))
    blocks: list[RenderableType] = [Text(said, style=inks["faint"])]
    for kind, result in found.items():
        table = grid()
        table.add_column(no_wrap=True)
        for name, value in _lines(result, part.classes).items():
            table.add_row(Text(name, style=inks["faint"]), value)
        blocks += [Text(), Text(kind, f"bold {inks[_WHO[kind]]}"), table]
    return Group(*blocks)


def _lines(result: Mapping[str, Any], classes: Sequence[str]) -> dict[str, str]:
    lines = {}
    if "best" in result and "last" in result:
        lines["validation top-1"] = ", ".join(
            f"{which} {result[which]['val_top1']:.2f} % (epoch {result[which]['epoch']})"
            for which in ("best", "last")
        )
    lines |= {
        words: shape.format(result[key])
        for key, (words, shape) in _FIGURES.items()
        if result.get(key) is not None
    }
    accuracies = result.get("per_class", {}).get("best", ())
    known = [
        (value, name) for name, value in zip(classes, accuracies, strict=False) if value is not None
    ]
    known.sort(key=lambda one: -one[0])
    if len(known) > 2 * _FEW:
        return lines | {
            "best classes": _named(known[:_FEW]),
            "worst": _named(known[: -_FEW - 1 : -1]),
        }
    return lines | ({"classes, best epoch": _named(known)} if known else {})


def _named(classes: Sequence[tuple[float, str]]) -> str:
    """`zero 95.2, one 94.4`."""
    return ", ".join(f"{name} {value:.1f}" for value, name in classes)
