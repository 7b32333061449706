"""Recipes: the numbers of a run, read from TOML and checked. Code holds no such number.

A recipe file has base tables and, under `[datasets.NAME]`, what differs for one dataset.
"""

import tomllib
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import SpecError

POLICIES = ("weak", "strong")
Positive = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]


class Table(BaseModel):
    """A part of a recipe: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Optimiser(Table):
    """SGD and its schedule. `steps` are the epochs after which lr falls to a tenth."""

    epochs: Positive
    batch: Positive
    lr: Annotated[float, Field(gt=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)]
    nesterov: bool
    weight_decay: NonNegative
    schedule: Literal["steps", "cosine", "onecycle"]
    steps: list[Positive] = []
    warmup_epochs: Annotated[int, Field(ge=0)]


class RelaxRecipe(Table):
    """Algorithm 1. `clusters` is M, or "tac" for TAC's rule max(N/300, 3·C)."""

    nouns: Literal["distinct", "tac"]
    exclude_class_names: bool
    clusters: Positive | Literal["tac"]
    per_centre: Positive
    restarts: Positive
    iterations: Positive
    temperature: Annotated[float, Field(gt=0)]


class TeacherRecipe(Table):
    """T_1s and T_2w."""

    arch: str
    optimiser: Optimiser


class MultimodalRecipe(Table):
    """T_x. Weight decay of the bank is apart from that of the network."""

    stem: Literal["conv1_replace", "linear", "mlp"]
    optimiser: Optimiser
    bank_weight_decay: NonNegative
    lambda_hier: NonNegative
    lambda_cosreg: NonNegative
    text_update: Literal["learned", "fixed"]


class StudentRecipe(Table):
    """S_s and equations 2 and 3."""

    arch: str
    optimiser: Optimiser
    tau: Annotated[float, Field(gt=0)]
    lam: NonNegative


class AttributionRecipe(Table):
    """IntegratedGradients on T_x. `samples` 0 is the whole validation set."""

    steps: Positive
    samples: Annotated[int, Field(ge=0)]


class Recipe(Table):
    """All of a run's numbers for one dataset. Augmentation policies are read by engine.augment."""

    summary: str
    encoder: str
    cpu_threads: Positive
    precision: Literal["fp32", "bf16"]
    relax: RelaxRecipe
    teacher: TeacherRecipe
    T_x: MultimodalRecipe
    student: StudentRecipe
    attribution: AttributionRecipe
    augment: dict[Literal["weak", "strong"], dict[str, Any]]


def recipe_names() -> list[str]:
    """Names of the shipped recipes, sorted."""
    files = resources.files("engine.recipes").iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


@cache
def load_recipe(name: str, dataset: str) -> Recipe:
    """The recipe `name` as it applies to `dataset`. Raises SpecError for an unknown or bad one."""
    if name not in recipe_names():
        raise SpecError(f"unknown recipe {name!r}; known: {', '.join(recipe_names())}")
    text = resources.files("engine.recipes").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return parse_recipe(text, dataset, where=f"recipe {name}")


def parse_recipe(text: str, dataset: str, *, where: str) -> Recipe:
    """A recipe from TOML text. Raises SpecError in one line that names table, key and fault."""
    try:
        tables = tomllib.loads(text)
        overrides = tables.pop("datasets", {})
        return Recipe.model_validate(_merged(tables, overrides.get(dataset, {})))
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{where}: not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SpecError(f"{where}: {place}: {first['msg']}") from None


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, table by table; an augmentation policy is replaced as a whole."""
    out = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _merged(out[key], value) if both and key not in POLICIES else value
    return out
