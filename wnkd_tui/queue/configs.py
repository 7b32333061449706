"""Configurations that a person saved: what the form held, each in a file of the home.

TOML of plain texts, so that one can read, edit and copy it. What is empty is left out.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from engine.durable import replacing
from engine.errors import SpecError
from engine.spec import Method, Modality, Teachers, ValidationText
from wnkd_tui import toml_file
from wnkd_tui.home import Home
from wnkd_tui.queue.adding import TrialRequest
from wnkd_tui.queue.fields import Fields, read

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TEXTS = ("dataset", "recipe", "encoder", "wn", "noise", "seeds", "limit_train", "changes")


@dataclass(frozen=True)
class Saved:
    """A configuration; `fields` is a line that says why where its file cannot be read. `at` is when
    it was saved last, in UTC seconds."""

    name: str
    fields: Fields | str
    at: float


def save(home: Home, name: str, config: Fields) -> None:
    """Keeps `config` under `name`; one that has the name is replaced. Raises SpecError for what is
    no name."""
    path = _path(home, name)
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as file:
        file.write(_written(config).encode())


def load(home: Home, name: str) -> Fields:
    """Raises SpecError where there is none of that name, or its file cannot be read."""
    path = _path(home, name)
    try:
        table = toml_file.read(path, SpecError)
    except FileNotFoundError:
        known = ", ".join(sorted(one.stem for one in path.parent.glob("*.toml"))) or "none yet"
        raise SpecError(f"no configuration {name!r}; saved: {known}") from None
    try:
        return _read(table)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None


def request(home: Home, name: str) -> TrialRequest:
    """What it asks for. Raises SpecError, which names it, as `load` and `fields.read` do."""
    config = load(home, name)
    try:
        return read(config)
    except SpecError as error:
        raise SpecError(f"configuration {name}: {error}") from None


def saved(home: Home) -> list[Saved]:
    """All of them, the one saved last first."""
    found = []
    for path in home.configurations.glob("*.toml"):
        try:
            config: Fields | str = load(home, path.stem)
        except SpecError as error:
            config = str(error)
        found.append(Saved(path.stem, config, path.stat().st_mtime))
    return sorted(found, key=lambda one: (-one.at, one.name))


def clone(home: Home, name: str) -> str:
    """Saves a configuration again; the new name, which ends in a number that is free."""
    config = load(home, name)
    base = re.sub(r"-\d+$", "", name)[:60]
    number = 2
    while _path(home, f"{base}-{number}").exists():
        number += 1
    save(home, f"{base}-{number}", config)
    return f"{base}-{number}"


def delete(home: Home, name: str) -> None:
    """Forgets it; what was queued from it stays."""
    _path(home, name).unlink(missing_ok=True)


def told(config: Fields) -> str:
    """It in a line: `cifar100 paper · T_x, T_m+T_x · wn 0,50 · seeds 3`."""
    parts = [
        f"{config.dataset or 'dataset used last'} {config.recipe}".strip(),
        ", ".join(str(one) for one in config.teachers),
        f"wn {config.wn}" if config.wn else "",
        f"noise {config.noise}" if config.noise else "",
        f"seeds {config.seeds}",
        config.encoder,
        config.changes,
    ]
    return " · ".join(part for part in parts if part)


def _path(home: Home, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise SpecError(f"{name!r} is no name: letters, digits, - _ and ., at most 64")
    return home.configurations / f"{name}.toml"


def _written(config: Fields) -> str:
    """A JSON text is a TOML text too, but for one sign."""
    lines = (
        f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007F")
        for name, value in asdict(config).items()
        if value is not None and (value != "" or getattr(Fields(), name) != "")
    )
    return "\n".join(lines) + "\n"


def _read(table: Mapping[str, Any]) -> Fields:
    """Raises SpecError for what the form does not have."""
    for name in table.keys() - {field.name for field in fields(Fields)}:
        raise SpecError(f"unknown field {name!r}")
    for name in table.keys() & set(_TEXTS):
        if not isinstance(table[name], str):
            raise SpecError(f"{name} must be a text, got {toml_file.shown(table[name])}")
    kinds = {"modality": Modality, "method": Method, "val_text": ValidationText}
    try:
        chosen = {name: kind(table[name]) for name, kind in kinds.items() if name in table}
        if "teachers" in table:
            chosen["teachers"] = tuple(Teachers(one) for one in table["teachers"])  # type: ignore[assignment]
    except (ValueError, TypeError) as error:
        raise SpecError(str(error)) from None
    return replace(Fields(), **{**table, **chosen})
