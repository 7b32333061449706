"""What people write for numbers, seeds, mixes and settings: the same for flags and for the form;
and how counts and sizes are told to them."""

import tomllib
from collections.abc import Iterable, Sequence
from typing import Any

from engine.changes import Changes, frozen_changes
from engine.encoders.names import STAND_IN
from engine.errors import SpecError
from engine.spec import MultimodalSpec, Teachers

Mix = tuple[int, int]  # (wn, noise) in percent; what is neither is gt

EVERY_STUDENT = (Teachers.NONE, Teachers.TX, Teachers.TM_TX)
MOST_SEEDS = 1000  # of one request; more is a slip, and would keep the queue busy for years
BYTES = ("bytes", "KiB", "MiB", "GiB", "TiB")
LARGEST_NUMBER = 2**53  # whole numbers beyond it have no exact JSON everywhere


def count(number: int, what: str) -> str:
    """`1 trial`, `1,200 trials`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """`900 bytes`, `1.4 GiB`."""
    part, place = float(number), 0
    while part >= 1024 and place < len(BYTES) - 1:
        part, place = part / 1024, place + 1
    return f"{part:.1f} {BYTES[place]}" if place else f"{number} {BYTES[0]}"


def numbers(text: str, what: str) -> list[int]:
    """`0,20,50` as integers, each once, in the order written; none for an empty text.

    Raises SpecError, naming `what`, for anything else.
    """
    try:
        found = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise SpecError(
            f"{what} {text}: write whole numbers with commas, such as {what} 0,50,100"
        ) from None
    return list(dict.fromkeys(found))


def seeds(text: str, what: str) -> list[int]:
    """A count (`3` is 0, 1 and 2) or a list of seeds (`0,4`; a single one is `4,`)."""
    found = numbers(text, what)
    if "," not in text:
        if not found or found[0] < 1:
            raise SpecError(f"{what} {text}: write how many, at least 1, or a list such as 0,4")
        if found[0] > MOST_SEEDS:
            raise SpecError(f"{what} {text}: at most {MOST_SEEDS} at a time")
        return list(range(found[0]))
    if not found or min(found) < 0:
        raise SpecError(f"{what} {text}: a seed cannot be negative")
    return found


def mixes(wn: Sequence[int], noise: Sequence[int]) -> list[Mix]:
    """Text mixes; empty where none is given. Raises SpecError where one is no mix.

    One number on either side is one mix, so both above 0 exclude each other; with a list there
    are two sweeps, one of each.
    """
    if len(wn) == len(noise) == 1:
        found = [(wn[0], noise[0])]
    else:
        found = [(part, 0) for part in wn] + [(0, part) for part in noise]
    for part_wn, part_noise in found:
        MultimodalSpec(STAND_IN, wn=part_wn, noise=part_noise)  # raises where it is no mix
    return list(dict.fromkeys(found))


def changes(texts: Iterable[str], what: str) -> Changes:
    """`stem=linear`, `student.tau=2`, `steps=25,40` as changes to a recipe.

    A value is read as TOML, else numbers with commas are a list (`25,` is a list of one), else it
    is text. Whether the recipe has such a setting is not asked here. Raises SpecError, naming
    `what`, for what is no NAME=VALUE, for a setting given twice, and for values no setting has.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, written = (part.strip() for part in text.partition("="))
        if not name or not equals:
            raise SpecError(f"{what} {text}: write NAME=VALUE, such as {what} T_x.stem=linear")
        for other in found:
            if _alike(name, other):
                raise SpecError(f"{what} {other} and {what} {name} say the same: give one of them")
        found[name] = _value(written, f"{what} {text}")
    return frozen_changes(found.items())


def over(usual: Changes, changes: Changes) -> Changes:
    """Those of `usual` that `changes` say nothing about, and `changes`."""
    names = [name for name, _ in changes]
    kept = [one for one in usual if not any(_alike(one[0], name) for name in names)]
    return frozen_changes([*kept, *changes])


def _alike(name: str, other: str) -> bool:
    """Whether both may name one setting: a name may be its last part."""
    return name == other or name.endswith(f".{other}") or other.endswith(f".{name}")


def _value(written: str, where: str) -> Any:
    parts = [part.strip() for part in written.split(",")]
    if (read := _toml(written)) is None and len(parts) > 1:
        numbers = [_toml(part) for part in parts if part]
        if numbers and all(type(number) in (int, float) for number in numbers):
            read = numbers
    _check_plain(written if read is None else read, where)
    return written if read is None else read


def _toml(text: str) -> Any:
    """The TOML value that `text` is, None where it is none (or a date, which no setting is)."""
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # no TOML, a number of thousands of digits, a deep list
        return None
    value = read.get("value")
    return value if len(read) == 1 and isinstance(value, bool | int | float | str | list) else None


def _check_plain(value: Any, where: str) -> None:
    """Raises SpecError for a number that has no exact form in JSON, and for a list in a list."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, list | dict):
            raise SpecError(f"{where}: a list holds numbers or texts")
        if isinstance(one, int | float) and not abs(one) <= LARGEST_NUMBER:
            raise SpecError(f"{where}: {one} is no number that a setting can have")
