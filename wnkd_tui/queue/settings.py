"""A recipe's settings by name, as people change them."""

from dataclasses import dataclass
from typing import Any

from engine.data.registry import KINDS
from engine.recipe import load_recipe, settings_of
from engine.settings import PUBLISHED, Recipe
from wnkd_tui.queue.adding import NO_CHANGE

A_FILE, A_NUMBER = "PATH", "NUMBER"


@dataclass(frozen=True)
class Setting:
    """`base` is the recipe's value for datasets that it says nothing about. `choices`: all that the
    value can be, where that is little; A_FILE and A_NUMBER stand for any such."""

    name: str
    value: Any
    base: Any
    choices: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the dataset has a value of its own."""
        return bool(self.value != self.base)


def settings(recipe: str, dataset: str | None = None) -> list[Setting]:
    """All that a trial may change, in the recipe's order.

    Raises SpecError for an unknown recipe.
    """
    base = dict(settings_of(load_recipe(recipe, "").model_dump()))
    values = settings_of(load_recipe(recipe, dataset or "").model_dump())
    schema = Recipe.model_json_schema()
    return [
        Setting(name, value, base.get(name), _choices(schema, name))
        for name, value in values
        if name not in NO_CHANGE
    ]


def datasets_of(recipe: str) -> list[str]:
    """The kinds of dataset for which the recipe has something of its own."""
    base = load_recipe(recipe, "")
    return [kind for kind in KINDS if load_recipe(recipe, kind) != base]


def written(value: Any) -> str:
    """A value as `NAME=VALUE` takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) + "," * (len(value) == 1) if value else "[]"
    return str(value)


def _choices(schema: dict[str, Any], name: str) -> tuple[str, ...]:
    last = name.rpartition(".")[2]
    if last in PUBLISHED:
        return (*PUBLISHED[last], A_FILE)
    here = schema
    for part in name.split("."):
        here = here.get("properties", {}).get(part, {})
        if reference := here.get("$ref"):
            here = schema["$defs"][reference.rpartition("/")[2]]
    found: list[str] = []
    for one in here.get("anyOf", [here]):
        if one.get("type") == "boolean":
            found += ["true", "false"]
        elif "const" in one or "enum" in one:
            found += one.get("enum", [one.get("const")])
        elif here is not one:
            found.append(A_NUMBER)
    return tuple(found)
