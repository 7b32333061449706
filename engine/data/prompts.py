"""A person's own prompts for classes: a CSV with the columns class and prompt."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from engine.data import table
from engine.data.base import Prompts
from engine.errors import DataError

COLUMNS = ("class", "prompt")


def read(path: Path, classes: Sequence[str]) -> Prompts:
    """Prompts by class, in order of classes and of the file; a class may have several or none.

    Raises DataError, with the line's number, for a class that the dataset has not and for an empty
    prompt; and for a file without any.
    """
    names = {unicodedata.normalize("NFC", name): name for name in classes}
    found: dict[str, list[str]] = {name: [] for name in classes}
    for line, name, prompt in table.rows(path, COLUMNS):
        known = names.get(unicodedata.normalize("NFC", name))
        if known is None:
            raise DataError(f"{path} line {line}: {name!r} is none of the {len(classes)} classes")
        if not prompt:
            raise DataError(f"{path} line {line}: no prompt for {name}")
        found[known].append(prompt)
    prompts = {name: tuple(texts) for name, texts in found.items() if texts}
    if not prompts:
        raise DataError(f"{path}: no prompts in it")
    return prompts
