"""Changes to a recipe: which of its settings a trial has otherwise, by dotted name."""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

Value = bool | int | float | str | tuple[Any, ...]
Changes = tuple[tuple[str, Value], ...]

# What only some trials read, single settings before their tables; every other setting of a recipe
# touches every trial.
_PARTS = (
    "T_x.mix",
    "T_x.text_update",
    "T_x.bank_weight_decay",
    "T_x.lambda_hier",
    "T_x.lambda_cosreg",
    "T_x",
    "relax",
    "embed",
    "attribution",
    "teacher",
    "zscore",
    "lfme",
    "logits.keep",
    "logits",
    "student.tau",
    "student.lam",
    "student.combine",
    "student.ema_decay",
    "student.teacher_bn",
)
# Of what a trial reads, these decide T_x and its attribution; the others decide the students.
_OF_TX = ("T_x", "relax", "embed", "attribution")


def frozen_changes(changes: Iterable[tuple[str, Any]]) -> Changes:
    """Sorted by name, lists as tuples: equal changes compare and hash equal."""
    return tuple(sorted((name, _frozen(value)) for name, value in dict(changes).items()))


def telling_changes(changes: Changes, parts: Collection[str]) -> Changes:
    """Those of `changes` that matter to a trial which reads `parts`."""
    return tuple(one for one in changes if (part := _part_of(one[0])) is None or part in parts)


def of_t_x(changes: Changes) -> Changes:
    """The changes that make another T_x (or another attribution of it)."""
    return tuple(c for c in changes if any(_within(c[0], part) for part in _OF_TX))


def of_students(changes: Changes) -> Changes:
    """The changes that leave T_x as it is."""
    mine = set(of_t_x(changes))
    return tuple(change for change in changes if change not in mine)


def text_of(changes: Changes) -> str:
    """`T_x.stem linear, student.tau 2.0`: as shown beside a trial's name."""
    return ", ".join(f"{name} {_shown(value)}" for name, value in changes)


@lru_cache(maxsize=1024)  # reports ask it of the same few settings, trial by trial
def _part_of(name: str) -> str | None:
    """The first of `_PARTS` that a setting is within; None for one that touches every trial."""
    return next((part for part in _PARTS if _within(name, part)), None)


def _within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


def _frozen(value: Any) -> Value:
    return tuple(_frozen(one) for one in value) if isinstance(value, list | tuple) else value


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return "/".join(map(str, value))
    return str(value)
