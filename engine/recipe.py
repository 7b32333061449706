"""Recipes: the numbers of a run, read from TOML and checked. Code holds no such number.

A recipe file has base tables and, under `[datasets.NAME]`, what differs for one dataset.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from engine.changes import Changes, frozen_changes
from engine.errors import SpecError
from engine.recipes import recipe_names, recipe_text
from engine.settings import Recipe

POLICIES = ("weak", "strong")


@cache
def load_recipe(name: str, dataset: str) -> Recipe:
    """The recipe `name` as it applies to `dataset`. Raises SpecError for an unknown or bad one."""
    if name not in recipe_names():
        raise SpecError(f"unknown recipe {name!r}; known: {', '.join(recipe_names())}")
    return parse_recipe(recipe_text(name), dataset, where=f"recipe {name}")


def parse_recipe(text: str, dataset: str, *, where: str) -> Recipe:
    """A recipe from TOML text. Raises SpecError in one line that names table, key and fault."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, deep lists
        raise SpecError(f"{where}: not TOML: {error}") from None
    overrides = tables.pop("datasets", {})
    if not (isinstance(overrides, dict) and isinstance(overrides.get(dataset, {}), dict)):
        raise SpecError(f"{where}: datasets: write a table [datasets.NAME]")
    return _validated(_merged(tables, overrides.get(dataset, {})), where)


def settled(recipe: Recipe, changes: Changes) -> Changes:
    """`changes` in their one form: whole names, values as the recipe has them, none without effect.

    A name may be its last part where only one setting has it: `stem` is T_x.stem. Raises SpecError
    for an unknown or ambiguous name and for a value that the setting cannot have.
    """
    known = dict(settings_of(recipe.model_dump()))
    named = frozen_changes((_whole_name(name, known), value) for name, value in changes)
    after = dict(settings_of(changed(recipe, named).model_dump()))
    return frozen_changes((name, after[name]) for name, _ in named if after[name] != known[name])


def changed(recipe: Recipe, changes: Changes) -> Recipe:
    """The recipe with `changes`, whole names. Raises SpecError for a value that it cannot have."""
    tables = recipe.model_dump()
    for name, value in changes:
        *path, last = name.split(".")
        table = tables
        for part in path:
            table = table[part]
        is_float = isinstance(table.get(last), float) and type(value) is int
        listed = list(value) if isinstance(value, tuple) else value
        table[last] = float(value) if is_float and isinstance(value, int) else listed
    return _validated(tables, "change")


def settings_of(tables: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting of a recipe as (dotted name, value)."""
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from settings_of(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _whole_name(name: str, known: Mapping[str, Any]) -> str:
    found = [name] if name in known else [one for one in known if one.endswith(f".{name}")]
    if not found:
        raise SpecError(f"no setting {name!r}: wnkd recipe show NAME lists a recipe's settings")
    if len(found) > 1:
        raise SpecError(f"{name!r} may be {', '.join(found)}: give the whole name")
    return found[0]


def _validated(tables: dict[str, Any], where: str) -> Recipe:
    try:
        return Recipe.model_validate(tables)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise SpecError(f"{where}: {place}: {message}") from None


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, table by table; an augmentation policy is replaced as a whole."""
    out = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _merged(out[key], value) if both and key not in POLICIES else value
    return out
